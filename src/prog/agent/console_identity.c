#include "prog/agent/console_identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/certificate.h"
#include "codec/join_token.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "codec/mac.h"

#define PAUSE_LEAST_NS SECOND_NS
#define PAUSE_MOST_NS (300 * SECOND_NS)
#define RENEW_PAUSE_NS (3600 * SECOND_NS)
#define ANSWER_MAX ((size_t)256 << 10)
#define FILE_MAX_BYTES ((uint64_t)64 << 10)
enum { ANSWER_S = 30, PATH_BYTES = 512, SUM_TEXT = 2 * SHA256_BYTES + 1 };

enum step { STEP_IDLE, STEP_CA, STEP_ENROLL, STEP_RENEW };

struct console_identity {
	struct console_identity_config c;
	char folder[PATH_BYTES], ca[PATH_BYTES + 16], pem[PATH_BYTES + 16];
	char token_file[PATH_BYTES + 16], request_file[PATH_BYTES + 16];
	struct join_token token;
	bool has_token, token_used; /* used: what we hold came by it */
	char token_sum[SUM_TEXT];
	char node[1024]; /* JSON, gathered while files may be read */
	bool ready, renew, ca_known;
	struct certificate_facts facts;
	struct http_options http, blind; /* blind: before the authority is known */
	enum step step;
	struct http_flow *flow;
	struct buf answer, body, request; /* request: key and CSR of the one on its way */
	uint64_t now_ns, next_ns, pause_ns, next_renew_ns;
};

static void trouble(struct console_identity *i, const char *why)
{
	i->c.on_trouble(i->c.ctx, why);
}

/* Half to whole of the pause, so that a thousand agents do not come back at once. */
static uint64_t jitter(uint64_t pause_ns)
{
	uint32_t r = 0;

	(void)!random_bytes(&r, sizeof(r), NULL);
	return pause_ns / 2 + pause_ns / 2 * (r % 1024) / 1024;
}

static void retry(struct console_identity *i, const char *why)
{
	trouble(i, why);
	i->step = STEP_IDLE;
	i->pause_ns = i->pause_ns ? MIN(2 * i->pause_ns, PAUSE_MOST_NS) : PAUSE_LEAST_NS;
	i->next_ns = i->now_ns + jitter(i->pause_ns);
}

static int write_secret(const char *path, str text, struct err *e)
{
	return file_write_atomic(AT_FDCWD, path, text, 0600, e);
}

/* ---- What is on disk ---- */

static int load_certificate(struct console_identity *i)
{
	OWNED_BUF text = BUF_INIT;
	struct certificate *c = NULL;
	struct certificate_key *k = NULL;
	int r = file_read(AT_FDCWD, i->pem, FILE_MAX_BYTES, &text, NULL);

	if (r == 0)
		r = certificate_parse(buf_str(&text), &c, NULL);
	if (r == 0)
		r = certificate_key_parse(buf_str(&text), &k, NULL);
	if (r == 0 && !certificate_is_of(c, k))
		r = -EBADMSG;
	if (r == 0)
		certificate_read(c, &i->facts);
	certificate_free(c);
	certificate_key_free(k);
	return r;
}

static void load(struct console_identity *i)
{
	OWNED_BUF sum = BUF_INIT;

	i->ready = load_certificate(i) == 0 && (i->c.ca_file || access(i->ca, R_OK) == 0);
	if (i->has_token && file_read(AT_FDCWD, i->token_file, SUM_TEXT, &sum, NULL) == 0)
		i->token_used = i->ready && str_is(str_trim(buf_str(&sum)), i->token_sum);
}

/* ---- The node ---- */

static str first_line(const char *root, const char *path, struct buf *b)
{
	char whole[PATH_BYTES];

	snprintf(whole, sizeof(whole), "%s%s", root ? root : "", path);
	buf_reset(b);
	if (file_read(AT_FDCWD, whole, FILE_MAX_BYTES, b, NULL) < 0)
		return (str){ 0 };
	return str_trim(str_take(buf_str(b), str_find(buf_str(b), '\n')));
}

static str os_name(const char *root, struct buf *b)
{
	const str key = S("PRETTY_NAME=");
	str rest;

	(void)first_line(root, "/etc/os-release", b);
	rest = buf_str(b);
	while (rest.n) {
		str line = str_line(&rest);

		if (str_starts(line, key)) {
			line = str_skip(line, key.n);
			if (line.n >= 2 && line.p[0] == '"')
				line = str_take(str_skip(line, 1), line.n - 2);
			return str_take(line, 128);
		}
	}
	return (str){ 0 };
}

static void gather_node(struct console_identity *i)
{
	OWNED_BUF out = BUF_INIT, file = BUF_INIT;
	struct utsname u = { 0 };
	struct json_out j;

	uname(&u);
	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_cstr(&j, "name", u.nodename);
	json_opt_str(&j, "machineId",
		     str_take(first_line(i->c.root, "/etc/machine-id", &file), 64));
	json_put_cstr(&j, "kernel", u.release);
	json_opt_str(&j, "os", os_name(i->c.root, &file));
	json_put_cstr(&j, "version", SKEP_VERSION);
	json_object_close(&j);
	snprintf(i->node, sizeof(i->node), "%s", out.n < sizeof(i->node) ? buf_cstr(&out) : "{}");
}

/* ---- Requests ---- */

/** A new key and a request for its certificate. */
static int make_request(struct console_identity *i, struct err *e)
{
	struct certificate_key *k = NULL;
	int r = certificate_key_generate(&k, e);

	buf_reset(&i->request);
	if (r == 0)
		r = certificate_key_render(k, &i->request, e);
	if (r == 0)
		r = certificate_request_make(k, "agent", &i->request, e);
	certificate_key_free(k);
	return r < 0 ? r : buf_error(&i->request);
}

/** Enrolling again after a crash the request is the same, which the console knows. */
static int take_request(struct console_identity *i, struct err *e)
{
	str kept;
	int r;

	buf_reset(&i->request);
	r = file_read(AT_FDCWD, i->request_file, FILE_MAX_BYTES, &i->request, NULL);
	kept = buf_str(&i->request);
	if (r == 0 && str_starts(kept, str_from(i->token_sum))) {
		size_t n = kept.n - (SUM_TEXT - 1);

		memmove(i->request.p, i->request.p + SUM_TEXT - 1, n);
		i->request.n = n;
		return 0;
	}
	r = make_request(i, e);
	if (r == 0) {
		OWNED_BUF text = BUF_INIT;

		buf_add(&text, str_from(i->token_sum));
		buf_add(&text, buf_str(&i->request));
		r = buf_error(&text) ? -ENOMEM : write_secret(i->request_file, buf_str(&text), e);
	}
	return r;
}

static str csr_of(const struct console_identity *i)
{
	str all = buf_str(&i->request);

	return str_skip(all, str_search(all, S("-----BEGIN CERTIFICATE REQUEST")));
}

static int collect(void *ctx, str bytes)
{
	struct console_identity *i = ctx;

	buf_add(&i->answer, bytes);
	return buf_error(&i->answer);
}

static void on_end(void *ctx, int result, int status);

static void send(struct console_identity *i, const struct http_options *o, const char *path,
		 enum step step)
{
	static const char *const headers[] = { "Skep-Agent-Protocol: 1",
					       "Content-Type: application/json", "Expect:", NULL };
	char url[PATH_BYTES];
	struct http_flow_request q = { .url = url,
				       .headers = headers,
				       .body = buf_str(&i->body),
				       .max_body = ANSWER_MAX,
				       .total_s = ANSWER_S,
				       .on_body = collect,
				       .on_end = on_end,
				       .ctx = i };
	struct err e = { 0 };

	snprintf(url, sizeof(url), "%s/agent/v1/%s", i->c.url, path);
	buf_reset(&i->answer);
	i->step = step;
	if (http_flow_start(i->c.flows, o, &q, &i->flow, &e) < 0)
		retry(i, e.text);
}

static void ask_ca(struct console_identity *i)
{
	buf_reset(&i->body);
	send(i, &i->blind, "ca", STEP_CA);
}

static void ask_certificate(struct console_identity *i, bool renew)
{
	struct err e = { 0 };
	struct json_out j;
	int r = renew ? make_request(i, &e) : take_request(i, &e);

	if (r < 0) {
		retry(i, e.text[0] ? e.text : strerror(-r));
		return;
	}
	buf_reset(&i->body);
	json_out_init(&j, &i->body, false);
	json_object_open(&j);
	if (!renew) {
		OWNED_BUF token = BUF_INIT;

		join_token_render(&i->token, &token);
		json_put_str(&j, "token", buf_str(&token));
	}
	json_put_str(&j, "csr", csr_of(i));
	json_object_close(&j);
	/* The node is JSON already. */
	if (!renew && !buf_error(&i->body)) {
		i->body.n--;
		buf_printf(&i->body, ",\"node\":%s}", i->node);
	}
	send(i,
	     renew ? &i->http
		   : &(struct http_options){ .only_ca_file = i->http.only_ca_file,
					     .stall_s = ANSWER_S },
	     renew ? "renew" : "enroll", renew ? STEP_RENEW : STEP_ENROLL);
}

/* ---- Answers ---- */

static int take_ca(struct console_identity *i, struct err *e)
{
	struct certificate *c = NULL;
	struct certificate_facts f;
	int r = certificate_parse(buf_str(&i->answer), &c, e);

	if (r < 0)
		return r;
	certificate_read(c, &f);
	certificate_free(c);
	if (memcmp(f.digest, i->token.authority, sizeof(f.digest)) != 0)
		return err_set(e, EACCES,
			       "who answers is not the console that made the token; not enrolling");
	r = i->c.ca_file ? 0 : write_secret(i->ca, buf_str(&i->answer), e);
	i->ca_known = r == 0;
	return r;
}

/* One that a console with a wrong clock made would lock us out when its clock is right again: what we have is better. */
static int check_time(const struct certificate *c, struct err *e)
{
	struct certificate_facts f;
	int64_t now = (int64_t)time(NULL);

	certificate_read(c, &f);
	if (now < f.from_s || now > f.to_s)
		return err_set(e, EBADMSG,
			       "by our clock the certificate the console made is not valid: one of "
			       "the two clocks is wrong");
	return 0;
}

/** The certificate must be for our key: then it and the key replace what we had. */
static int take_certificate(struct console_identity *i, struct err *e)
{
	OWNED_BUF whole = BUF_INIT;
	struct certificate_key *k = NULL;
	struct certificate *c = NULL;
	struct value v;
	struct arena a;
	str pem;
	int r;

	arena_init(&a, (size_t)4 << 20);
	r = json_parse(buf_str(&i->answer), &a, &v, e);
	pem = r == 0 ? value_get_str(&v, "certificate") : (str){ 0 };
	if (r == 0)
		r = certificate_parse(pem, &c, e);
	if (r == 0)
		r = certificate_key_parse(buf_str(&i->request), &k, e);
	if (r == 0 && !certificate_is_of(c, k))
		r = err_set(e, EBADMSG, "the console's certificate is not for our key");
	if (r == 0)
		r = check_time(c, e);
	if (r == 0) {
		buf_add(&whole, pem);
		r = certificate_key_render(k, &whole, e);
	}
	if (r == 0 && i->step == STEP_ENROLL)
		r = write_secret(i->token_file, str_from(i->token_sum), e);
	if (r == 0)
		r = write_secret(i->pem, buf_str(&whole), e);
	certificate_key_free(k);
	certificate_free(c);
	arena_done(&a);
	return r;
}

static void done(struct console_identity *i)
{
	bool enrolled = i->step == STEP_ENROLL;

	i->step = STEP_IDLE;
	i->pause_ns = 0;
	i->renew = false;
	i->next_renew_ns = i->now_ns + RENEW_PAUSE_NS;
	if (enrolled) {
		i->token_used = true;
		(void)unlink(i->request_file);
	}
	i->ready = load_certificate(i) == 0;
	trouble(i, i->ready ? "" : "the certificate could not be kept");
}

static void say_status(struct console_identity *i, int result, int status)
{
	char why[160];

	if (result < 0)
		snprintf(why, sizeof(why), "%s", http_flow_failure(result));
	else if (status == 403 && i->step == STEP_ENROLL)
		snprintf(
			why, sizeof(why),
			"it refuses the token: unknown, used or expired; give another by --enroll");
	else if (status == 403)
		snprintf(why, sizeof(why), "it refuses this agent: its certificate is revoked");
	else
		snprintf(why, sizeof(why), "it answers %d", status);
	retry(i, why);
}

static void on_end(void *ctx, int result, int status)
{
	struct console_identity *i = ctx;
	struct err e = { 0 };
	int r = 0;

	i->flow = NULL;
	if (result < 0 || status != 200) {
		if (i->step == STEP_RENEW)
			i->next_renew_ns = i->now_ns + jitter(RENEW_PAUSE_NS);
		say_status(i, result, status);
		return;
	}
	if (i->step == STEP_CA) {
		r = take_ca(i, &e);
		if (r == 0)
			ask_certificate(i, false);
	} else {
		r = take_certificate(i, &e);
		if (r == 0)
			done(i);
	}
	if (r < 0)
		retry(i, e.text[0] ? e.text : strerror(-r));
}

/* ---- Life ---- */

static bool is_due(const struct console_identity *i)
{
	int64_t life = i->facts.to_s - i->facts.from_s;

	return i->renew || (int64_t)time(NULL) > i->facts.from_s + life / 3 * 2;
}

void console_identity_tick(struct console_identity *i, uint64_t now_ns)
{
	i->now_ns = now_ns;
	if (i->flow || now_ns < i->next_ns)
		return;
	if (i->has_token && !i->token_used)
		ask_ca(i);
	else if (i->ready && is_due(i) && (i->renew || now_ns >= i->next_renew_ns))
		ask_certificate(i, true);
}

const struct http_options *console_identity_http(const struct console_identity *i)
{
	return i->ready && !(i->has_token && !i->token_used) ? &i->http : NULL;
}

void console_identity_renew(struct console_identity *i)
{
	i->renew = i->ready;
}

static int take_token(struct console_identity *i, struct err *e)
{
	uint8_t sum[SHA256_BYTES];
	int r;

	if (!i->c.token)
		return 0;
	r = join_token_parse(str_from(i->c.token), &i->token, e);
	if (r < 0)
		return err_wrap(e, -EINVAL, "--enroll");
	sha256_of((str){ (const char *)i->token.secret, sizeof(i->token.secret) }, sum);
	hex_render(sum, sizeof(sum), i->token_sum);
	i->has_token = true;
	return 0;
}

static int wants_token(struct err *e)
{
	return err_set(e, EINVAL,
		       "no token to join with: give one by --enroll (the console's page of "
		       "agents makes them)");
}

int console_identity_check(const char *state, struct err *e)
{
	char path[PATH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/agent/identity.pem", state);
	return access(path, F_OK) < 0 && errno == ENOENT ? wants_token(e) : 0;
}

int console_identity_new(const struct console_identity_config *c, struct console_identity **ret,
			 struct err *e)
{
	struct console_identity *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return err_sys(e, ENOMEM, "console");
	i->c = *c;
	i->answer.max = ANSWER_MAX;
	snprintf(i->folder, sizeof(i->folder), "%s/agent", c->state);
	snprintf(i->ca, sizeof(i->ca), "%s/ca.pem", i->folder);
	snprintf(i->pem, sizeof(i->pem), "%s/identity.pem", i->folder);
	snprintf(i->token_file, sizeof(i->token_file), "%s/token", i->folder);
	snprintf(i->request_file, sizeof(i->request_file), "%s/request.pem", i->folder);
	i->blind = (struct http_options){ .insecure = true, .stall_s = ANSWER_S };
	i->http = (struct http_options){ .only_ca_file = c->ca_file ? c->ca_file : i->ca,
					 .client_cert = i->pem,
					 .client_key = i->pem,
					 .stall_s = ANSWER_S };
	r = take_token(i, e);
	if (r == 0)
		r = file_make_dirs(i->folder, 0700, e);
	if (r == 0) {
		load(i);
		gather_node(i);
	}
	if (r == 0 && !i->ready && !i->has_token)
		r = wants_token(e);
	if (r < 0) {
		console_identity_free(i);
		return r;
	}
	*ret = i;
	return 0;
}

void console_identity_free(struct console_identity *i)
{
	if (!i)
		return;
	http_flow_stop(i->flow);
	buf_done(&i->answer);
	buf_done(&i->body);
	buf_done(&i->request);
	free(i);
}

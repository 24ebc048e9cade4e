#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "codec/digest.h"
#include "prog/agent/output.h"
#include "wire/http_flow.h"
#include "wire/outbox.h"
#include "wire/tls.h"
#include "wire/url.h"

/* Alerts wait on disk as JSON; one request at a time takes a batch, and what is answered by 2xx is forgotten. */
enum { HEADERS_MAX = 32, HEADERS_MAX_BYTES = 64 << 10, ANSWER_MAX = 1 << 20, ANSWER_S = 30 };

struct headers {
	struct arena arena;
	const char *list[HEADERS_MAX + 2]; /* NULL-terminated */
};

struct hook {
	struct output head;
	struct http_options http;
	const char *url;
	char *origin; /* of the URL; its path may be a secret */
	const char *folder, *ca_file;
	struct headers headers;
	struct http_flows *flows;
	struct http_flow *flow;
	struct outbox *box;
	struct buf body;
	size_t batch_max; /* alerts a request may hold */
	unsigned int retry_after_s;
	uint64_t lost; /* of the outbox, as it was told */
};

static void close_hook(struct output *o)
{
	struct hook *h = (struct hook *)o;

	http_flow_stop(h->flow);
	http_flows_free(h->flows);
	outbox_close(h->box);
	buf_done(&h->body);
	arena_done(&h->headers.arena);
	free(h->origin);
	free(h);
}

/* RFC 9110: a token, a colon, and no control characters but tabs behind it. */
static bool is_header(str line)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	size_t name = str_find(line, ':');

	for (size_t i = 0; i < name; i++)
		if (!memchr(marks, line.p[i], sizeof(marks) - 1) &&
		    !isalnum((unsigned char)line.p[i]))
			return false;
	for (size_t i = name; i < line.n; i++)
		if (iscntrl((unsigned char)line.p[i]) && line.p[i] != '\t')
			return false;
	return name > 0 && name < line.n;
}

/** "Name: value" lines; empty ones and those that begin with '#' are passed over. @param ret  its arena is the caller's to end */
static int read_headers(const char *path, struct headers *ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	size_t n = 0;
	unsigned int no = 0;
	str rest;
	int r;

	arena_init(&ret->arena, (size_t)1 << 20);
	ret->list[n++] = "Content-Type: application/json";
	if (!path || !path[0])
		return 0;
	r = file_read(AT_FDCWD, path, HEADERS_MAX_BYTES, &text, e);
	if (r < 0)
		return err_wrap(e, -EINVAL, "--webhook-headers");
	for (rest = buf_str(&text); rest.n;) {
		str line = str_trim(str_line(&rest));

		no++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		/* Never the line itself: it is a secret. */
		if (!is_header(line))
			return err_set(
				e, EINVAL,
				"--webhook-headers: '%s' line %u is no \"Name: value\": mend "
				"it, or begin it with #",
				path, no);
		if (n > HEADERS_MAX)
			return err_set(e, EINVAL,
				       "--webhook-headers: '%s' has more than %d headers", path,
				       HEADERS_MAX);
		ret->list[n] = arena_str(&ret->arena, line).p;
		if (!ret->list[n++])
			return err_sys(e, ENOMEM, "'%s'", path);
	}
	return 0;
}

static int split(const char *url, struct url *ret, struct err *e)
{
	if (!url_split(str_from(url), ret) ||
	    !(str_eq_nocase(ret->scheme, S("https")) || str_eq_nocase(ret->scheme, S("http"))))
		return err_set(e, EINVAL, "give https://HOST/PATH");
	return 0;
}

static int check(const struct option_set *o, struct err *e)
{
	const char *ca = option_text(o, "webhook-ca");
	struct headers headers = { 0 };
	struct url u;
	int r = read_headers(option_text(o, "webhook-headers"), &headers, e);

	arena_done(&headers.arena);
	for (const char *const *url = option_list(o, "webhook", NULL); *url && r == 0; url++)
		if (split(*url, &u, e) < 0)
			r = option_blame(o, "webhook", e);
	if (r == 0 && ca && ca[0]) {
		struct tls_context *tls = NULL;

		r = tls_context_new(&(struct tls_options){ .ca_file = ca }, &tls, e);
		tls_context_free(tls);
		if (r < 0 && r != -ENOMEM)
			r = option_blame(o, "webhook-ca", e);
	}
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

static int take_url(struct hook *h, const char *url, struct err *e)
{
	struct url u;
	int r = split(url, &u, e);

	if (r < 0)
		return r;
	if (asprintf(&h->origin, "%.*s://%.*s%s%.*s", STR_ARG(u.scheme), STR_ARG(u.host),
		     u.port.n ? ":" : "", STR_ARG(u.port)) < 0) {
		h->origin = NULL;
		return err_sys(e, ENOMEM, "webhook");
	}
	h->url = url;
	return 0;
}

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	return outbox_add(((struct hook *)o)->box, a->json, e);
}

static void on_end(void *ctx, int result, int status)
{
	struct hook *h = ctx;
	struct outbox_result r = { .retry_after_s = h->retry_after_s };

	h->flow = NULL;
	if (result == 0 && status / 100 == 2)
		r.verdict = OUTBOX_SENT;
	else if (result == 0 && (status == 400 || status == 413 || status == 415 || status == 422))
		outbox_result_set(&r, OUTBOX_REFUSED, "it refuses an alert (%d)", status);
	else if (result == 0)
		outbox_result_set(&r, OUTBOX_AGAIN, "it answers %d; trying again", status);
	else
		outbox_result_set(&r, OUTBOX_AGAIN, "%s; trying again", http_flow_failure(result));
	outbox_done(h->box, &r);
}

/** One object, or an array when more than one may go at once. */
static int send_lines(void *ctx, const str *lines, size_t count, struct err *e)
{
	struct hook *h = ctx;
	const bool is_array = h->batch_max > 1;
	struct http_flow_request q = { .url = h->url,
				       .headers = h->headers.list,
				       .max_body = ANSWER_MAX,
				       .total_s = ANSWER_S,
				       .on_end = on_end,
				       .ret_retry_after_s = &h->retry_after_s,
				       .ctx = h };

	buf_reset(&h->body);
	for (size_t i = 0; i < count; i++) {
		if (is_array)
			buf_byte(&h->body, i ? ',' : '[');
		buf_add(&h->body, lines[i]);
	}
	if (is_array)
		buf_byte(&h->body, ']');
	if (buf_error(&h->body))
		return err_set(e, ENOMEM, "no memory for a request");
	q.body = buf_str(&h->body);
	h->retry_after_s = 0;
	return http_flow_start(h->flows, &h->http, &q, &h->flow, e);
}

static int open_box(struct hook *h, const char *name, uint64_t max_bytes, struct err *e)
{
	return outbox_open(&(struct outbox_options){ .dir = h->folder,
						     .name = name,
						     .max_bytes = max_bytes,
						     .batch_lines = h->batch_max,
						     .send = send_lines,
						     .ctx = h },
			   &h->box, e);
}

static int open_one(struct output **list, const struct option_set *o, const char *url,
		    struct err *e)
{
	struct hook *h = calloc(1, sizeof(*h));
	uint8_t sum[SHA256_BYTES];
	char name[32] = "webhook-";
	int r;

	if (!h)
		return err_sys(e, ENOMEM, "webhook");
	sha256_of(str_from(url), sum);
	hex_render(sum, 8, name + strlen(name));
	h->batch_max = (size_t)MAX(option_number(o, "webhook-batch", 100), 1);
	h->folder = option_text(o, "spool");
	h->ca_file = h->http.ca_file = option_text(o, "webhook-ca");
	h->http.stall_s = ANSWER_S;
	r = take_url(h, url, e);
	if (r == 0)
		r = read_headers(option_text(o, "webhook-headers"), &h->headers, e);
	if (r == 0)
		r = http_flows_new(&h->flows, e);
	if (r == 0)
		r = open_box(h, name, option_number(o, "spool-size", 0), e);
	if (r < 0) {
		close_hook(&h->head);
		return r;
	}
	output_add(list, &h->head, &output_webhook, h->origin);
	return 0;
}

static int open_hooks(struct output **list, const struct option_set *o, struct err *e)
{
	int r = 0;

	for (const char *const *u = option_list(o, "webhook", NULL); *u && r == 0; u++)
		r = open_one(list, o, *u, e);
	return r;
}

static void tick(struct output *o, uint64_t now_ns)
{
	struct hook *h = (struct hook *)o;
	struct outbox_figures f;

	http_flows_work(h->flows);
	outbox_work(h->box, now_ns);
	f = outbox_figures(h->box);
	o->told = f.sent;
	o->lost += f.lost + f.refused - h->lost;
	h->lost = f.lost + f.refused;
	o->waiting = f.waiting;
	if (f.why[0])
		output_fails(o, f.why);
	else
		output_works(o);
}

static int fd(const struct output *o, short *ret_events)
{
	*ret_events = POLLIN;
	return http_flows_fd(((const struct hook *)o)->flows);
}

static void places(const struct output *o, struct output_places *p)
{
	output_place(p, ((const struct hook *)o)->ca_file, false);
	output_place(p, ((const struct hook *)o)->folder, true);
}

const struct output_kind output_webhook = {
	.name = "webhook",
	.check = check,
	.open = open_hooks,
	.tell = tell,
	.tick = tick,
	.fd = fd,
	.places = places,
	.close = close_hook,
};

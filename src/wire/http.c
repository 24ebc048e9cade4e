#include "wire/http.h"

#include <curl/curl.h>

#include "base/clock.h"
#include "wire/http_priv.h"
#include "wire/reach.h"
#include "wire/url.h"

#define HEADER_BYTES_MAX (64u << 10)
#define ERROR_BODY_MAX (64u << 10)
#define ERROR_BODY_READ_MAX (1u << 20)
#define STALL_MIN_BYTES 1024
#define STALL_DEFAULT_S 30

struct http_client {
	CURL *curl;
	bool insecure;
	bool is_unix;
	unsigned int stall_s;
	unsigned int max_redirects;
	const struct networks *reach;
	bool refused; /* an address was out of reach */
	char detail[CURL_ERROR_SIZE];
};

/* One request and its answer, without redirects. */
struct exchange {
	struct http_client *client;
	const struct http_request *q;
	struct http_response *r;
	struct err *e;
	char *url; /* where the redirects have led */
	struct curl_slist *headers;
	char range[32];
	int ended;    /* what a callback refused with; curl only reports that one did */
	bool enough;  /* an error's body was cut on purpose */
	bool started; /* the body began */
	bool stalled;
	uint64_t body_bytes;
	uint64_t window_bytes; /* moved since window_start_ms */
	uint64_t window_start_ms;
};

bool http_apply_options(void *curl, const struct http_options *o, char *detail)
{
	CURL *c = curl;
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *agent = o->user_agent ? o->user_agent : "skep/" SKEP_VERSION;
	unsigned int stall_s = o->stall_s ? o->stall_s : STALL_DEFAULT_S;
	bool ok = curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail) == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)stall_s) == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_USERAGENT, agent) == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;

	if (o->insecure)
		ok = ok && curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
		     curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
	/* The own authority takes the place of the system's bundle; the system's folder of hashed ones stays. */
	if (o->ca_file)
		ok = ok && curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file) == CURLE_OK &&
		     (!v->capath || curl_easy_setopt(c, CURLOPT_CAPATH, v->capath) == CURLE_OK);
	if (o->only_ca_file)
		ok = ok && curl_easy_setopt(c, CURLOPT_CAINFO, o->only_ca_file) == CURLE_OK &&
		     curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK;
	if (o->client_cert)
		ok = ok && curl_easy_setopt(c, CURLOPT_SSLCERT, o->client_cert) == CURLE_OK &&
		     curl_easy_setopt(c, CURLOPT_SSLKEY, o->client_key) == CURLE_OK;
	if (o->unix_socket)
		ok = ok &&
		     curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket) == CURLE_OK &&
		     curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK;
	return ok;
}

/* Names are judged by what they resolve to, at the moment they are connected to. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_client *c = ctx;

	(void)purpose;
	if (!reach_allows(c->reach, &a->addr)) {
		c->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool set_reach(struct http_client *c)
{
	return !c->reach ||
	       (curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
		curl_easy_setopt(c->curl, CURLOPT_OPENSOCKETDATA, c) == CURLE_OK);
}

int http_client_new(const struct http_options *o, struct http_client **ret, struct err *e)
{
	struct http_client *c;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ENOMEM, "the HTTP library does not start");
	c = calloc(1, sizeof(*c));
	if (c) {
		c->insecure = o->insecure;
		c->is_unix = o->unix_socket;
		c->stall_s = o->stall_s ? o->stall_s : STALL_DEFAULT_S;
		c->max_redirects = o->max_redirects;
		c->reach = o->reach;
		c->curl = curl_easy_init();
	}
	if (!c || !c->curl || !http_apply_options(c->curl, o, c->detail) || !set_reach(c)) {
		if (c)
			curl_easy_cleanup(c->curl);
		free(c);
		curl_global_cleanup();
		return err_set(e, ENOMEM, "no memory for an HTTP client");
	}
	*ret = c;
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	free(c);
	curl_global_cleanup();
}

void http_response_done(struct http_response *r)
{
	buf_done(&r->body);
	buf_done(&r->headers);
}

str http_header(const struct http_response *r, const char *name)
{
	str rest = buf_str(&r->headers);

	while (rest.n) {
		str value = str_line(&rest);
		str key = str_cut(&value, ':');

		if (str_is(key, name))
			return str_trim(value);
	}
	return (str){ NULL, 0 };
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	str s = str_trim((str){ line, size * n });
	size_t colon = str_find(s, ':');

	x->window_bytes += size * n;
	if (str_starts(s, S("HTTP/"))) {
		buf_reset(&x->r->headers);
		return size * n;
	}
	if (colon == s.n)
		return size * n;
	for (size_t i = 0; i < colon; i++)
		buf_byte(&x->r->headers,
			 (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
	buf_add(&x->r->headers, str_skip(s, colon));
	buf_byte(&x->r->headers, '\n');
	x->ended = buf_error(&x->r->headers);
	if (x->ended) {
		err_set(x->e, -x->ended, "the headers of the answer are longer than %u bytes",
			HEADER_BYTES_MAX);
		return 0;
	}
	return size * n;
}

/* "bytes 100-199/200": the peer must go on exactly where it was asked to. */
static bool range_starts_at(const struct http_response *r, uint64_t offset)
{
	str range = http_header(r, "content-range");
	uint64_t first;

	if (!str_starts(range, S("bytes ")))
		return false;
	range = str_skip(range, 6);
	return str_u64(str_cut(&range, '-'), &first) == 0 && first == offset;
}

static int start_body(struct exchange *x)
{
	curl_off_t length = -1;
	long status = 0;

	x->started = true;
	curl_easy_getinfo(x->client->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->client->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	x->r->status = (int)status;
	x->r->content_length = length < 0 ? UINT64_MAX : (uint64_t)length;
	x->r->is_partial = status == 206;
	if (x->r->is_partial && !range_starts_at(x->r, x->q->offset))
		return err_set(x->e, EPROTO, "the answer is another part than the one asked for");
	if (status / 100 == 2 && x->q->on_start)
		return x->q->on_start(x->q->ctx, x->r, x->e);
	return 0;
}

static int take_body(struct exchange *x, str bytes)
{
	const struct http_request *q = x->q;
	bool good = x->r->status / 100 == 2;
	uint64_t max = q->max_body ? q->max_body : q->on_body ? UINT64_MAX : HTTP_MAX_BODY;

	x->body_bytes += bytes.n;
	if (!good) {
		str room = str_take(bytes, ERROR_BODY_MAX - MIN(x->r->body.n, ERROR_BODY_MAX));

		buf_add(&x->r->body, room);
		x->enough = x->body_bytes > ERROR_BODY_READ_MAX;
		return x->enough ? -E2BIG : buf_error(&x->r->body);
	}
	if (x->body_bytes > max)
		return err_set(x->e, E2BIG, "the answer is longer than %llu bytes",
			       (unsigned long long)max);
	if (q->on_body)
		return q->on_body(q->ctx, bytes, x->e);
	buf_add(&x->r->body, bytes);
	if (buf_error(&x->r->body))
		return err_set(x->e, ENOMEM, "no memory for the answer");
	return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	uint64_t before = clock_ms(CLOCK_MONOTONIC);

	x->window_bytes += size * n;
	if (!x->started)
		x->ended = start_body(x);
	if (x->ended == 0)
		x->ended = take_body(x, (str){ p, size * n });
	/* The time the receiver took is not the peer's stall. */
	x->window_start_ms += clock_ms(CLOCK_MONOTONIC) - before;
	return x->ended ? 0 : size * n;
}

static int on_tick(void *ctx, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total,
		   curl_off_t ul)
{
	struct exchange *x = ctx;
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	(void)dl_total, (void)dl, (void)ul_total, (void)ul;
	if (now - x->window_start_ms <= (uint64_t)x->client->stall_s * 1000)
		return 0;
	x->stalled = x->window_bytes < STALL_MIN_BYTES;
	x->window_start_ms = now;
	x->window_bytes = 0;
	return x->stalled;
}

/* An engine that does not run and one that may not be spoken to want different words from the caller. */
static int connect_failure(struct exchange *x, const char *url)
{
	long sys = 0;

	curl_easy_getinfo(x->client->curl, CURLINFO_OS_ERRNO, &sys);
	if (x->client->is_unix && (sys == ENOENT || sys == EACCES))
		return err_sys(x->e, (int)sys, "cannot connect");
	return err_set(x->e, EHOSTUNREACH, "%s: %s", url, x->client->detail);
}

static int error_of(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return EHOSTUNREACH;
	case CURLE_OPERATION_TIMEDOUT:
		return ETIMEDOUT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return EACCES;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return EINVAL;
	case CURLE_OUT_OF_MEMORY:
		return ENOMEM;
	default:
		return EPROTO;
	}
}

static int failure(struct exchange *x, CURLcode code)
{
	OWNED_BUF shown = BUF_INIT;
	const char *url;

	if (x->enough)
		return 0;
	url_redact(&shown, str_from(x->url));
	url = buf_cstr(&shown);
	if (x->ended)
		return err_wrap(x->e, x->ended, "%s", url);
	if (x->stalled)
		return err_set(x->e, ETIMEDOUT, "%s: no progress for %u seconds", url,
			       x->client->stall_s);
	if (code == CURLE_COULDNT_CONNECT && x->client->refused)
		return err_set(x->e, EPERM,
			       "%s: its address may not be connected to from here (link-local, a "
			       "cloud's metadata service or the like)",
			       url);
	if (code == CURLE_COULDNT_CONNECT)
		return connect_failure(x, url);
	if (code == CURLE_PARTIAL_FILE)
		return err_set(x->e, EPROTO, "%s: the answer was cut short after %llu bytes", url,
			       (unsigned long long)x->body_bytes);
	return err_set(x->e, error_of(code), "%s: %s", url,
		       x->client->detail[0] ? x->client->detail : curl_easy_strerror(code));
}

static bool set_method(CURL *c, const char *method, str body)
{
	/* Reset what the exchange before left behind; HTTPGET also clears NOBODY and POST. */
	bool ok = curl_easy_setopt(c, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
		  curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, NULL) == CURLE_OK;

	if (!ok || strcmp(method, "GET") == 0)
		return ok;
	if (strcmp(method, "HEAD") == 0)
		return curl_easy_setopt(c, CURLOPT_NOBODY, 1L) == CURLE_OK;
	return curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.n ? body.p : "") == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

static bool set_exchange(struct exchange *x, const char *method)
{
	CURL *c = x->client->curl;

	return set_method(c, method, x->q->body) &&
	       curl_easy_setopt(c, CURLOPT_URL, x->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_RANGE, x->q->offset ? x->range : NULL) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERDATA, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFODATA, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

static int exchange_once(struct exchange *x, const char *method)
{
	CURLcode code;

	http_response_done(x->r);
	*x->r = (struct http_response){ .headers = { .max = HEADER_BYTES_MAX } };
	x->started = x->stalled = x->enough = x->client->refused = false;
	x->ended = 0;
	x->body_bytes = x->window_bytes = 0;
	x->window_start_ms = clock_ms(CLOCK_MONOTONIC);
	x->client->detail[0] = '\0';
	snprintf(x->range, sizeof(x->range), "%llu-", (unsigned long long)x->q->offset);
	if (!set_exchange(x, method))
		return err_set(x->e, ENOMEM, "no memory for an HTTP request");
	code = curl_easy_perform(x->client->curl);
	if (code != CURLE_OK)
		return failure(x, code);
	return x->started ? 0 : start_body(x);
}

/* Headers a peer may see that the request was not meant for. */
static bool is_harmless(str header)
{
	static const char *const kept[] = { "accept", "range", "if-range", "content-type" };
	str name = str_take(header, str_find(header, ':'));

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (str_eq_nocase(name, str_from(kept[i])))
			return true;
	return false;
}

static int set_headers(struct exchange *x, bool foreign)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	bool ok = list;

	for (const char *const *h = x->q->headers; ok && h && *h; h++) {
		struct curl_slist *more;

		if (foreign && !is_harmless(str_from(*h)))
			continue;
		more = curl_slist_append(list, *h);
		ok = more;
		list = more ? more : list;
	}
	curl_slist_free_all(x->headers);
	x->headers = list;
	return ok ? 0 : err_set(x->e, ENOMEM, "no memory for an HTTP request");
}

/* @return the absolute URL `location` means at `base`, malloc'd without credentials, or NULL */
static char *resolve(const char *base, str location)
{
	OWNED_BUF b = BUF_INIT;
	CURLU *u = curl_url();
	char *out = NULL, *copy = NULL;

	buf_add(&b, location);
	if (u && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, buf_cstr(&b), 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &out, 0) == CURLUE_OK)
		copy = strdup(out);
	curl_free(out);
	curl_url_cleanup(u);
	return copy;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Moves the exchange to where the answer points. @return 1 moved, 0 it does not point anywhere, or an error */
static int follow(struct exchange *x, const char **method, bool *foreign)
{
	str location = http_header(x->r, "location");
	OWNED char *next = NULL;
	bool was_https, is_https, is_http;

	if (!is_redirect(x->r->status) || location.n == 0)
		return 0;
	next = resolve(x->url, location);
	if (!next)
		return err_set(x->e, EPROTO, "the peer redirects to a broken URL");
	was_https = str_starts(str_from(x->url), S("https://"));
	is_https = str_starts(str_from(next), S("https://"));
	is_http = str_starts(str_from(next), S("http://"));
	if (!is_https && !is_http)
		return err_set(x->e, EACCES,
			       "the peer redirects to something other than http or https");
	if (was_https && is_http && !x->client->insecure)
		return err_set(x->e, EACCES, "the peer redirects from https to http: refused");
	if (x->r->status == 303 || (x->r->status <= 302 && strcmp(*method, "POST") == 0))
		*method = "GET";
	*foreign = *foreign || !url_same_origin(str_from(x->url), str_from(next));
	free(x->url);
	x->url = TAKE(&next);
	return 1;
}

int http_exchange(struct http_client *c, const struct http_request *q, struct http_response *ret,
		  struct err *e)
{
	struct http_response r = { 0 };
	struct exchange x = { .client = c, .q = q, .r = &r, .e = e };
	const char *method = q->method ? q->method : "GET";
	bool foreign = false;
	int result;

	x.url = strdup(q->url);
	result = x.url ? 0 : err_set(e, ENOMEM, "no memory for an HTTP request");
	for (unsigned int hops = 0; result == 0; hops++) {
		result = set_headers(&x, foreign);
		if (result == 0)
			result = exchange_once(&x, method);
		if (result < 0 || c->max_redirects == 0)
			break;
		result = follow(&x, &method, &foreign);
		if (result == 0)
			break;
		if (result == 1)
			result = hops < c->max_redirects
					 ? 0
					 : err_set(e, EPROTO, "more than %u redirects",
						   c->max_redirects);
	}
	curl_slist_free_all(x.headers);
	free(x.url);
	if (result < 0) {
		http_response_done(&r);
		return result;
	}
	*ret = r;
	return 0;
}

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "codec/json_out.h"
#include "wire/http_server_priv.h"

enum {
	WRITE_MS = 30000,
	STREAM_UNREAD_BYTES = 1 << 20,
};

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

static const char *reason(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void exchange_free(struct http_server_exchange *x)
{
	x->s->figures.held_bytes -= x->held;
	buf_done(&x->body);
	free(x->head);
	free(x);
}

bool exchange_account(struct http_server_exchange *x)
{
	size_t grown = x->body.cap > x->held ? x->body.cap - x->held : 0;

	x->held += grown;
	x->s->figures.held_bytes += grown;
	return x->s->figures.held_bytes <= x->s->o.max_held_bytes;
}

const struct http_server_request *http_server_request(const struct http_server_exchange *x)
{
	return &x->q;
}

/** Of the second; RFC 9110 section 5.6.7. */
static const char *date_now(struct http_server *s)
{
	time_t now = (time_t)(clock_ns(CLOCK_REALTIME) / SECOND_NS);
	struct tm tm;

	if (now != s->date_s && gmtime_r(&now, &tm)) {
		(void)strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		s->date_s = now;
	}
	return s->date;
}

static bool is_clean(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < 32 || *value == 127)
			return false;
	return true;
}

/** A value that would end its line would be a second answer (RFC 9112 section 11.1). */
static bool is_sound(const struct http_server_reply *r)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (!is_clean(r->fields[i].value))
			return false;
	return r->field_count <= HTTP_SERVER_MAX_FIELDS && (!r->type || is_clean(r->type));
}

static void put_head(struct connection *c, const struct http_server_reply *r)
{
	struct buf *out = &c->out;

	buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status, reason(r->status),
		   date_now(c->s));
	if (r->type)
		buf_printf(out, "Content-Type: %s\r\n", r->type);
	for (size_t i = 0; i < r->field_count; i++)
		buf_printf(out, "%s: %s\r\n", r->fields[i].name, r->fields[i].value);
}

static bool has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static void put_answer(struct connection *c, const struct http_server_reply *r, bool head_only)
{
	static const struct http_server_reply unsound = { .status = 500 };

	if (!is_sound(r))
		r = &unsound;
	put_head(c, r);
	if (c->s->draining || r->last)
		c->is_last = true;
	if (has_body(r->status))
		buf_printf(&c->out, "Content-Length: %zu\r\n", r->body.n);
	buf_printf(&c->out, "Connection: %s\r\n\r\n", c->is_last ? "close" : "keep-alive");
	if (!head_only && has_body(r->status)) {
		if (r->body_stays)
			c->stays = r->body;
		else
			buf_add(&c->out, r->body);
	}
	connection_set_state(c, CONNECTION_FLUSH, c->s->now_ms + WRITE_MS);
	connection_account(c);
	/* Half an answer must not look like a whole one. */
	if (buf_error(&c->out))
		connection_kill(c);
}

void http_server_answer(struct http_server_exchange *x, const struct http_server_reply *r)
{
	struct connection *c = x->c;
	bool head_only = str_is(x->q.head.method, "HEAD");

	if (c) {
		c->x = NULL;
		c->s->now_ms = clock_ms(CLOCK_MONOTONIC);
		put_answer(c, r, head_only);
	}
	exchange_free(x);
	if (c && c->state != CONNECTION_DEAD)
		connection_pump(c);
}

/* As RFC 9457 has it, like every other error of the API. */
void connection_refuse(struct connection *c, int status, const char *detail)
{
	struct http_server_reply r = { .status = status, .type = "application/problem+json" };
	OWNED_BUF body = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &body, false);
	json_object_open(&j);
	json_put_cstr(&j, "title", reason(status));
	json_put_int(&j, "status", status);
	json_put_cstr(&j, "detail", detail);
	json_object_close(&j);
	buf_byte(&body, '\n');
	r.body = buf_str(&body);
	if (status == 503 || status == 429)
		r.fields[r.field_count++] = (struct http_server_field){ "Retry-After", "5" };
	if (c->x)
		exchange_free(TAKE(&c->x));
	c->is_last = true;
	put_answer(c, &r, false);
}

/** @return what was written, 0: not now, or dead */
static size_t write_some(struct connection *c, str bytes)
{
	ssize_t n;

	if (c->tls)
		n = tls_write(c->tls, bytes, NULL);
	else
		n = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	if (n == -EAGAIN || (n == -1 && !c->tls && errno == EAGAIN)) {
		c->wants |= c->tls && tls_events(c->tls) & POLLIN ? EPOLLIN : EPOLLOUT;
		return 0;
	}
	if (n < 0) {
		connection_kill(c);
		return 0;
	}
	c->s->figures.sent_bytes += (size_t)n;
	connection_moved(c, (size_t)n);
	return (size_t)n;
}

bool connection_flush(struct connection *c)
{
	bool any = false;
	size_t n = 1;

	if (c->state <= CONNECTION_HANDSHAKE)
		return false;
	while (n && c->out_at < c->out.n) {
		n = write_some(c, str_skip(buf_str(&c->out), c->out_at));
		c->out_at += n;
		any |= n > 0;
	}
	while (n && c->state != CONNECTION_DEAD && c->stays.n) {
		n = write_some(c, c->stays);
		c->stays = str_skip(c->stays, n);
		any |= n > 0;
	}
	if (c->state == CONNECTION_STREAM && c->out_at == c->out.n) {
		buf_done(&c->out);
		c->out_at = 0;
		c->deadline_ms = 0;
	}
	return any;
}

static void put_piece(struct http_server_exchange *x, str bytes)
{
	struct connection *c = x->c;

	if (!bytes.n)
		return;
	if (x->is_chunked)
		buf_printf(&c->out, "%zx\r\n", bytes.n);
	buf_add(&c->out, bytes);
	if (x->is_chunked)
		buf_add(&c->out, S("\r\n"));
	if (!c->deadline_ms)
		connection_set_state(c, CONNECTION_STREAM, c->s->now_ms + WRITE_MS);
}

void http_server_stream(struct http_server_exchange *x, const struct http_server_reply *r,
			void (*on_gone)(void *ctx), void *ctx)
{
	struct connection *c = x->c;

	if (!c) {
		exchange_free(x);
		if (on_gone)
			on_gone(ctx);
		return;
	}
	x->s->now_ms = clock_ms(CLOCK_MONOTONIC);
	x->on_gone = on_gone;
	x->ctx = ctx;
	x->is_chunked = !x->q.head.is_1_0;
	c->s->figures.streams++;
	put_head(c, r);
	if (x->is_chunked)
		buf_add(&c->out, S("Transfer-Encoding: chunked\r\n"));
	else
		c->is_last = true;
	buf_printf(&c->out, "Connection: %s\r\n\r\n", c->is_last ? "close" : "keep-alive");
	connection_set_state(c, CONNECTION_STREAM, c->s->now_ms + WRITE_MS);
	http_server_send(x, r->body);
}

void http_server_send(struct http_server_exchange *x, str bytes)
{
	struct connection *c = x->c;

	c->s->now_ms = clock_ms(CLOCK_MONOTONIC);
	put_piece(x, bytes);
	connection_account(c);
	if (buf_error(&c->out) || c->out.n - c->out_at > STREAM_UNREAD_BYTES)
		connection_kill(c);
	else
		connection_pump(c);
}

void http_server_end(struct http_server_exchange *x)
{
	struct connection *c = x->c;

	c->x = NULL;
	c->s->figures.streams--;
	if (x->is_chunked)
		buf_add(&c->out, S("0\r\n\r\n"));
	connection_set_state(c, CONNECTION_FLUSH, c->s->now_ms + WRITE_MS);
	exchange_free(x);
	connection_pump(c);
}

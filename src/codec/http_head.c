#include "codec/http_head.h"

enum { SIZE_DIGITS_MAX = 15, PASSED_MAX = 16384 };

size_t http_head_length(str in)
{
	size_t at = str_search(in, S("\r\n\r\n"));

	return at < in.n ? at + 4 : 0;
}

/** tchar of RFC 9110 section 5.6.2. */
static bool is_token(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

		if (!alnum && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.n > 0;
}

static bool is_visible(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 32 || s.p[i] >= 127)
			return false;
	return true;
}

/** Field values may hold bytes above ASCII (obs-text), never control characters. */
static bool is_value(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < 32 && c != '\t') || c == 127)
			return false;
	}
	return true;
}

static str trim_blanks(str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/** A line that ends with CR LF; a CR or LF by itself has been refused by who looks at the line. */
static str cut_line(str *rest)
{
	size_t at = str_search(*rest, S("\r\n"));
	str line = str_take(*rest, at);

	*rest = str_skip(*rest, at + 2);
	return line;
}

/** "http://host/path" is what a proxy is asked, and every server must take it (RFC 9112 section 3.2.2). */
static str without_authority(str target)
{
	static const str schemes[] = { { "http://", 7 }, { "https://", 8 } };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_eq_nocase(str_take(target, schemes[i].n), schemes[i])) {
			target = str_skip(target, schemes[i].n);
			return str_skip(target, str_find(target, '/'));
		}
	return target;
}

static int parse_request_line(str line, struct http_head *h, struct err *e)
{
	str method = str_cut(&line, ' '), target = str_cut(&line, ' ');

	target = without_authority(target);
	/* A fragment is the browser's own and never sent. */
	if (!is_token(method) || !is_visible(target) || str_find(target, '#') < target.n)
		return err_set(e, EBADMSG, "malformed request line");
	if (!str_is(line, "HTTP/1.1") && !str_is(line, "HTTP/1.0"))
		return err_set(e, str_starts(line, S("HTTP/")) ? EPROTONOSUPPORT : EBADMSG,
			       "this is not HTTP/1.1");
	/* "*" and "host:port" are for methods nobody here serves. */
	if (!str_starts(target, S("/")))
		return err_set(e, EBADMSG, "the request names no path");
	h->method = method;
	h->path = str_take(target, str_find(target, '?'));
	h->query = str_skip(target, h->path.n + 1);
	h->is_1_0 = str_is(line, "HTTP/1.0");
	return 0;
}

static int parse_field(str line, struct http_head *h, struct err *e)
{
	size_t colon = str_find(line, ':');
	struct http_field f = { str_take(line, colon), trim_blanks(str_skip(line, colon + 1)) };

	if (colon == line.n || !is_token(f.name) || !is_value(f.value))
		return err_set(e, EBADMSG, "malformed header field");
	if (h->field_count == HTTP_HEAD_MAX_FIELDS)
		return err_set(e, E2BIG, "more than %d header fields", HTTP_HEAD_MAX_FIELDS);
	h->fields[h->field_count++] = f;
	return 0;
}

/** Whether the comma list @p value holds @p word. */
static bool lists(str value, const char *word)
{
	while (value.n)
		if (str_eq_nocase(trim_blanks(str_cut(&value, ',')), str_from(word)))
			return true;
	return false;
}

static size_t count_fields(const struct http_head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->field_count; i++)
		n += str_eq_nocase(h->fields[i].name, str_from(name));
	return n;
}

/* RFC 9112 section 6: who reads a length otherwise than the proxy before it reads another request. */
static int parse_framing(struct http_head *h, struct err *e)
{
	size_t lengths = count_fields(h, "content-length"),
	       codings = count_fields(h, "transfer-encoding");
	str length = http_head_field(h, "content-length");

	if (lengths + codings > 1 || (codings && h->is_1_0))
		return err_set(e, EBADMSG, "the body's length is told more than once");
	h->is_chunked = codings > 0;
	if (h->is_chunked && !str_eq_nocase(http_head_field(h, "transfer-encoding"), S("chunked")))
		return err_set(e, ENOSYS, "only the transfer coding 'chunked' is understood");
	if (lengths && (length.n == 0 || str_u64(length, &h->body_bytes) < 0))
		return err_set(e, EBADMSG, "malformed length of the body");
	return 0;
}

int http_head_parse(str in, struct http_head *ret, struct err *e)
{
	struct http_head h = { 0 };
	str connection;
	int r;

	in = str_take(in, in.n >= 2 ? in.n - 2 : 0);
	r = parse_request_line(cut_line(&in), &h, e);
	while (r == 0 && in.n)
		r = parse_field(cut_line(&in), &h, e);
	if (r == 0)
		r = parse_framing(&h, e);
	if (r < 0)
		return r;
	if (count_fields(&h, "host") > 1 || (!h.is_1_0 && count_fields(&h, "host") == 0))
		return err_set(e, EBADMSG, "a request has one Host field");
	connection = http_head_field(&h, "connection");
	h.keep_alive = h.is_1_0 ? lists(connection, "keep-alive") : !lists(connection, "close");
	h.expects_continue =
		!h.is_1_0 && str_eq_nocase(http_head_field(&h, "expect"), S("100-continue"));
	*ret = h;
	return 0;
}

str http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (str_eq_nocase(h->fields[i].name, str_from(name)))
			return h->fields[i].value;
	return (str){ 0 };
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_size(struct http_chunks *c, char byte, struct err *e)
{
	int digit = hex_value(byte);

	if (digit >= 0 && c->digits < SIZE_DIGITS_MAX) {
		c->left = c->left << 4 | (unsigned int)digit;
		c->digits++;
		return 0;
	}
	if (!c->digits || (byte != '\r' && byte != ';' && byte != ' ' && byte != '\t'))
		return err_set(e, EBADMSG, "malformed size of a chunk");
	c->at = byte == '\r' ? HTTP_CHUNK_SIZE_LF : HTTP_CHUNK_EXTENSION;
	return 0;
}

static int pass(struct http_chunks *c, struct err *e)
{
	return ++c->passed <= PASSED_MAX
		       ? 0
		       : err_set(e, E2BIG, "more than %d bytes beside the chunks", PASSED_MAX);
}

static int expect(struct http_chunks *c, char byte, char wanted, int next, struct err *e)
{
	if (byte != wanted)
		return err_set(e, EBADMSG, "malformed end of a chunk");
	c->at = (__typeof__(c->at))next;
	return 0;
}

static void begin_chunk(struct http_chunks *c)
{
	c->at = c->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
	c->digits = 0;
}

/** Lines behind the last chunk, up to an empty one. */
static int take_trailer(struct http_chunks *c, char byte, struct err *e)
{
	if (byte == '\n')
		return err_set(e, EBADMSG, "malformed end of a chunk");
	if (byte == '\r')
		c->at = c->at == HTTP_CHUNK_TRAILER ? HTTP_CHUNK_LAST_LF : HTTP_CHUNK_TRAILER_LF;
	else
		c->at = HTTP_CHUNK_TRAILER_LINE;
	return pass(c, e);
}

static int take_byte(struct http_chunks *c, char byte, struct err *e)
{
	int r;

	switch (c->at) {
	case HTTP_CHUNK_SIZE:
		return take_size(c, byte, e);
	case HTTP_CHUNK_EXTENSION:
		if (byte == '\n')
			return err_set(e, EBADMSG, "malformed size of a chunk");
		if (byte == '\r')
			c->at = HTTP_CHUNK_SIZE_LF;
		return pass(c, e);
	case HTTP_CHUNK_SIZE_LF:
		r = expect(c, byte, '\n', HTTP_CHUNK_DATA, e);
		if (r == 0)
			begin_chunk(c);
		return r;
	case HTTP_CHUNK_DATA_CR:
		return expect(c, byte, '\r', HTTP_CHUNK_DATA_LF, e);
	case HTTP_CHUNK_DATA_LF:
		return expect(c, byte, '\n', HTTP_CHUNK_SIZE, e);
	case HTTP_CHUNK_TRAILER:
	case HTTP_CHUNK_TRAILER_LINE:
		return take_trailer(c, byte, e);
	case HTTP_CHUNK_TRAILER_LF:
		return expect(c, byte, '\n', HTTP_CHUNK_TRAILER, e);
	case HTTP_CHUNK_LAST_LF:
		return expect(c, byte, '\n', HTTP_CHUNK_END, e);
	default:
		return 0;
	}
}

int http_chunks_next(struct http_chunks *c, str *in, str *ret_data, struct err *e)
{
	*ret_data = (str){ 0 };
	while (in->n && c->at != HTTP_CHUNK_END) {
		int r;

		if (c->at == HTTP_CHUNK_DATA) {
			*ret_data = str_take(*in, MIN(in->n, c->left));
			*in = str_skip(*in, ret_data->n);
			c->left -= ret_data->n;
			if (!c->left)
				c->at = HTTP_CHUNK_DATA_CR;
			return 0;
		}
		r = take_byte(c, in->p[0], e);
		if (r < 0)
			return r;
		*in = str_skip(*in, 1);
	}
	return 0;
}

#include "console/server/web_pages.h"

#include <fcntl.h>

#include "base/file.h"

enum {
	HEAD_BYTES = 16,
	ENTRY_BYTES = 64,
	PATH,
	TYPE,
	ETAG,
	PLAIN,
	GZIP,
	BROTLI,
	FLAGS_AT = 48,
	IMMUTABLE = 1,
};

#define FILE_MAX_BYTES ((uint64_t)16 << 20)

static uint32_t u32_at(str blob, size_t at)
{
	const uint8_t *p = (const uint8_t *)blob.p + at;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/** A span of entry @p i; one that reaches out of the blob is empty. */
static str span_of(const struct web_pages *w, uint32_t i, int which)
{
	size_t at = HEAD_BYTES + (size_t)i * ENTRY_BYTES + (size_t)(which - PATH) * 8;
	uint32_t from = u32_at(w->blob, at), n = u32_at(w->blob, at + 4);

	if (from > w->blob.n || n > w->blob.n - from)
		return (str){ 0 };
	return (str){ w->blob.p + from, n };
}

/** What goes into a header as it is. */
static bool is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 32 || s.p[i] >= 127)
			return false;
	return s.n > 0 && s.n < 128;
}

int web_pages_open(str blob, struct web_pages *ret, struct err *e)
{
	struct web_pages w = { .blob = blob };
	str before = { 0 };

	if (blob.n < HEAD_BYTES || !str_starts(blob, S("SKEPWEB1")))
		return err_set(e, EBADMSG, "the web pages are not packed as they should be");
	w.count = u32_at(blob, 8);
	if (w.count > (blob.n - HEAD_BYTES) / ENTRY_BYTES)
		return err_set(e, EBADMSG, "the web pages are cut short");
	for (uint32_t i = 0; i < w.count; i++) {
		str path = span_of(&w, i, PATH);

		if (!str_starts(path, S("/")) || !is_plain(path) ||
		    !is_plain(span_of(&w, i, TYPE)) || !is_plain(span_of(&w, i, ETAG)) ||
		    str_cmp(before, path) >= 0)
			return err_set(e, EBADMSG,
				       "the web pages are not packed as they should be");
		before = path;
	}
	*ret = w;
	return 0;
}

static bool find(const struct web_pages *w, str path, uint32_t *ret)
{
	uint32_t low = 0, high = w->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int c = str_cmp(span_of(w, middle, PATH), path);

		if (c == 0) {
			*ret = middle;
			return true;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/** Below these, a name that is not there is an error, never a page (doc/formats/web-blob.md). */
static bool is_page_address(str path)
{
	return !str_starts(path, S("/static/")) && !str_starts(path, S("/api/")) &&
	       !str_starts(path, S("/agent/"));
}

/** RFC 9110 section 12.5.3; a weight of zero refuses. */
static bool accepts(str field, const char *coding)
{
	while (field.n) {
		str item = str_cut(&field, ','), name = str_trim(str_cut(&item, ';'));

		if (str_eq_nocase(name, str_from(coding)))
			return !str_starts(str_trim(item), S("q=0")) ||
			       str_starts(str_trim(item), S("q=0."));
	}
	return false;
}

bool web_pages_find(const struct web_pages *w, str path, str accept_encoding, struct web_page *ret)
{
	struct web_page page = { 0 };
	uint32_t i;

	if (str_is(path, "/"))
		path = S("/index.html");
	if (!find(w, path, &i) && !(is_page_address(path) && find(w, S("/index.html"), &i)))
		return false;
	page.type = span_of(w, i, TYPE);
	page.etag = span_of(w, i, ETAG);
	page.immutable =
		u32_at(w->blob, HEAD_BYTES + (size_t)i * ENTRY_BYTES + FLAGS_AT) & IMMUTABLE;
	if (accepts(accept_encoding, "br") && span_of(w, i, BROTLI).n)
		page.body = span_of(w, i, BROTLI), page.encoding = "br";
	else if (accepts(accept_encoding, "gzip") && span_of(w, i, GZIP).n)
		page.body = span_of(w, i, GZIP), page.encoding = "gzip";
	else
		page.body = span_of(w, i, PLAIN);
	*ret = page;
	return true;
}

static str type_of(str path)
{
	static const struct {
		str ending, type;
	} types[] = {
		{ { ".html", 5 }, S("text/html; charset=utf-8") },
		{ { ".js", 3 }, S("text/javascript; charset=utf-8") },
		{ { ".css", 4 }, S("text/css; charset=utf-8") },
		{ { ".svg", 4 }, S("image/svg+xml") },
		{ { ".json", 5 }, S("application/json") },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_ends(path, types[i].ending))
			return types[i].type;
	return S("application/octet-stream");
}

static int read_one(int folder, str path, struct arena *a, struct web_page *ret, struct err *e)
{
	str name = arena_str(a, str_skip(path, 1));
	OWNED_BUF text = BUF_INIT;
	OWNED_FD fd = -1;
	int r;

	if (!name.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	fd = file_open_in_root(folder, name.p, O_RDONLY | O_CLOEXEC, e);
	if (fd < 0)
		return fd;
	r = file_read_fd(fd, FILE_MAX_BYTES, &text, e);
	if (r < 0)
		return r;
	*ret = (struct web_page){ .type = type_of(path), .body = arena_str(a, buf_str(&text)) };
	return ret->body.p ? 0 : err_set(e, ENOBUFS, "memory budget spent");
}

int web_pages_load(int folder, str path, struct arena *a, struct web_page *ret, struct err *e)
{
	int r = str_is(path, "/") ? -ENOENT : read_one(folder, path, a, ret, e);

	if (r < 0 && is_page_address(path))
		r = read_one(folder, S("/index.html"), a, ret, e);
	return r;
}

/*
 * Whatever stands where the packed pages are expected: what is taken is searched without leaving the blob, gives only types and tags
 * that go into a header as they are, and nothing but the one page for addresses that are no files.
 *
 * The first text is a path, the second what the browser accepts, the rest the blob.
 */
#include "fuzz.h"

#include "console/server/web_pages.h"
#include "input.h"

static void check_span(str blob, str s)
{
	assert(s.n == 0 || (s.p >= blob.p && s.p + s.n <= blob.p + blob.n));
}

static void check_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		assert(s.p[i] >= 32 && s.p[i] < 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	str path = input_text(&in), accepted = input_text(&in);
	struct web_pages w;
	struct web_page p, index;

	if (web_pages_open(in.rest, &w, NULL) < 0 || !web_pages_find(&w, path, accepted, &p))
		return 0;
	check_span(in.rest, p.type);
	check_span(in.rest, p.etag);
	check_span(in.rest, p.body);
	check_plain(p.type);
	check_plain(p.etag);
	assert(p.type.n && p.etag.n);
	if (p.encoding)
		assert(str_search(accepted, S("r")) < accepted.n ||
		       str_search(accepted, S("z")) < accepted.n ||
		       str_search(accepted, S("R")) < accepted.n ||
		       str_search(accepted, S("Z")) < accepted.n);
	/* No name below /api/ is answered with the page, whatever the blob says of others. */
	if (str_starts(path, S("/api/")) && web_pages_find(&w, S("/index.html"), accepted, &index))
		assert(p.etag.p != index.etag.p || str_eq(p.etag, index.etag));
	return 0;
}

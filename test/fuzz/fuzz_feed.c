/* The first line names the importer, so that each is reached whatever its wants() says. Every claim delivered has a
 * namespace of the table, a package, a vulnerability and an origin; every fact an id; every complaint a place and a
 * reason. An importer fails only for memory. */
#include "fuzz.h"

#include "scan/feed/feed.h"
#include "scan/vuln/namespace.h"

static bool printable(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ')
			return false;
	return true;
}

static int on_claim(void *ctx UNUSED, const struct claim *c, struct err *e UNUSED)
{
	assert(namespace_find(c->namespace));
	assert(c->package.n && c->vulnerability.n && c->origin.n);
	assert(printable(c->package) && printable(c->vulnerability) && printable(c->fixed));
	assert(c->state < FIX_STATE_COUNT && c->severity < SEVERITY_COUNT);
	return 0;
}

static int on_fact(void *ctx UNUSED, const struct vulnerability *v, struct err *e UNUSED)
{
	assert(v->id.n && printable(v->id) && v->cvss_count <= VULNERABILITY_MAX_CVSS);
	return 0;
}

static void on_unreadable(void *ctx UNUSED, str place, const char *why)
{
	assert(place.n && why[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct feed_sink sink = { .claim = on_claim,
					.fact = on_fact,
					.unreadable = on_unreadable };
	static const str paths[] = { { .p = "a/file.json", .n = 11 },
				     { .p = "a/file.yaml", .n = 11 },
				     { .p = "a/file.xml", .n = 10 },
				     { .p = "a/file.txt", .n = 10 } };
	str text = { (const char *)data, size }, name = str_line(&text);
	size_t f = 0;
	struct arena a;

	while (feed_formats[f] && !str_is(name, feed_formats[f]->name))
		f++;
	if (!feed_formats[f])
		return 0;
	arena_init(&a, 16u << 20);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		int r = feed_formats[f]->import(paths[i], text, &a, &sink, NULL);

		assert(r == 0 || r == -ENOBUFS || r == -ENOMEM);
	}
	if (feed_formats[f]->import_set) {
		const struct feed_file set[] = { { S("x/definitions/1.json"), text },
						 { S("x/tests/tests.json"), text },
						 { S("x/objects/objects.json"), text },
						 { S("x/states/states.json"), text } };
		int r = feed_formats[f]->import_set(set, ARRAY_LEN(set), &a, &sink, NULL);

		assert(r == 0 || r == -ENOBUFS || r == -ENOMEM);
	}
	arena_done(&a);
	return 0;
}

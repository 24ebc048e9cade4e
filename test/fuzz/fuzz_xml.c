/* Elements open and close in pairs, never deeper than promised, and names hold no prefix. */
#include "fuzz.h"

#include "codec/xml.h"

static int on_open(void *ctx, const struct xml_element *el, struct err *e UNUSED)
{
	size_t *depth = ctx;

	assert(++*depth <= XML_MAX_DEPTH && el->attribute_count <= XML_MAX_ATTRIBUTES);
	assert(str_find(el->name, ':') == el->name.n);
	return 0;
}

static int on_close(void *ctx, str name, str text, struct err *e UNUSED)
{
	size_t *depth = ctx;

	assert((*depth)-- > 0 && str_find(name, ':') == name.n && text.n <= XML_MAX_TEXT);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t depth = 0;
	const struct xml_handler h = { &depth, on_open, on_close };

	if (xml_parse((str){ (const char *)data, size }, &h, NULL) == 0)
		assert(depth == 0);
	return 0;
}

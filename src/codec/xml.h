/** @file
 * XML 1.0 as a stream of elements. The only module that knows expat.
 *
 * Input is hostile: a document that declares entities is refused (no expansion bombs), nothing external is ever
 * fetched, depth, attributes and text are bounded. Names come without their namespace prefix.
 */
#ifndef SKEP_CODEC_XML_H
#define SKEP_CODEC_XML_H

#include "base/err.h"
#include "base/str.h"

#define XML_MAX_DEPTH 128
#define XML_MAX_ATTRIBUTES 64
#define XML_MAX_TEXT (16 << 20)

/** An element as it opens; valid during the call. */
struct xml_element {
	str name;
	size_t attribute_count;
	struct {
		str name, value;
	} attributes[XML_MAX_ATTRIBUTES];
	uint32_t line;
};

/** The attribute's value, or the empty span. */
str xml_attribute(const struct xml_element *el, const char *name);

/** What is called on the way; a negative return ends the parse with it. Members may be NULL. */
struct xml_handler {
	void *ctx;
	int (*open)(void *ctx, const struct xml_element *el, struct err *e);
	/** @p text: the element's own text, without that of its children, white space trimmed */
	int (*close)(void *ctx, str name, str text, struct err *e);
};

/**
 * Walks a document.
 *
 * @return 0, -EBADMSG malformed or with entities (with line), -E2BIG over a bound, -ENOMEM, or the handler's error
 */
MUST_CHECK int xml_parse(str text, const struct xml_handler *h, struct err *e);

#endif

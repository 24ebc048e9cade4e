#include "codec/xml.h"

#include <expat.h>
#include <limits.h>

#include "base/buf.h"

struct reader {
	XML_Parser parser;
	const struct xml_handler *handler;
	struct err *e;
	int error;
	size_t depth;
	struct buf text[XML_MAX_DEPTH]; /* of each open element */
	struct xml_element element;
};

str xml_attribute(const struct xml_element *el, const char *name)
{
	for (size_t i = 0; i < el->attribute_count; i++)
		if (str_is(el->attributes[i].name, name))
			return el->attributes[i].value;
	return (str){ 0 };
}

static str local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return str_from(colon ? colon + 1 : name);
}

static void stop(struct reader *r, int error)
{
	if (!r->error)
		r->error = error;
	XML_StopParser(r->parser, XML_FALSE);
}

static uint32_t line_of(const struct reader *r)
{
	return (uint32_t)XML_GetCurrentLineNumber(r->parser);
}

static void on_open(void *ctx, const char *name, const char **attributes)
{
	struct reader *r = ctx;
	struct xml_element *el = &r->element;

	if (r->error)
		return;
	if (r->depth == XML_MAX_DEPTH) {
		stop(r, err_set(r->e, E2BIG, "XML line %u: nested deeper than %d levels",
				line_of(r), XML_MAX_DEPTH));
		return;
	}
	el->name = local_name(name);
	el->line = line_of(r);
	el->attribute_count = 0;
	for (size_t i = 0; attributes[i]; i += 2) {
		if (el->attribute_count == XML_MAX_ATTRIBUTES) {
			stop(r, err_set(r->e, E2BIG, "XML line %u: more than %d attributes",
					line_of(r), XML_MAX_ATTRIBUTES));
			return;
		}
		el->attributes[el->attribute_count].name = local_name(attributes[i]);
		el->attributes[el->attribute_count++].value = str_from(attributes[i + 1]);
	}
	buf_reset(&r->text[r->depth]);
	r->text[r->depth++].max = XML_MAX_TEXT;
	if (r->handler->open) {
		int e = r->handler->open(r->handler->ctx, el, r->e);

		if (e < 0)
			stop(r, e);
	}
}

static void on_close(void *ctx, const char *name)
{
	struct reader *r = ctx;
	struct buf *text;

	if (r->error || r->depth == 0)
		return;
	text = &r->text[--r->depth];
	if (buf_error(text)) {
		stop(r, err_set(r->e, -buf_error(text), "XML line %u: more than %d bytes of text",
				line_of(r), XML_MAX_TEXT));
		return;
	}
	if (r->handler->close) {
		int e = r->handler->close(r->handler->ctx, local_name(name),
					  str_trim(buf_str(text)), r->e);

		if (e < 0)
			stop(r, e);
	}
}

static void on_text(void *ctx, const char *text, int n)
{
	struct reader *r = ctx;

	if (r->depth && n > 0)
		buf_add(&r->text[r->depth - 1], (str){ text, (size_t)n });
}

static void on_entity(void *ctx, const char *name UNUSED, int parameter UNUSED,
		      const char *value UNUSED, int n UNUSED, const char *base UNUSED,
		      const char *system UNUSED, const char *public UNUSED,
		      const char *notation UNUSED)
{
	struct reader *r = ctx;

	stop(r, err_set(r->e, EBADMSG, "XML line %u: the document declares entities", line_of(r)));
}

static int parse(struct reader *r, str text)
{
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_open, on_close);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetEntityDeclHandler(r->parser, on_entity);
	if (XML_Parse(r->parser, text.n ? text.p : "", (int)text.n, 1) == XML_STATUS_OK)
		return r->error;
	if (r->error)
		return r->error;
	if (XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
		return err_set(r->e, ENOMEM, "XML: out of memory");
	return err_set(r->e, EBADMSG, "XML line %u: %s", line_of(r),
		       XML_ErrorString(XML_GetErrorCode(r->parser)));
}

int xml_parse(str text, const struct xml_handler *h, struct err *e)
{
	OWNED struct reader *r = NULL;
	int code;

	if (text.n > INT_MAX)
		return err_set(e, E2BIG, "XML of %zu bytes is over the limit", text.n);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, ENOMEM, "XML: out of memory");
	r->parser = XML_ParserCreate(NULL);
	if (!r->parser)
		return err_set(e, ENOMEM, "XML: out of memory");
	r->handler = h;
	r->e = e;
	code = parse(r, text);
	XML_ParserFree(r->parser);
	for (size_t i = 0; i < XML_MAX_DEPTH; i++)
		buf_done(&r->text[i]);
	return code;
}

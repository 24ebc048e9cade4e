#include "unit.h"

#include "base/buf.h"
#include "codec/xml.h"

static int on_open(void *ctx, const struct xml_element *el, struct err *e)
{
	str stop = xml_attribute(el, "stop");

	buf_printf(ctx, "<%.*s %.*s>", STR_ARG(el->name), STR_ARG(xml_attribute(el, "a")));
	return stop.n ? err_set(e, EACCES, "stopped") : 0;
}

static int on_close(void *ctx, str name, str text, struct err *e UNUSED)
{
	buf_printf(ctx, "[%.*s:%.*s]", STR_ARG(name), STR_ARG(text));
	return 0;
}

static void streams_elements(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	const struct xml_handler h = { &b, on_open, on_close };

	assert_int_equal(xml_parse(S("<?xml version='1.0'?><x:r xmlns:x='u' a='1'> t <b "
				     "x:a='&lt;'>in</b> u<c/></x:r>"),
				   &h, NULL),
			 0);
	assert_string_equal(buf_cstr(&b), "<r 1><b <>[b:in]<c >[c:][r:t  u]");
}

static void refuses_bombs_and_damage(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"<a>",
		"<a></b>",
		"<a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY x \"yy\"><!ENTITY z \"&x;&x;\">]><a>&z;</a>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		OWNED_BUF b = BUF_INIT;
		const struct xml_handler h = { &b, on_open, on_close };
		struct err e = { 0 };

		if (xml_parse(str_from(bad[i]), &h, &e) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_true(e.text[0]);
	}
}

static void bounds_depth_and_passes_errors_on(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	OWNED_BUF deep = BUF_INIT;
	const struct xml_handler h = { &b, on_open, on_close };
	struct err e = { 0 };

	for (int i = 0; i <= XML_MAX_DEPTH; i++)
		buf_add(&deep, S("<a>"));
	assert_int_equal(xml_parse(buf_str(&deep), &h, NULL), -E2BIG);
	assert_int_equal(xml_parse(S("<a><b stop='1'/><c/></a>"), &h, &e), -EACCES);
	assert_string_equal(e.text, "stopped");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_elements),
		cmocka_unit_test(refuses_bombs_and_damage),
		cmocka_unit_test(bounds_depth_and_passes_errors_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

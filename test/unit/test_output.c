#include "unit.h"
#include "unit_arena.h"

#include "base/buf.h"
#include "policy/output.h"

/* A subject made up for the test: enough of each type. */
enum { NAME, NAME_LONG, ARG, ANCESTOR, ENDS, COUNT, PORT, FLAG, TIME, CLOCK, RAW, GONE, HIDDEN };

static const struct policy_field fields[] = {
	[NAME] = { "p.name", POLICY_STRING, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[NAME_LONG] = { "p.name.long", POLICY_STRING, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[ARG] = { "e.arg", POLICY_STRING, POLICY_ARG_KEY, POLICY_ONE, { "", "" } },
	[ANCESTOR] = { "p.aname", POLICY_STRING, POLICY_ARG_INDEX_OPT, POLICY_ANY, { "", "" } },
	[ENDS] = { "f.ip", POLICY_IP, POLICY_ARG_NONE, POLICY_ENDS, { "", "" } },
	[COUNT] = { "e.res", POLICY_INT, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[PORT] = { "f.port", POLICY_PORT, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[FLAG] = { "e.failed", POLICY_BOOL, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[TIME] = { "evt.time.iso8601", POLICY_TIME, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[CLOCK] = { "evt.time.s", POLICY_TIME, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[RAW] = { "evt.rawtime", POLICY_TIME, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[GONE] = { "x.gone", POLICY_STRING, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
	[HIDDEN] = { "x.hidden", POLICY_STRING, POLICY_ARG_NONE, POLICY_ONE, { "", "" } },
};

static const struct policy_subject subject = {
	.name = "fake",
	.fields = fields,
	.field_count = ARRAY_LEN(fields),
};

static void get(const struct policy_target *t UNUSED, const struct policy_ref *ref,
		struct policy_value *ret)
{
	static const str names[] = { { "sh", 2 }, { "init", 4 } };

	*ret = (struct policy_value){ .state = POLICY_KNOWN, .count = 1 };
	switch (ref->field) {
	case NAME:
		ret->string = S("Na/me");
		break;
	case NAME_LONG:
		ret->string = S("\u4e2d\u6587");
		break;
	case ARG:
		ret->string = ref->key;
		break;
	case ANCESTOR:
		if (ref->has_index)
			ret->string = names[ref->index - 1];
		else {
			ret->count = 2;
			ret->strings = names;
		}
		break;
	case ENDS:
		ret->count = 2;
		ret->ip[0] = (struct policy_ip){ { 127, 0, 0, 1 }, 4 };
		ret->ip[1] = (struct policy_ip){ { [15] = 1 }, 6 };
		break;
	case COUNT:
		ret->integer = -2;
		break;
	case PORT:
		ret->port[0] = 443;
		break;
	case FLAG:
		ret->boolean = true;
		break;
	case TIME:
	case CLOCK:
	case RAW:
		ret->integer = 1700000000000000042;
		break;
	case GONE:
		ret->state = POLICY_ABSENT;
		break;
	default:
		ret->state = POLICY_UNKNOWN;
	}
}

static const struct policy_target target = { .get = get };

static void renders(const char *format, const char *expected)
{
	struct output_format *f = NULL;
	struct err e = { 0 };
	OWNED_BUF b = BUF_INIT;

	if (output_parse(str_from(format), &subject, &arena, &f, &e) < 0)
		fail_msg("%s: %s", format, e.text);
	output_render(f, &target, &b);
	if (strcmp(buf_cstr(&b), expected) != 0)
		fail_msg("%s: '%s', not '%s'", format, buf_cstr(&b), expected);
}

static void refuses(const char *format, size_t at, const char *words)
{
	struct output_format *f = NULL;
	struct err e = { 0 };
	size_t where = SIZE_MAX;

	int r = output_parse_at(str_from(format), &subject, &arena, &f, &where, &e);

	assert_int_equal(r, strstr(words, "did you mean") ? -ENOENT : -EBADMSG);
	if (where != at || !strstr(e.text, words))
		fail_msg("%s: at %zu: %s", format, where, e.text);
}

static void fills_fields_in(void **state UNUSED)
{
	renders("", "");
	renders("plain", "plain");
	renders("a=%p.name b=%e.res c=%f.port d=%e.failed.", "a=Na/me b=-2 c=443 d=true.");
	renders("%e.arg[x y] %e.arg.flags. %e.arg.flags[1]", "x y flags. flags[1]");
	renders("%p.aname[2]|%p.aname|%f.ip", "init|(sh,init)|(127.0.0.1,::1)");
	renders("100%% of %%p.name", "100% of %p.name");
}

static void takes_the_longest_name(void **state UNUSED)
{
	renders("%p.name.longer %p.name.x", "\u4e2d\u6587er Na/me.x");
	renders("%p.names %p.name[1]", "Na/mes Na/me[1]");
}

static void shows_what_is_absent_or_unknown(void **state UNUSED)
{
	renders("%x.gone %x.hidden %toupper(x.gone) %len(x.hidden)",
		"<NA> <unknown> <NA> <unknown>");
	renders("%concat(p.name, x.gone)", "<NA>");
}

static void pads_and_cuts(void **state UNUSED)
{
	renders("[%8p.name] [%2p.name] [%0e.res]", "[Na/me   ] [Na] [-2]");
	renders("[%5p.name.long]", "[\u4e2d  ]");
	renders("[%7tolower(p.name)]", "[na/me  ]");
}

static void transforms(void **state UNUSED)
{
	renders("%tolower(p.name) %toupper(p.name)", "na/me NA/ME");
	renders("%basename(p.name)%b64(e.arg[c2g=])", "mesh");
	renders("%b64(p.name)", "<NA>");
	renders("%len(p.name) %len(p.aname)", "5 2");
	renders("%concat(p.name, \":\", f.port)", "Na/me:443");
	renders("%join(\"->\", p.aname)", "sh->init");
	renders("%join(\",\", (p.name, e.res, toupper(p.aname)))", "Na/me,-2,SH,INIT");
	renders("%toupper(basename(p.name))", "ME");
	renders("%toupper(p.aname)", "(SH,INIT)");
}

static void shows_times(void **state UNUSED)
{
	setenv("TZ", "UTC", 1);
	renders("%evt.time.iso8601 %evt.time.s %evt.rawtime",
		"2023-11-14T22:13:20.000000042+0000 22:13:20 1700000000000000042");
}

static void lists_its_fields_once(void **state UNUSED)
{
	struct output_format *f;
	const struct policy_ref *refs;
	size_t count;

	assert_int_equal(output_parse(S("%e.res %p.name %e.res %len(p.aname) %p.aname[1]"),
				      &subject, &arena, &f, NULL),
			 0);
	refs = output_fields(f, &count);
	assert_int_equal(count, 4);
	assert_int_equal(refs[0].field, COUNT);
	assert_int_equal(refs[3].index, 1);
}

static void says_where_it_went_wrong(void **state UNUSED)
{
	struct output_format *f = NULL;
	struct err e = { 0 };

	refuses("a %p.nmae b", 3, "did you mean 'p.name'?");
	refuses("a %", 3, "is expected behind '%'");
	refuses("a % b", 3, "is expected behind '%'");
	refuses("%e.arg", 1, "needs an argument");
	refuses("%p.aname[x]x", 1, "takes a number");
	refuses("%99999p.name", 1, "width");
	refuses("%tolower(p.name", 15, "','");
	refuses("%getopt(p.name, \"a:\")[a]", 24, "for conditions only");
	refuses("%tolower(p.nmae)", 16, "did you mean");
	assert_int_equal(output_parse(S("%x"), &subject, &arena, &f, &e), -ENOENT);
	assert_string_equal(e.text, "at byte 2: no field is called 'x'; `skep rule fields` lists "
				    "them");
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_fields_in),
		cmocka_unit_test(takes_the_longest_name),
		cmocka_unit_test(shows_what_is_absent_or_unknown),
		cmocka_unit_test(pads_and_cuts),
		cmocka_unit_test(transforms),
		cmocka_unit_test(shows_times),
		cmocka_unit_test(lists_its_fields_once),
		cmocka_unit_test(says_where_it_went_wrong),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}

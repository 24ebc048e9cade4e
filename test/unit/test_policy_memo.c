#include "unit.h"
#include "unit_arena.h"

#include <stdio.h>

#include "model/event.h"
#include "policy_rule.h"

static const char *const remembered_conditions[] = {
	"fd.name startswith /etc and proc.name = a",
	"not fd.name startswith /etc and container.id != host",
	"fd.name in (/etc/x, /srv/x) or proc.name = b",
	"(fd.filename = x or fd.directory = /srv) and not proc.name in (a, b)",
	"evt.type = open and fd.name endswith x and evt.is_open_write = true",
	"evt.type = openat and fd.name endswith x and fd.sport = 80",
	"fd.name contains yyyyyy and fd.sip = 10.0.0.1",
	"not fd.sip in (10.0.0.0/8) and fd.sport != 80",
	"fd.sip.name = a.example and proc.name = a",
	"fd.name exists and not proc.name exists",
	"tolower(fd.name) = /etc/x and proc.name = val(fd.filename)",
	"fd.name glob *yyy*[x-z] and proc.name in (a, b)",
	"not fd.name glob *srv?* and fd.name glob *?etc/*",
};

static const char *const remembered_values[][2] = {
	{ "fd.name", "\"/etc/x\"" },
	{ "fd.name", "\"/srv/x\"" },
	{ "fd.name", "\"\"" },
	{ "fd.name", "null" },
	{ "fd.name", "\"/etc/yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
		     "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy/x\"" },
	{ "proc.name", "\"a\"" },
	{ "proc.name", "\"b\"" },
	{ "proc.name", "null" },
	{ "fd.filename", "\"x\"" },
	{ "fd.directory", "\"/srv\"" },
	{ "fd.directory", "\"/etc/x\"" },
	{ "container.id", "\"host\"" },
	{ "container.id", "\"c\"" },
	{ "evt.is_open_write", "true" },
	{ "evt.is_open_write", "false" },
	{ "fd.sport", "80" },
	{ "fd.sip", "\"10.0.0.1\"" },
	{ "fd.sip", "\"a00:1::\"" },
	{ "fd.sip.name", "\"10.0.0.1\"" },
};

static uint32_t next(uint32_t *draw)
{
	*draw = *draw * 1103515245 + 12345;
	return *draw >> 16;
}

static str some_event(uint32_t *draw, int i)
{
	OWNED_BUF json = BUF_INIT;

	buf_printf(&json, "{\"evt.type\": \"%s\"", i % 3 ? "open" : "openat");
	for (size_t v = 0; v < ARRAY_LEN(remembered_values); v++) {
		const char *const *value = remembered_values[v];

		if (next(draw) & 1 && !strstr(buf_cstr(&json), value[0]))
			buf_printf(&json, ", \"%s\": %s", value[0], value[1]);
	}
	buf_printf(&json, "}");
	return arena_printf(&arena, "%s", buf_cstr(&json));
}

/* Rules compiled, and a run that remembers values beside one that does not. */
struct bench {
	const struct rule *const *rules;
	uint32_t count;
	struct policy_program *p;
	struct policy_run *run, *plain;
};

static struct bench bench_of(const struct rule *const *rules, uint32_t count,
			     const struct policy_addresses *names)
{
	struct bench b = { .rules = rules, .count = count };

	assert_int_equal(policy_compile_rules(rules, count, &policy_events, NULL, NULL, &b.p, NULL),
			 0);
	assert_int_equal(policy_run_new(b.p, &b.run, NULL), 0);
	assert_int_equal(policy_run_new(b.p, &b.plain, NULL), 0);
	policy_run_remember(b.plain, false);
	policy_run_set_names(b.run, names);
	policy_run_set_names(b.plain, names);
	return b;
}

static void bench_done(struct bench *b)
{
	policy_run_free(b->run);
	policy_run_free(b->plain);
	policy_free(b->p);
}

/* Holds all rules judged together by @p run to each alone, which nothing narrows. @return how many rules hold */
static size_t check_judged(const struct bench *b, struct policy_run *run, str json)
{
	const struct policy_target *t = event_of(json.p);
	size_t unknown, doubt = 0, hold = 0, n;
	const uint32_t *hits;

	n = policy_judge(run, t, &hits, &unknown);
	for (uint32_t k = 0; k < b->count; k++) {
		enum policy_verdict v = policy_judge_rule(b->plain, t, k);

		doubt += v == POLICY_MAYBE;
		if (v == POLICY_TRUE && (hold >= n || hits[hold] != k))
			fail_msg("%s: '%.*s' holds", json.p, STR_ARG(b->rules[k]->name));
		hold += v == POLICY_TRUE;
	}
	if (n != hold || unknown != doubt)
		fail_msg("%s: %zu and %zu, not %zu and %zu", json.p, n, unknown, hold, doubt);
	return hold;
}

/*
 * What a value said is remembered for the value alone: not for another type, another field, another state of knowledge, one
 * that is too long to keep, or what names resolve to.
 */
static void values_are_remembered(void **state UNUSED)
{
	const struct rule *rules[ARRAY_LEN(remembered_conditions)];
	struct policy_ip ip = { { 10, 0, 0, 1 }, 4 };
	struct policy_addresses name = { &ip, 1, false };
	struct bench b;
	uint32_t draw = 1;
	size_t held = 0;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		rules[i] = rule_of(remembered_conditions[i], i % 4 == 3);
	b = bench_of(rules, ARRAY_LEN(rules), &name);
	for (int i = 0; i < 4000; i++) {
		if (i % 100 == 0) {
			name.resolved = i / 100 % 2;
			policy_run_set_names(b.run, &name);
			policy_run_set_names(b.plain, &name);
		}
		held += check_judged(&b, b.run, some_event(&draw, i));
	}
	assert_true(held > 1000);
	bench_done(&b);
}

/* An address that was met often leads to a name as soon as the name resolves to it. */
static void names_resolve_anew(void **state UNUSED)
{
	const struct rule *rules[] = { rule_of("evt.type = connect and fd.sip.name = a.example",
					       false) };
	struct policy_ip ips[] = { { { 10, 0, 0, 1 }, 4 }, { { 10, 0, 0, 2 }, 4 } };
	struct policy_addresses name = { &ips[0], 1, true };
	struct bench b = bench_of(rules, 1, &name);
	str json = S("{\"evt.type\":\"connect\", \"fd.sip.name\": \"10.0.0.2\"}");

	for (int i = 0; i < 20; i++)
		assert_int_equal(check_judged(&b, b.run, json), 0);
	name.items = &ips[1];
	policy_run_set_names(b.run, &name);
	assert_int_equal(check_judged(&b, b.run, json), 1);
	bench_done(&b);
}

static size_t fetched;

/* A connection to 10.0.0.1:443. */
static void get_of_connection(const struct policy_target *t UNUSED, const struct policy_ref *ref,
			      struct policy_value *ret)
{
	static struct policy_ip ip = { { 10, 0, 0, 1 }, 4 };

	fetched++;
	*ret = (struct policy_value){ .state = POLICY_KNOWN, .count = 1 };
	if (ref->field == FIELD_FD_SPORT)
		ret->port[0] = 443;
	else if (ref->field == FIELD_FD_SNET || ref->field == FIELD_FD_SIP)
		ret->ip[0] = ip;
	else
		ret->state = POLICY_ABSENT;
}

static bool origin_of_connection(const struct policy_target *t UNUSED, unsigned int number,
				 struct policy_origin *ret)
{
	*ret = (struct policy_origin){ .text = S("10.0.0.1:443") };
	return number == ORIGIN_ENDS;
}

/* What mostly holds is asked of no value ahead, yet what an origin says tells that it does not. */
static void origins_say_what_is_not_asked(void **state UNUSED)
{
	static const struct policy_target t = { .type = EVENT_CONNECT,
						.get = get_of_connection,
						.origin = origin_of_connection };
	const struct rule *rules[] = { rule_of(
		"evt.type = connect and fd.sport = 443 and not fd.snet in (10.0.0.0/8) "
		"and fd.sip != 0.0.0.0 and not user.name = root",
		false) };
	struct bench b = bench_of(rules, 1, NULL);

	for (int i = 0; i < 20; i++) {
		const uint32_t *hits;
		size_t unknown;

		fetched = 0;
		assert_int_equal(policy_judge(b.run, &t, &hits, &unknown), 0);
	}
	assert_int_equal(fetched, 0);
	bench_done(&b);
}

/* A program that starts, by its number in its container. */
struct starting {
	struct policy_target target;
	int64_t vpid;
};

static void get_of_starting(const struct policy_target *t, const struct policy_ref *ref,
			    struct policy_value *ret)
{
	fetched++;
	*ret = (struct policy_value){ .state = POLICY_ABSENT };
	if (ref->field == FIELD_PROC_VPID)
		*ret = (struct policy_value){ .state = POLICY_KNOWN,
					      .count = 1,
					      .integer = ((const struct starting *)t)->vpid };
}

static bool origin_of_starting(const struct policy_target *t, unsigned int number,
			       struct policy_origin *ret)
{
	*ret = (struct policy_origin){ .number = ((const struct starting *)t)->vpid == 1 };
	return number == ORIGIN_ENTRY;
}

static size_t hits_of(struct bench *b, int64_t vpid)
{
	const struct starting s = {
		{ .type = EVENT_EXECVE, .get = get_of_starting, .origin = origin_of_starting }, vpid
	};
	const uint32_t *hits;
	size_t unknown;

	fetched = 0;
	return policy_judge(b->run, &s.target, &hits, &unknown);
}

/* What tells only whether a number is 1 is asked in its place where rules ask for nothing else. */
static void origin_tells_whether_it_is_one(void **state UNUSED)
{
	static const char *const others[] = { "proc.vpid = 7", "proc.vpid in (1, 7)",
					      "proc.vpid > 6", "proc.vpid = val(proc.vpid)" };
	const struct rule *rules[2] = { rule_of("evt.type = execve and proc.vpid = 1", false) };
	struct bench b = bench_of(rules, 1, NULL);

	for (int i = 0; i < 20; i++) {
		assert_int_equal(hits_of(&b, 7), 0);
		assert_int_equal(i < 9 ? 0 : fetched, 0);
		assert_int_equal(hits_of(&b, 1), 1);
		assert_int_equal(i < 9 ? 0 : fetched, 0);
	}
	bench_done(&b);
	for (size_t n = 0; n < ARRAY_LEN(others); n++) {
		rules[1] = rule_of(arena_printf(&arena, "evt.type = execve and %s", others[n]).p,
				   false);
		b = bench_of(rules, 2, NULL);
		for (int i = 0; i < 20; i++) {
			assert_int_equal(hits_of(&b, 3), n == 3);
			assert_int_equal(hits_of(&b, 7), 1);
		}
		bench_done(&b);
	}
}

/* Of the conditions above, some joined by each of the three operators, a few deep. */
static void put_condition(struct buf *b, uint32_t *draw, int depth)
{
	uint32_t parts = 2 + next(draw) % (depth > 1 ? 2 : 6);
	bool all = next(draw) % 2;

	if (!depth || next(draw) % 4 == 0) {
		buf_printf(b, "(%s)",
			   remembered_conditions[next(draw) % ARRAY_LEN(remembered_conditions)]);
		return;
	}
	buf_printf(b, next(draw) % 4 ? "(" : "not (");
	for (uint32_t i = 0; i < parts; i++) {
		buf_printf(b, "%s", !i ? "" : all ? " and " : " or ");
		put_condition(b, draw, depth - 1);
	}
	buf_printf(b, ")");
}

enum { RANDOM_RULES = 150 };

/* Whatever rules look like, values rule out only what does not hold: for values met before, new ones, and without memory. */
static void only_what_fails_is_ruled_out(void **state UNUSED)
{
	const struct rule *rules[RANDOM_RULES];
	uint32_t draw = 7;
	size_t held = 0;

	for (int round = 0; round < 12; round++) {
		struct policy_ip ip = { { 10, 0, 0, 1 }, 4 };
		struct policy_addresses name = { &ip, 1, round % 2 };
		struct bench b;

		for (size_t i = 0; i < RANDOM_RULES; i++) {
			OWNED_BUF text = BUF_INIT;

			put_condition(&text, &draw, 2);
			rules[i] = rule_of(arena_printf(&arena, "%s", buf_cstr(&text)).p,
					   next(&draw) % 3 == 0);
		}
		b = bench_of(rules, RANDOM_RULES, &name);
		for (int i = 0; i < 200; i++) {
			str json = some_event(&draw, i);

			held += check_judged(&b, b.plain, json);
			check_judged(&b, b.run, json);
		}
		bench_done(&b);
	}
	assert_true(held > 10000);
}

/* More values than are kept, so that each comes where another one was. */
static void values_replace_each_other(void **state UNUSED)
{
	static const char *const conditions[] = { "fd.name endswith 7", "fd.name = /v/00042",
						  "not fd.name contains 4",
						  "proc.name endswith 7" };
	const struct rule *rules[ARRAY_LEN(conditions)];
	struct bench b;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		rules[i] = rule_of(conditions[i], false);
	b = bench_of(rules, ARRAY_LEN(rules), NULL);
	for (uint32_t i = 0; i < 6000; i++) {
		str name = arena_printf(&arena, "/v/%05u", i * 7919 % 100000);
		str json = arena_printf(&arena,
					"{\"evt.type\": \"open\", \"fd.name\": \"%s\", "
					"\"proc.name\": \"%s\"}",
					name.p, i % 4 ? "/v/00042" : name.p);
		const struct policy_target *t = event_of(json.p);
		bool ends = str_ends(name, S("7"));
		bool four = memchr(name.p, '4', name.n);
		int want = ends + str_is(name, "/v/00042") + !four + (ends && i % 4 == 0);

		for (int again = 0; again < 6; again++) {
			const uint32_t *hits;
			size_t unknown;

			assert_int_equal(policy_judge(b.run, t, &hits, &unknown), want);
		}
	}
	bench_done(&b);
}

enum { PARTS = 100, ANCESTORS = 80 };

/* More parts than a way to hold has room for, and more fields than are asked ahead: none is passed over. */
static void many_parts_and_many_fields(void **state UNUSED)
{
	const struct rule *rules[1 + ANCESTORS];
	OWNED_BUF parts = BUF_INIT;
	struct bench b;
	size_t held = 0;

	for (int i = 0; i < PARTS; i++)
		buf_printf(&parts, "%snot fd.name endswith /%02d", i ? " and " : "", i);
	rules[0] = rule_of(buf_cstr(&parts), false);
	for (int i = 1; i <= ANCESTORS; i++)
		rules[i] = rule_of(arena_printf(&arena, "proc.aname[%d] in (a, b) and %s", i,
						i % 2 ? "proc.name = a" : "fd.name endswith 7")
					   .p,
				   false);
	b = bench_of(rules, ARRAY_LEN(rules), NULL);
	for (int i = 0; i <= PARTS; i++) {
		str json = arena_printf(&arena,
					"{\"evt.type\": \"open\", \"fd.name\": \"/%02d\", "
					"\"proc.name\": \"a\", \"proc.aname[%d]\": \"%s\"}",
					i, i % ANCESTORS + 1, i % 3 ? "b" : "c");

		for (int again = 0; again < 6; again++)
			held += check_judged(&b, b.run, json);
	}
	assert_true(held > PARTS);
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_are_remembered, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(origin_tells_whether_it_is_one, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(origins_say_what_is_not_asked, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(names_resolve_anew, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(only_what_fails_is_ruled_out, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(values_replace_each_other, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(many_parts_and_many_fields, arena_setup,
						arena_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

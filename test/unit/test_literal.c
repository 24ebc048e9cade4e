/* Tables, trees and automata over random literals and values find what comparing one by one finds. */
#include "unit.h"

#include <fnmatch.h>

#include "codec/regex.h"
#include "policy/ip_set.h"
#include "policy/literal.h"
#include "policy/pattern.h"

enum { LITERALS = 150, BITS = 70, VALUES = 400 };

static uint64_t seed;

static size_t draw(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(seed >> 33) % n;
}

/* Few letters, so that literals share beginnings and occur in values. */
static str text_of(struct arena *a, const char *letters, size_t most)
{
	size_t n = draw(most + 1);
	char *p = arena_alloc(a, n + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = letters[draw(strlen(letters))];
	return (str){ p, n };
}

struct scene {
	struct arena a;
	struct literal l[LITERALS];
	size_t count;
};

static void begin(struct scene *s, uint64_t from, const char *letters)
{
	arena_init(&s->a, 0);
	seed = from;
	s->count = draw(LITERALS) + 1;
	for (size_t i = 0; i < s->count; i++)
		s->l[i] = (struct literal){ text_of(&s->a, letters, 6), (uint32_t)draw(BITS) };
}

static void compare(const struct scene *s, const uint64_t *row, str value,
		    bool (*holds)(str value, str literal))
{
	for (uint32_t bit = 0; bit < BITS; bit++) {
		bool want = false;

		for (size_t i = 0; i < s->count; i++)
			want |= s->l[i].bit == bit && holds(value, s->l[i].text);
		if (literal_bit(row, bit) != want)
			fail_msg("bit %u of '%.*s': %d", bit, STR_ARG(value), !want);
	}
}

static bool contains(str value, str literal)
{
	for (size_t i = 0; i + literal.n <= value.n; i++)
		if (str_eq(str_take(str_skip(value, i), literal.n), literal))
			return true;
	return false;
}

static bool contains_folded(str value, str literal)
{
	for (size_t i = 0; i + literal.n <= value.n; i++)
		if (str_eq_nocase(str_take(str_skip(value, i), literal.n), literal))
			return true;
	return false;
}

static bool is_below(str value, str literal)
{
	return pattern_match_dir(literal, value);
}

static void tables_find_equals(void **state UNUSED)
{
	for (uint64_t round = 0; round < 30; round++) {
		struct literal_table *t;
		struct scene s;

		begin(&s, round, "ab");
		assert_int_equal(literal_table_new(s.l, s.count, BITS, &s.a, &t), 0);
		for (int i = 0; i < VALUES; i++) {
			str v = text_of(&s.a, "ab", 8);

			compare(&s, literal_table_find(t, v), v, str_eq);
		}
		arena_done(&s.a);
	}
}

static void trees(enum literal_end end, const char *letters, bool (*holds)(str, str))
{
	for (uint64_t round = 0; round < 30; round++) {
		struct literal_trie *t;
		struct scene s;

		begin(&s, round, letters);
		assert_int_equal(literal_trie_new(end, s.l, s.count, BITS, &s.a, &t), 0);
		for (int i = 0; i < VALUES; i++) {
			str v = text_of(&s.a, letters, 10);

			compare(&s, literal_trie_find(t, v), v, holds);
		}
		arena_done(&s.a);
	}
}

static void trees_find_beginnings(void **state UNUSED)
{
	trees(LITERAL_PREFIX, "abc", str_starts);
}

static void trees_find_ends(void **state UNUSED)
{
	trees(LITERAL_SUFFIX, "abc", str_ends);
}

static void trees_find_folders(void **state UNUSED)
{
	trees(LITERAL_DIR, "/a/b", is_below);
}

/* Of literals of at least so many bytes: the longer all are, the more of a value is passed over. */
static void automata(bool fold, const char *letters, size_t least, bool (*holds)(str, str))
{
	for (uint64_t round = 0; round < 30; round++) {
		struct literal_scan *t;
		struct scene s;

		begin(&s, round, letters);
		for (size_t i = 0; fold && i < s.count; i++)
			for (size_t k = 0; k < s.l[i].text.n; k++)
				if (s.l[i].text.p[k] < 'a')
					s.l[i].text = str_take(s.l[i].text, k);
		for (size_t i = s.count; i-- > 0;)
			if (s.l[i].text.n < least)
				s.l[i] = s.l[--s.count];
		assert_int_equal(literal_scan_new(fold, s.l, s.count, BITS, &s.a, &t), 0);
		for (int i = 0; i < VALUES; i++) {
			uint64_t row[2] = { 0 };
			str v = text_of(&s.a, letters, 20);

			literal_scan_find(t, v, row);
			compare(&s, row, v, holds);
		}
		arena_done(&s.a);
	}
}

static void automata_find_parts(void **state UNUSED)
{
	for (size_t least = 0; least < 5; least++) {
		automata(false, "abcd", least, contains);
		automata(true, least < 2 ? "abAB" : "abcdAB", least, contains_folded);
	}
}

/* fnmatch(3) is the authority; it is asked without what it does beyond the patterns of rules. */
static void patterns_match_as_fnmatch(void **state UNUSED)
{
	struct arena a;

	arena_init(&a, 0);
	seed = 7;
	for (int i = 0; i < 200000; i++) {
		str p = text_of(&a, "ab*?[]!-^\\/c", 7), t = text_of(&a, "ab/c-", 6);
		bool ours = pattern_match(p, t, false);
		str run = pattern_run(p);
		char pattern[16], text[16];

		memcpy(pattern, p.p, p.n);
		memcpy(text, t.p, t.n);
		pattern[p.n] = text[t.n] = '\0';
		if (ours && run.n && str_search(t, run) == t.n)
			fail_msg("'%s' matches '%s' without '%.*s'", pattern, text, STR_ARG(run));
		/* Unfinished brackets and a backslash at the end are read differently from one C library to the next. */
		if (str_find(p, '[') < p.n || str_find(p, '\\') < p.n)
			continue;
		if (ours != (fnmatch(pattern, text, 0) == 0))
			fail_msg("'%s' on '%s': %d", pattern, text, ours);
	}
	arena_done(&a);
	assert_true(pattern_match(S("[a-c]x"), S("bx"), false));
	assert_false(pattern_match(S("[!a-c]x"), S("bx"), false));
	assert_true(pattern_match(S("[]a]"), S("]"), false));
	assert_true(pattern_match(S("[[:digit:]]*"), S("7x"), false));
	assert_false(pattern_match(S("[[:digit:]]*"), S("x"), false));
	assert_true(pattern_match(S("\\*"), S("*"), false));
	assert_false(pattern_match(S("\\*"), S("a"), false));
	assert_true(pattern_match(S("[A-C]Y"), S("by"), true));
	assert_true(str_is(pattern_run(S("*/proc/[0-9]*/root/*")), "/proc/"));
	assert_true(str_is(pattern_run(S("a?bcd*\\*xy")), "bcd"));
	assert_int_equal(pattern_run(S("[abc]def")).n, 0);
	assert_true(pattern_is_extended(S("@(a|b)")));
	assert_false(pattern_is_extended(S("a(b)")));
}

/* A pattern of many stars on a long text must not take for ever. */
static void patterns_do_not_explode(void **state UNUSED)
{
	static char text[4000];
	char pattern[] = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";

	memset(text, 'a', sizeof(text));
	assert_false(pattern_match(str_from(pattern), (str){ text, sizeof(text) }, false));
}

static void networks_hold_addresses(void **state UNUSED)
{
	const str texts[] = { S("10.0.0.0/8"), S("192.168.1.7"), S("172.16.0.0/12"), S("fe80::/10"),
			      S("::1") };
	static const struct {
		const char *ip;
		bool in;
	} rows[] = { { "10.255.0.1", true },   { "11.0.0.1", false },      { "192.168.1.7", true },
		     { "192.168.1.8", false }, { "172.31.255.255", true }, { "172.32.0.0", false },
		     { "fe90::1", true },      { "fec0::1", false },       { "::1", true },
		     { "::2", false } };
	struct policy_ip ip;
	struct ip_set *s;
	struct arena a;
	size_t bad;

	arena_init(&a, 0);
	assert_int_equal(ip_set_new(texts, ARRAY_LEN(texts), &a, &s, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ip_parse(str_from(rows[i].ip), &ip, NULL), 0);
		if (ip_set_has(s, &ip) != rows[i].in)
			fail_msg("%s", rows[i].ip);
	}
	assert_int_equal(
		ip_set_new((const str[]){ S("1.1.1.1"), S("1.1.1.1/33") }, 2, &a, &s, &bad, NULL),
		-EBADMSG);
	assert_int_equal(bad, 1);
	arena_done(&a);
}

static void expressions_are_re2s(void **state UNUSED)
{
	static const char *const refused[] = { "(?=a)", "(?<!a)",  "(a)\\1", "(?>a)", "a++",
					       "(?R)",  "(*FAIL)", "(",      "[a",    "a{2}+" };
	struct regex_scratch *s;
	struct regex *r;
	static char text[30];

	assert_int_equal(regex_scratch_new(&s, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (regex_new(str_from(refused[i]), &r, NULL, NULL) != -EBADMSG)
			fail_msg("%s", refused[i]);
	assert_int_equal(regex_new(S("(?i)a[^/]*|b."), &r, NULL, NULL), 0);
	assert_int_equal(regex_match(r, s, S("Axy")), 1);
	assert_int_equal(regex_match(r, s, S("b\n")), 1);
	assert_int_equal(regex_match(r, s, S("xa")), 0);
	assert_int_equal(regex_match(r, s, S("a/")), 0);
	regex_free(r);
	assert_int_equal(regex_new(S("(a+)+[bc]d?"), &r, NULL, NULL), 0);
	memset(text, 'a', sizeof(text));
	assert_int_equal(regex_match(r, s, (str){ text, sizeof(text) }), -E2BIG);
	regex_free(r);
	regex_scratch_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_find_equals),
		cmocka_unit_test(trees_find_beginnings),
		cmocka_unit_test(trees_find_ends),
		cmocka_unit_test(trees_find_folders),
		cmocka_unit_test(automata_find_parts),
		cmocka_unit_test(patterns_match_as_fnmatch),
		cmocka_unit_test(patterns_do_not_explode),
		cmocka_unit_test(networks_hold_addresses),
		cmocka_unit_test(expressions_are_re2s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"
#include "unit_arena.h"

#include "base/time.h"
#include "console/notify/intel.h"
#include "policy/program.h"

enum { NOW = 1795285228 };

static struct intel_read plain(enum intel_kind k, const char *text)
{
	struct intel_read r = { 0 };
	struct err e = { 0 };

	if (intel_read(str_from(text), k, NOW, &arena, &r, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

static void entries(const struct intel_read *r, size_t count, const char *const *wanted)
{
	assert_int_equal(r->count, count);
	for (size_t i = 0; i < count; i++)
		assert_str(r->entries[i], wanted[i]);
}

#define ENTRIES(r, ...) \
	entries(&(r), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
		(const char *[]){ __VA_ARGS__ })

static void reads_lists_of_addresses(void **state UNUSED)
{
	const struct intel_read r = plain(INTEL_IP, "\xef\xbb\xbf# Feodo\r\n"
						    "198.51.100.7,8080,online\r\n"
						    "203.0.113.0/24 ; SBL1\n"
						    "203.0.113.99/24\n"
						    "198.51.100[.]7\n"
						    "\"192.0.2.1\"\t\"x\"\n"
						    "2001:DB8::1\n"
						    "\n; comment\n"
						    "0.0.0.0/0\n"
						    "127.0.0.1\n"
						    "::1\n"
						    "10.0.0.0/7\n"
						    "bad.example\n"
						    "1.2.3.256\n");

	ENTRIES(r, "192.0.2.1", "198.51.100.7", "2001:db8::1", "203.0.113.0/24");
	assert_int_equal(r.others, 1);
	assert_int_equal(r.not_understood, 5);
	assert_int_equal(r.first, 10);
}

static void reads_lists_of_names(void **state UNUSED)
{
	const struct intel_read r = plain(INTEL_DOMAIN, "0.0.0.0 Bad.Example\n"
							"127.0.0.1\tworse.example. # x\n"
							"bad[.]example\n"
							"*.wild.example\n"
							"localhost\n"
							"-x.example\n"
							"xn--80ak6aa92e.com\n"
							"_dmarc.example.org\n"
							"1.2.3.4\n"
							"a..b\n"
							"http://x.example/y\n");

	ENTRIES(r, "_dmarc.example.org", "bad.example", "worse.example", "xn--80ak6aa92e.com");
	assert_int_equal(r.others, 1);
	assert_int_equal(r.not_understood, 5);
}

static void reads_lists_of_hashes(void **state UNUSED)
{
	const struct intel_read r = plain(
		INTEL_HASH, "D41D8CD98F00B204E9800998ECF8427E  empty\n"
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
			    "d41d8cd98f00b204e9800998ecf8427\n");

	ENTRIES(r, "d41d8cd98f00b204e9800998ecf8427e",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(r.not_understood, 1);
}

static const char bundle[] =
	"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
	"{\"type\":\"identity\",\"name\":\"x\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.1']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.2' OR "
	"ipv4-addr:value = '198.51.100.3'] OR [ipv6-addr:value IN ('2001:db8::5', "
	"'2001:db8::6')]\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value ISSUBSET "
	"'203.0.113.0/24']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[domain-name:value = "
	"'Bad.example'"
	" OR ipv4-addr:value = '198.51.100.4']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[file:hashes.'SHA-256' = "
	"'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']\"},"
	/* what says more than "any of" */
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.9' AND "
	"network-traffic:dst_port = 22]\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.10'] "
	"FOLLOWEDBY [ipv4-addr:value = '198.51.100.11']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.12'] WITHIN 5 SECONDS\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value != "
	"'198.51.100.13']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.14' OR "
	"url:value = 'http://x']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"snort\",\"pattern\":\"[ipv4-addr:value = "
	"'198.51.100.15']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"[ipv4-addr:value = "
	"'0.0.0.0/0']\"},"
	/* no more, not yet */
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"revoked\":true,\"pattern\":\"[ipv4-"
	"addr:value = '198.51.100.16']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"valid_until\":\"2020-01-01T00:00:"
	"00Z\",\"pattern\":"
	"\"[ipv4-addr:value = '198.51.100.17']\"},"
	"{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"valid_from\":\"2990-01-01T00:00:00Z\","
	"\"pattern\":"
	"\"[ipv4-addr:value = '198.51.100.18']\"}"
	"]}";

static void reads_bundles(void **state UNUSED)
{
	struct intel_read r = plain(INTEL_IP, bundle);

	ENTRIES(r, "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4", "2001:db8::5",
		"2001:db8::6", "203.0.113.0/24");
	assert_int_equal(r.not_understood, 7);
	assert_int_equal(r.first, 6);
	assert_int_equal(r.over, 3);
	assert_int_equal(r.others, 2);
	r = plain(INTEL_DOMAIN, bundle);
	ENTRIES(r, "bad.example");
	r = plain(INTEL_HASH, bundle);
	ENTRIES(r, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* What is left out of an indicator that has more is told. */
static void counts_what_is_of_another_kind_beside_what_is_taken(void **state UNUSED)
{
	static const char mixed[] = "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\","
				    "\"pattern_type\":\"stix\",\"pattern\":"
				    "\"[ipv4-addr:value = '198.51.100.1'] OR [domain-name:value IN "
				    "('a.example', 'b.example')]\"}]}";
	struct intel_read r = plain(INTEL_IP, mixed);

	ENTRIES(r, "198.51.100.1");
	assert_int_equal(r.others, 2);
	r = plain(INTEL_DOMAIN, mixed);
	ENTRIES(r, "a.example", "b.example");
	assert_int_equal(r.others, 1);
}

static void knows_when_the_first_ends(void **state UNUSED)
{
	static const char valid[] =
		"{\"type\":\"bundle\",\"objects\":["
		"{\"type\":\"indicator\",\"valid_until\":\"2990-01-02T00:00:00Z\",\"pattern\":"
		"\"[ipv4-addr:value = '198.51.100.1']\"},"
		"{\"type\":\"indicator\",\"valid_until\":\"2990-01-01T00:00:00Z\",\"pattern\":"
		"\"[ipv4-addr:value = '198.51.100.2']\"},"
		"{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value = '198.51.100.3']\"},"
		"{\"type\":\"indicator\",\"valid_until\":\"2980-01-01T00:00:00Z\",\"pattern\":"
		"\"[domain-name:value = 'not.asked']\"}]}";
	int64_t want;

	assert_int_equal(time_parse(S("2990-01-01T00:00:00Z"), &want), 0);
	assert_int_equal(plain(INTEL_IP, valid).ends_s, want);
	assert_int_equal(plain(INTEL_IP, bundle).ends_s, 0);
}

static void refuses_what_is_no_bundle(void **state UNUSED)
{
	struct intel_read r;

	assert_int_equal(intel_read(S("{\"type\":\"x\"}"), INTEL_IP, NOW, &arena, &r, NULL),
			 -EBADMSG);
	assert_int_equal(intel_read(S("{"), INTEL_IP, NOW, &arena, &r, NULL), -EBADMSG);
	assert_int_equal(plain(INTEL_IP, "{\"type\":\"bundle\",\"objects\":7}").count, 0);
	assert_int_equal(plain(INTEL_IP, "").count, 0);
}

static void bounds_what_it_takes(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	struct intel_read r;

	for (unsigned int i = 0; i <= INTEL_MAX_ENTRIES; i++)
		buf_printf(&b, "10.%u.%u.%u\n", i >> 16, i >> 8 & 255, i & 255);
	assert_int_equal(intel_read(buf_str(&b), INTEL_IP, NOW, &arena, &r, NULL), -E2BIG);
}

/* The rules load, and hold for what is listed. */
static void writes_rules_that_load(void **state UNUSED)
{
	const struct intel_list lists[] = {
		{ S("feodo"), INTEL_IP, S("198.51.100.7\n203.0.113.0/24\n2001:db8::1\n") },
		{ S("more-ips"), INTEL_IP, S("192.0.2.1\n") },
		{ S("names"), INTEL_DOMAIN, S("bad.example\n_x.example\n") },
		{ S("hashes"), INTEL_HASH, S("d41d8cd98f00b204e9800998ecf8427e\n") },
	};

	for (size_t count = 0; count <= ARRAY_LEN(lists); count++) {
		OWNED_BUF b = BUF_INIT;
		struct policy_program *p;
		struct rule_set *set;
		const struct rule_note *notes;
		struct err e = { 0 };
		size_t n, rules;

		assert_int_equal(intel_render_rules(lists, count, &b, &e), 0);
		assert_int_equal(rule_set_new(&set, &e), 0);
		assert_int_equal(rule_set_add(set, S("intelligence"), buf_str(&b), &e), 0);
		assert_int_equal(rule_set_finish(set, &e), 0);
		assert_int_equal(policy_compile(set, &policy_events, &p, &e), 0);
		notes = rule_set_notes(set, &n);
		for (size_t i = 0; i < n; i++)
			if (rule_code_is_error(notes[i].code))
				fail_msg("%.*s in\n%.*s", STR_ARG(notes[i].message),
					 STR_ARG(buf_str(&b)));
		policy_rules(p, &rules);
		assert_int_equal(rules, (count >= 1) + (count >= 3) + (count >= 4));
		policy_free(p);
		rule_set_free(set);
	}
}

static void names_of_lists(void **state UNUSED)
{
	assert_true(intel_is_name(S("abuse-ch_feodo2")));
	assert_false(intel_is_name(S("")) || intel_is_name(S("a b")) || intel_is_name(S("ip")) ||
		     intel_is_name(S("a\nb")) || intel_is_name(S("x]")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lists_of_addresses),
		cmocka_unit_test(reads_lists_of_names),
		cmocka_unit_test(reads_lists_of_hashes),
		cmocka_unit_test(reads_bundles),
		cmocka_unit_test(counts_what_is_of_another_kind_beside_what_is_taken),
		cmocka_unit_test(knows_when_the_first_ends),
		cmocka_unit_test(knows_when_the_first_ends),
		cmocka_unit_test(refuses_what_is_no_bundle),
		cmocka_unit_test(bounds_what_it_takes),
		cmocka_unit_test(writes_rules_that_load),
		cmocka_unit_test(names_of_lists),
	};

	return cmocka_run_group_tests_name("intel", tests, arena_setup, arena_teardown);
}

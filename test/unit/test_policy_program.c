#include "unit.h"
#include "unit_arena.h"

#include <stdio.h>

#include "model/event.h"
#include "policy_rule.h"

static char last_note[300];
static uint32_t last_offset;

static int keep_note(void *ctx UNUSED, const struct rule *r UNUSED, enum rule_code c,
		     uint32_t offset, str message, struct err *e UNUSED)
{
	snprintf(last_note, sizeof(last_note), "%d: %.*s", c, STR_ARG(message));
	last_offset = offset;
	return 0;
}

static enum policy_verdict judge_as(const char *condition, const char *json, bool falco)
{
	const struct rule *r = rule_of(condition, falco);
	struct policy_program *p;
	struct policy_run *run = NULL;
	struct err e = { 0 };
	const uint32_t *hits;
	size_t unknown, n;
	enum policy_verdict alone, together;

	last_note[0] = 0;
	if (policy_compile_rules(&r, 1, &policy_events, keep_note, NULL, &p, &e) < 0 ||
	    policy_run_new(p, &run, &e) < 0)
		fail_msg("%s", e.text);
	if (last_note[0])
		fail_msg("%s: %s", condition, last_note);
	alone = policy_judge_rule(run, event_of(json), 0);
	n = policy_judge(run, event_of(json), &hits, &unknown);
	together = n ? POLICY_TRUE : unknown ? POLICY_MAYBE : POLICY_FALSE;
	assert_int_equal(alone, together);
	policy_run_free(run);
	policy_free(p);
	return alone;
}

static enum policy_verdict judge(const char *condition, const char *json)
{
	return judge_as(condition, json, false);
}

struct row {
	const char *condition, *value; /* of the field, in JSON */
	enum policy_verdict verdict;
};

/* The event has one field besides its type. */
static void check_rows(const char *field, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		str json = arena_printf(&arena, "{\"evt.type\": \"openat\", \"%s\": %s}", field,
					rows[i].value);
		enum policy_verdict v = judge(rows[i].condition, json.p);

		if (v != rows[i].verdict)
			fail_msg("%s on %s: %d, want %d", rows[i].condition, rows[i].value, v,
				 rows[i].verdict);
	}
}

static void strings_compare(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "fd.name = /etc/passwd", "\"/etc/passwd\"", POLICY_TRUE },
		{ "fd.name = /etc/passwd", "\"/etc/passwd2\"", POLICY_FALSE },
		{ "fd.name != /etc/passwd", "\"/etc/passwd2\"", POLICY_TRUE },
		{ "fd.name != /etc/passwd", "\"/etc/passwd\"", POLICY_FALSE },
		{ "fd.name = ''", "\"\"", POLICY_TRUE },
		{ "fd.name = ''", "\"x\"", POLICY_FALSE },
		{ "fd.name in (/a, /b)", "\"/b\"", POLICY_TRUE },
		{ "fd.name in (/a, /b)", "\"/c\"", POLICY_FALSE },
		{ "fd.name in ()", "\"/c\"", POLICY_FALSE },
		{ "fd.name intersects (/a, /b)", "\"/a\"", POLICY_TRUE },
		{ "fd.name startswith /etc", "\"/etcetera\"", POLICY_TRUE },
		{ "fd.name startswith /etc", "\"/et\"", POLICY_FALSE },
		{ "fd.name startswith ''", "\"/et\"", POLICY_TRUE },
		{ "fd.name endswith .so", "\"/lib/x.so\"", POLICY_TRUE },
		{ "fd.name endswith .so", "\"so\"", POLICY_FALSE },
		{ "fd.name contains ..", "\"/a/../b\"", POLICY_TRUE },
		{ "fd.name contains ..", "\"/a./b\"", POLICY_FALSE },
		{ "fd.name contains ''", "\"\"", POLICY_TRUE },
		{ "fd.name contains aXb", "\"axb\"", POLICY_FALSE },
		{ "fd.name icontains aXb", "\"..AxB\"", POLICY_TRUE },
		{ "fd.name icontains aXb", "\"..A-B\"", POLICY_FALSE },
		{ "fd.name glob /e*/p?sswd", "\"/etc/x/passwd\"", POLICY_TRUE },
		{ "fd.name glob /e*/[!a-o]asswd", "\"/etc/passwd\"", POLICY_TRUE },
		{ "fd.name glob /e*/[!a-p]asswd", "\"/etc/passwd\"", POLICY_FALSE },
		{ "fd.name glob /etc/*", "\"/etc/a/b\"", POLICY_TRUE },
		{ "fd.name glob '*shadow'", "\"/etc/shadow\"", POLICY_TRUE },
		{ "fd.name glob '*hado*'", "\"/etc/shadow\"", POLICY_TRUE },
		{ "fd.name glob /etc/shadow", "\"/etc/shadow\"", POLICY_TRUE },
		{ "fd.name glob /etc/SHADOW", "\"/etc/shadow\"", POLICY_FALSE },
		{ "fd.name iglob /etc/SHA*", "\"/etc/shadow\"", POLICY_TRUE },
		{ "fd.name regex '/etc/[a-z]+'", "\"/etc/shadow\"", POLICY_TRUE },
		{ "fd.name regex '/etc/[a-z]+'", "\"/etc/shadow/x\"", POLICY_FALSE },
		{ "fd.name regex 'etc'", "\"/etc\"", POLICY_FALSE },
		{ "fd.name pmatch (/var/run, /etc)", "\"/var/run/x\"", POLICY_TRUE },
		{ "fd.name pmatch (/var/run, /etc)", "\"/var/run\"", POLICY_TRUE },
		{ "fd.name pmatch (/var/run, /etc)", "\"/var/runner\"", POLICY_FALSE },
		{ "fd.name pmatch (/var/run, /etc)", "\"/var\"", POLICY_FALSE },
		{ "fd.name pmatch (/var/run/, /)", "\"/x\"", POLICY_TRUE },
		{ "fd.name pmatch (/var//run)", "\"//var/run///x\"", POLICY_TRUE },
		{ "fd.name pmatch (/var, /var/run)", "\"/var/run2\"", POLICY_TRUE },
		{ "fd.name pmatch (/home/*/.ssh)", "\"/home/me/.ssh/id\"", POLICY_TRUE },
		{ "fd.name pmatch (/home/*/.ssh)", "\"/home/me/x/.ssh\"", POLICY_FALSE },
	};

	check_rows("fd.name", rows, ARRAY_LEN(rows));
}

static void strings_that_look_like_numbers_compare_as_strings(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "evt.res != -1", "\"SUCCESS\"", POLICY_TRUE },
		{ "evt.res = -1", "\"-1\"", POLICY_TRUE },
		{ "evt.res startswith E", "\"EPERM\"", POLICY_TRUE },
		{ "evt.res in (EPERM, ENOENT)", "\"ENOENT\"", POLICY_TRUE },
	};

	check_rows("evt.res", rows, ARRAY_LEN(rows));
}

static void numbers_compare(void **state UNUSED)
{
	static const struct row signed_rows[] = {
		{ "evt.rawres < 0", "-1", POLICY_TRUE },
		{ "evt.rawres < 0", "0", POLICY_FALSE },
		{ "evt.rawres >= 0", "0", POLICY_TRUE },
		{ "evt.rawres > -2", "-1", POLICY_TRUE },
		{ "evt.rawres <= -2", "-1", POLICY_FALSE },
		{ "evt.rawres = 0x10", "16", POLICY_TRUE },
		{ "evt.rawres != 16", "16", POLICY_FALSE },
		{ "evt.rawres in (1, 5, 3)", "3", POLICY_TRUE },
		{ "evt.rawres in (1, 5, 3)", "4", POLICY_FALSE },
		{ "evt.rawres intersects (4, -9)", "-9", POLICY_TRUE },
		{ "evt.rawres < 9223372036854775807", "-9223372036854775807", POLICY_TRUE },
	};
	static const struct row unsigned_rows[] = {
		{ "proc.tty = 0", "0", POLICY_TRUE },
		{ "proc.tty > 18446744073709551614", "\"18446744073709551615\"", POLICY_TRUE },
		{ "proc.tty >= 34816", "34817", POLICY_TRUE },
		{ "proc.tty != 0", "0", POLICY_FALSE },
	};
	static const struct row durations[] = {
		{ "proc.duration <= 5000000", "5000000", POLICY_TRUE },
		{ "proc.duration < 5ms", "4999999", POLICY_TRUE },
		{ "proc.duration < 5ms", "5000000", POLICY_FALSE },
		{ "proc.duration >= 2h", "7200000000000", POLICY_TRUE },
	};
	static const struct row flags[] = {
		{ "evt.is_open_write = true", "true", POLICY_TRUE },
		{ "evt.is_open_write = true", "false", POLICY_FALSE },
		{ "evt.is_open_write != true", "false", POLICY_TRUE },
		{ "evt.is_open_write in (false)", "false", POLICY_TRUE },
	};

	check_rows("evt.rawres", signed_rows, ARRAY_LEN(signed_rows));
	check_rows("proc.tty", unsigned_rows, ARRAY_LEN(unsigned_rows));
	check_rows("proc.duration", durations, ARRAY_LEN(durations));
	check_rows("evt.is_open_write", flags, ARRAY_LEN(flags));
}

static void both_ends_compare(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "fd.ip = 10.0.0.1", "[\"10.0.0.1\", \"8.8.8.8\"]", POLICY_TRUE },
		{ "fd.ip = 8.8.8.8", "[\"10.0.0.1\", \"8.8.8.8\"]", POLICY_TRUE },
		{ "fd.ip != 8.8.8.8", "[\"10.0.0.1\", \"8.8.8.8\"]", POLICY_FALSE },
		{ "fd.ip != 1.1.1.1", "[\"10.0.0.1\", \"8.8.8.8\"]", POLICY_TRUE },
		{ "not fd.ip = 8.8.8.8", "[\"10.0.0.1\", \"8.8.8.8\"]", POLICY_FALSE },
		{ "fd.ip in (10.0.0.0/8)", "[\"9.0.0.1\", \"10.8.8.8\"]", POLICY_TRUE },
		{ "fd.ip = fe80::1", "[\"fe80:0::1\", \"::1\"]", POLICY_TRUE },
	};
	static const struct row nets[] = {
		{ "fd.snet in (10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12)", "\"172.31.9.9\"",
		  POLICY_TRUE },
		{ "fd.snet in (10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12)", "\"172.32.9.9\"",
		  POLICY_FALSE },
		{ "fd.snet = 0.0.0.0/0", "\"1.2.3.4\"", POLICY_TRUE },
		{ "fd.snet = 0.0.0.0/0", "\"::1\"", POLICY_FALSE },
		{ "fd.snet != fe80::/10", "\"fe81::1\"", POLICY_FALSE },
		{ "fd.snet = 10.1.2.3/8", "\"10.200.0.0\"", POLICY_TRUE },
	};
	static const struct row ports[] = {
		{ "fd.port = 443", "[50000, 443]", POLICY_TRUE },
		{ "fd.port = https", "[50000, 443]", POLICY_TRUE },
		{ "fd.port != 443", "[50000, 443]", POLICY_FALSE },
		{ "fd.port != 80", "[50000, 443]", POLICY_TRUE },
		{ "fd.port in (22, 443)", "[50000, 443]", POLICY_TRUE },
		{ "fd.port > 49999", "[50000, 443]", POLICY_TRUE },
	};

	check_rows("fd.ip", rows, ARRAY_LEN(rows));
	check_rows("fd.snet", nets, ARRAY_LEN(nets));
	check_rows("fd.port", ports, ARRAY_LEN(ports));
}

static void ancestors_compare(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "proc.aname = sshd", "[\"bash\", \"sshd\", \"systemd\"]", POLICY_TRUE },
		{ "proc.aname = init", "[\"bash\", \"sshd\", \"systemd\"]", POLICY_FALSE },
		{ "proc.aname in (x, systemd)", "[\"bash\", \"sshd\", \"systemd\"]", POLICY_TRUE },
		{ "proc.aname != sshd", "[\"bash\", \"sshd\"]", POLICY_TRUE },
		{ "proc.aname != sshd", "[\"sshd\", \"sshd\"]", POLICY_FALSE },
		{ "not proc.aname = sshd", "[\"bash\", \"sshd\"]", POLICY_FALSE },
		{ "proc.aname startswith ss", "[\"bash\", \"sshd\"]", POLICY_TRUE },
		{ "proc.aname contains sh", "[\"bash\", \"init\"]", POLICY_TRUE },
		{ "proc.aname[2] = sshd", "[\"bash\", \"sshd\"]", POLICY_TRUE },
		{ "proc.aname[1] = sshd", "[\"bash\", \"sshd\"]", POLICY_FALSE },
		{ "proc.aname[3] = sshd", "[\"bash\", \"sshd\"]", POLICY_FALSE },
		{ "proc.aname[3] exists", "[\"bash\", \"sshd\"]", POLICY_FALSE },
		{ "proc.aname[2] exists", "[\"bash\", \"sshd\"]", POLICY_TRUE },
		{ "proc.aname = x", "[]", POLICY_FALSE },
		{ "proc.aname != x", "[]", POLICY_FALSE },
		{ "proc.aname exists", "[]", POLICY_FALSE },
	};

	check_rows("proc.aname", rows, ARRAY_LEN(rows));
}

static void bytes_compare(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "evt.buffer bcontains 001f", "\"hex:ff001f\"", POLICY_TRUE },
		{ "evt.buffer bcontains 001f", "\"hex:1f00\"", POLICY_FALSE },
		{ "evt.buffer bstartswith 4745", "\"GET /\"", POLICY_TRUE },
		{ "evt.buffer bstartswith 4745", "\" GET /\"", POLICY_FALSE },
		{ "evt.buffer contains ET", "\"GET /\"", POLICY_TRUE },
	};

	check_rows("evt.buffer", rows, ARRAY_LEN(rows));
}

static void transformers_apply(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "tolower(proc.name) = bash", "\"BaSh\"", POLICY_TRUE },
		{ "toupper(proc.name) in (BASH, SH)", "\"BaSh\"", POLICY_TRUE },
		{ "b64(proc.name) = hello", "\"aGVsbG8=\"", POLICY_TRUE },
		{ "b64(proc.name) = hello", "\"???\"", POLICY_FALSE },
		{ "b64(proc.name) != hello", "\"???\"", POLICY_FALSE },
		{ "basename(proc.name) = x.so", "\"/lib/x.so\"", POLICY_TRUE },
		{ "basename(proc.name) = x.so", "\"x.so\"", POLICY_TRUE },
		{ "len(proc.name) > 4", "\"12345\"", POLICY_TRUE },
		{ "len(proc.name) = 4", "\"12345\"", POLICY_FALSE },
		{ "tolower(basename(proc.name)) = x", "\"/A/X\"", POLICY_TRUE },
		{ "concat(proc.name, \"-\", proc.name) = a-a", "\"a\"", POLICY_TRUE },
		{ "join(\"/\", (proc.name, \"b\")) = a/b", "\"a\"", POLICY_TRUE },
		{ "proc.name = tolower(proc.name)", "\"a\"", POLICY_TRUE },
		{ "proc.name = tolower(proc.name)", "\"A\"", POLICY_FALSE },
		{ "proc.name = val(proc.name)", "\"A\"", POLICY_TRUE },
		{ "proc.name != val(proc.name)", "\"A\"", POLICY_FALSE },
		{ "proc.name = val(proc.pname)", "\"A\"", POLICY_MAYBE },
		{ "proc.name startswith concat(\"A\", \"b\")", "\"Abc\"", POLICY_TRUE },
	};
	static const struct row args[] = {
		{ "getopt(proc.args, \"c:v\")[c] = \"id\"", "\"-v -c id\"", POLICY_TRUE },
		{ "getopt(proc.args, \"c:v\")[c] = \"id\"", "\"-cid\"", POLICY_TRUE },
		{ "getopt(proc.args, \"c:v\")[v] exists", "\"-vc id\"", POLICY_TRUE },
		{ "getopt(proc.args, \"c:v\")[v] exists", "\"-c -v\"", POLICY_FALSE },
		{ "getopt(proc.args, \"c:v\")[v] exists", "\"-- -v\"", POLICY_FALSE },
	};

	check_rows("proc.name", rows, ARRAY_LEN(rows));
	check_rows("proc.args", args, ARRAY_LEN(args));
}

static void quantifiers_count(void **state UNUSED)
{
	static const struct row rows[] = {
		{ "proc.name startswith oneof (a, b)", "\"ax\"", POLICY_TRUE },
		{ "proc.name startswith oneof (a, ax)", "\"ax\"", POLICY_FALSE },
		{ "proc.name startswith anyof (a, ax)", "\"ax\"", POLICY_TRUE },
		{ "proc.name startswith anyof (b, c)", "\"ax\"", POLICY_FALSE },
		{ "proc.name contains allof (b, c)", "\"abc\"", POLICY_TRUE },
		{ "proc.name contains allof (b, c)", "\"ab\"", POLICY_FALSE },
		{ "proc.name != allof (b, c)", "\"a\"", POLICY_TRUE },
		{ "proc.name != anyof (b, c)", "\"b\"", POLICY_TRUE },
		{ "proc.name contains allof ()", "\"ab\"", POLICY_FALSE },
		{ "proc.name glob anyof (a*, ?b)", "\"ab\"", POLICY_TRUE },
	};

	check_rows("proc.name", rows, ARRAY_LEN(rows));
}

/* Absent: every comparison false. Unknown: no verdict, whatever surrounds it, unless the rest decides. */
static void absent_and_unknown(void **state UNUSED)
{
	static const char *const checks[] = {
		"fd.name = x",
		"fd.name != x",
		"fd.name in (x)",
		"fd.name contains x",
		"fd.name glob x*y",
		"fd.name regex x",
		"fd.name pmatch (x)",
		"fd.name < 7",
		"fd.name exists",
		"fd.num = 1",
		"fd.num != 1",
		"fd.num >= 0",
		"fd.ip != 1.2.3.4",
		"fd.sport in (1)",
		"fd.sip.name = example.com",
		"fd.connected=true",
		"proc.aname = x",
		"proc.aname[2] != x",
		"tolower(fd.name)=x",
		"fd.name = val(proc.name)",
		"len(fd.name) > 0",
		"fd.name contains oneof (x, y)",
	};

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		str not = arena_printf(&arena, "not %s", checks[i]);
		str both = arena_printf(&arena, "%s and evt.type = connect", checks[i]);
		str either = arena_printf(&arena, "%s or evt.type = open", checks[i]);
		static const char absent[] = "{\"evt.type\": \"open\", \"complete\": true}";
		static const char unknown[] = "{\"evt.type\": \"open\"}";

		if (judge(checks[i], absent) != POLICY_FALSE ||
		    judge(not .p, absent) != POLICY_TRUE ||
		    judge(checks[i], unknown) != POLICY_MAYBE ||
		    judge(not .p, unknown) != POLICY_MAYBE ||
		    judge(both.p, unknown) != POLICY_FALSE ||
		    judge(either.p, unknown) != POLICY_TRUE ||
		    judge_as(checks[i], unknown, true) != POLICY_FALSE ||
		    judge_as(not .p, unknown, true) != POLICY_TRUE)
			fail_msg("%s", checks[i]);
	}
}

static void never_is_never(void **state UNUSED)
{
	assert_int_equal(judge("evt.num = 0", "{\"evt.type\": \"open\"}"), POLICY_FALSE);
	assert_int_equal(judge("not (evt.num=0)", "{\"evt.type\": \"open\"}"), POLICY_TRUE);
}

static void types_are_decided_ahead(void **state UNUSED)
{
	const struct rule *rules[] = {
		rule_of("evt.type in (open, openat) and fd.name = /x", false),
		rule_of("evt.type startswith exec or (evt.type = connect and fd.sport = 1)", false),
		rule_of("not evt.type = open", false),
		rule_of("evt.type = nosuch", false),
	};
	struct policy_program *p;
	struct policy_run *run = NULL;
	struct err e = { 0 };
	const uint32_t *hits;
	size_t unknown;

	if (policy_compile_rules(rules, 4, &policy_events, NULL, NULL, &p, &e) < 0 ||
	    policy_run_new(p, &run, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(policy_types(p)[EVENT_OPEN]);
	assert_true(policy_types(p)[EVENT_EXECVE]);
	assert_int_equal(policy_judge(run, event_of("{\"evt.type\": \"execve\"}"), &hits, &unknown),
			 2);
	assert_int_equal(hits[0], 1);
	assert_int_equal(hits[1], 2);
	assert_int_equal(unknown, 0);
	assert_int_equal(policy_judge(run, event_of("{\"evt.type\": \"open\"}"), &hits, &unknown),
			 0);
	assert_int_equal(unknown, 1);
	assert_true(policy_uses(p, FIELD_FD_SPORT));
	assert_false(policy_uses(p, FIELD_PROC_NAME));
	policy_run_free(run);
	policy_free(p);
}

static void undecided_rules_are_counted(void **state UNUSED)
{
	const struct rule *rules[] = {
		rule_of("evt.type = open and (fd.name = /x or proc.name = y)", false),
		rule_of("evt.type = open and (proc.name = y or fd.name = /x)", false),
		rule_of("evt.type = open and proc.name = z and fd.name = /x", false),
		rule_of("evt.type = open and (fd.name = /x or fd.num = 3)", false),
		rule_of("evt.type = open and fd.name = /x", true),
	};
	static const uint64_t want[] = { 0, 0, 0, 2, 0 };
	struct policy_program *p;
	struct policy_run *run = NULL;
	struct err e = { 0 };
	const uint32_t *hits;
	size_t unknown;

	if (policy_compile_rules(rules, ARRAY_LEN(rules), &policy_events, NULL, NULL, &p, &e) < 0 ||
	    policy_run_new(p, &run, &e) < 0)
		fail_msg("%s", e.text);
	/* The first time is one that waits for more. */
	for (int i = 0; i < 3; i++) {
		const char *event = "{\"evt.type\": \"open\", \"proc.name\": \"y\"}";

		assert_int_equal(policy_judge(run, event_of(event), &hits, &unknown), 2);
		assert_int_equal(unknown, 1);
		if (i)
			policy_count_undecided(run);
	}
	for (uint32_t i = 0; i < ARRAY_LEN(rules); i++)
		assert_int_equal(policy_rule_undecided(run, i), want[i]);
	policy_run_free(run);
	policy_free(p);
}

static void wrong_rules_are_told(void **state UNUSED)
{
	static const struct {
		const char *condition, *note;
		uint32_t offset;
	} rows[] = {
		{ "evt.type = open and fd.num = abc", "'abc' is no value of type integer", 20 },
		{ "fd.num contains 1", "a field of type integer has no operator 'contains'", 0 },
		{ "proc.tty = -1", "'-1' is no value of type unsigned", 0 },
		{ "fd.sport = 65536", "'65536' is no value of type port", 0 },
		{ "fd.sip = 1.2.3", "'1.2.3' is no address and no network", 0 },
		{ "fd.snet = 10.0.0.0/33", "'10.0.0.0/33' is no network", 0 },
		{ "fd.connected = yes", "'yes' is no value of type boolean", 0 },
		{ "not fd.name regex '('", "malformed regular expression", 4 },
		{ "fd.name regex '(?=x)'", "what RE2 has not", 0 },
		{ "evt.buffer bcontains xyz", "no run of bytes in hexadecimal", 0 },
		{ "fd.name = val(fd.num)", "cannot be compared with one of type integer", 0 },
		{ "tolower(fd.num) = 1", "tolower() wants a string", 0 },
		{ "fd.nme = x", "no field is called 'fd.nme'", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct rule *r = rule_of(rows[i].condition, false);
		struct policy_program *p;
		size_t count;

		last_note[0] = 0;
		assert_int_equal(
			policy_compile_rules(&r, 1, &policy_events, keep_note, NULL, &p, NULL), 0);
		if (!strstr(last_note, rows[i].note) || last_offset != rows[i].offset)
			fail_msg("%s: '%s' at %u", rows[i].condition, last_note, last_offset);
		policy_rules(p, &count);
		assert_int_equal(count, 0);
		policy_free(p);
	}
}

static void names_compare_with_what_they_resolve_to(void **state UNUSED)
{
	const struct rule *r = rule_of("fd.sip.name in (a.example, b.example)", false);
	const struct rule *not = rule_of("not fd.sip.name = b.example", false);
	const struct rule *both[] = { r, not };
	struct policy_ip ips[] = { { { 10, 0, 0, 1 }, 4 }, { { 10, 0, 0, 2 }, 4 } };
	struct policy_addresses names[2] = { { ips, 2, true }, { NULL, 0, false } };
	struct policy_program *p;
	struct policy_run *run = NULL;
	size_t count;
	const struct policy_target *one =
		event_of("{\"evt.type\":\"connect\", \"fd.sip.name\": \"10.0.0.2\"}");
	const struct policy_target *other =
		event_of("{\"evt.type\":\"connect\", \"fd.sip.name\": \"10.0.0.3\"}");

	assert_int_equal(policy_compile_rules(both, 2, &policy_events, NULL, NULL, &p, NULL), 0);
	assert_int_equal(policy_run_new(p, &run, NULL), 0);
	assert_str(policy_names(p, &count)[0], "a.example");
	assert_int_equal(count, 2);
	assert_int_equal(policy_judge_rule(run, one, 0), POLICY_MAYBE);
	policy_run_set_names(run, names);
	assert_int_equal(policy_judge_rule(run, one, 0), POLICY_TRUE);
	assert_int_equal(policy_judge_rule(run, other, 0), POLICY_MAYBE);
	assert_int_equal(policy_judge_rule(run, other, 1), POLICY_MAYBE);
	names[1] = (struct policy_addresses){ ips, 0, true };
	policy_run_set_names(run, names);
	assert_int_equal(policy_judge_rule(run, other, 0), POLICY_FALSE);
	assert_int_equal(policy_judge_rule(run, other, 1), POLICY_TRUE);
	policy_run_free(run);
	policy_free(p);
}

static void explanations_show_every_part(void **state UNUSED)
{
	const struct rule *r =
		rule_of("evt.type = open and (fd.name = /a or not proc.name in (x, y))", false);
	struct policy_program *p;
	struct policy_run *run = NULL;
	struct policy_step *s;
	size_t n;

	assert_int_equal(policy_compile_rules(&r, 1, &policy_events, NULL, NULL, &p, NULL), 0);
	assert_int_equal(policy_run_new(p, &run, NULL), 0);
	assert_int_equal(policy_explain(run,
					event_of("{\"evt.type\": \"open\", \"fd.name\": \"/b\"}"),
					0, &arena, &s, &n, NULL),
			 0);
	assert_int_equal(n, 6);
	assert_str(s[0].text, "and");
	assert_int_equal(s[0].verdict, POLICY_MAYBE);
	assert_str(s[1].text, "evt.type = open");
	assert_int_equal(s[1].depth, 1);
	assert_int_equal(s[1].verdict, POLICY_TRUE);
	assert_str(s[2].text, "or");
	assert_str(s[3].text, "fd.name = /a");
	assert_int_equal(s[3].verdict, POLICY_FALSE);
	assert_true(s[3].has_value);
	assert_str(s[3].value.string, "/b");
	assert_str(s[4].text, "not");
	assert_str(s[5].text, "proc.name in (x, y)");
	assert_int_equal(s[5].depth, 3);
	assert_int_equal(s[5].value.state, POLICY_UNKNOWN);
	policy_run_free(run);
	policy_free(p);
}

/* Equal checks of two rules, and a value and its negation, are one evaluation and one fetch. */
static unsigned int fetched;

static void count_get(const struct policy_target *t UNUSED, const struct policy_ref *ref,
		      struct policy_value *ret)
{
	fetched += ref->field == FIELD_FD_NAME;
	*ret = (struct policy_value){ .state = POLICY_KNOWN, .count = 1, .string = S("/etc/x") };
}

static void checks_are_evaluated_once(void **state UNUSED)
{
	const struct rule *rules[] = {
		rule_of("fd.name startswith /etc and proc.name = a", false),
		rule_of("proc.name = b and fd.name startswith /etc", false),
		rule_of("fd.name contains x and fd.name endswith x", false),
	};
	struct policy_target t = { .type = EVENT_OPEN, .get = count_get };
	struct policy_program *p;
	struct policy_run *run = NULL;
	struct policy_cost *costs;
	const uint32_t *hits;
	size_t n, unknown;

	assert_int_equal(policy_compile_rules(rules, 3, &policy_events, NULL, NULL, &p, NULL), 0);
	assert_int_equal(policy_run_new(p, &run, NULL), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(policy_judge(run, &t, &hits, &unknown), 1);
	assert_int_equal(fetched, 100);
	assert_int_equal(policy_costs(run, &arena, &costs, &n, NULL), 0);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < n; i++) {
		assert_true(costs[i].evaluated <= 100);
		if (str_is(costs[i].text, "fd.name startswith /etc"))
			assert_int_equal(costs[i].rules, 2);
	}
	policy_run_free(run);
	policy_free(p);
}

static void recorded_lines_come_back(void **state UNUSED)
{
	static const char line[] =
		"{\"evt.type\":\"connect\",\"proc.aname\":[\"a\",\"b\"],\"fd.ip\":[\"10.0.0.1\","
		"\"fe80::1\"],\"fd.sport\":443,\"evt.rawres\":-5,\"proc.tty\":"
		"\"18446744073709551615\","
		"\"fd.connected\":true,\"fd.name\":null,\"evt.buffer\":\"hex:ff00\",\"evt.arg[x]\":"
		"\"v\"}\n";
	static const char *const names[] = { "proc.aname", "fd.ip",        "fd.sport", "evt.rawres",
					     "proc.tty",   "fd.connected", "fd.name",  "evt.buffer",
					     "evt.arg.x",  "proc.name" };
	struct policy_ref refs[ARRAY_LEN(names)];
	OWNED_BUF out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(
			policy_field_find(&policy_events, str_from(names[i]), &refs[i], NULL), 0);
	recorded_render(&policy_events, event_of(line), refs, ARRAY_LEN(refs), &out);
	assert_str(buf_str(&out), line);
}

static void bad_records_are_refused(void **state UNUSED)
{
	static const char *const lines[] = {
		"[]",
		"{}",
		"{\"evt.type\":\"nosuch\"}",
		"{\"evt.type\":\"open\",\"nosuch\":1}",
		"{\"evt.type\":\"open\",\"fd.num\":\"x\"}",
		"{\"evt.type\":\"open\",\"fd.num\":1.5}",
		"{\"evt.type\":\"open\",\"fd.name\":[\"a\",\"b\"]}",
		"{\"evt.type\":\"open\",\"fd.name\":\"hex:f\"}",
		"{\"evt.type\":\"open\",\"fd.sport\":65536}",
		"{\"evt.type\":\"open\",\"fd.ip\":[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\"]}",
		"{\"evt.type\":\"open\",\"fd.ip\":\"1.1.1\"}",
		"{\"evt.type\":\"open\",\"proc.tty\":-1}",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const struct policy_target *t;

		if (recorded_parse(str_from(lines[i]), &policy_events, &arena, &t, NULL) !=
		    -EBADMSG)
			fail_msg("%s", lines[i]);
	}
}

static size_t reads; /* of what takes long */

static void counting_get(const struct policy_target *t UNUSED, const struct policy_ref *ref,
			 struct policy_value *ret)
{
	static const char *const values[][2] = { { "proc.name", "sh" }, { "proc.sha256", "aa" } };

	ret->state = POLICY_UNKNOWN;
	reads += policy_field_is_dear(&policy_events.fields[ref->field]);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(policy_events.fields[ref->field].name, values[i][0]) == 0)
			*ret = (struct policy_value){ .state = POLICY_KNOWN,
						      .count = 1,
						      .string = str_from(values[i][1]) };
}

static void asks_last_for_what_takes_long(void **state UNUSED)
{
	static const struct {
		const char *condition;
		size_t reads;
		size_t hits;
	} cases[] = {
		{ "proc.sha256 in (aa, bb)", 1, 1 },
		{ "proc.sha256 in (aa, bb) and proc.name = cat", 0, 0 },
		{ "proc.sha256 in (aa, bb) and proc.name = sh", 1, 1 },
		{ "evt.type = openat and proc.sha256 = aa", 0, 0 },
		{ "proc.sha256 = aa or proc.name = sh", 0, 1 },
		{ "proc.sha256 startswith a and not proc.name = sh", 0, 0 },
		{ "toupper(proc.sha256) in (AA) and proc.name = cat", 0, 0 },
		{ "proc.name = val(proc.sha256) and proc.name regex 'x.*y' and proc.name contains "
		  "z",
		  0, 0 },
		{ "not proc.sha256 in (aa) and (proc.name = cat or proc.name glob c*)", 0, 0 },
		{ "(proc.sha256 = cc or proc.sha256 = dd) and proc.name in (cat, ls)", 0, 0 },
	};
	const struct policy_target t = { .type = EVENT_EXECVE, .get = counting_get };

	/* Alone, and many times in one program, where shared parts are judged ahead. */
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t copies = 1; copies <= 40; copies += 39) {
			const struct rule *rules[40];
			struct policy_program *p;
			struct policy_run *run;
			const uint32_t *hits;
			size_t unknown;

			for (size_t k = 0; k < copies; k++)
				rules[k] = rule_of(cases[i].condition, false);
			assert_int_equal(policy_compile_rules(rules, copies, &policy_events, NULL,
							      NULL, &p, NULL),
					 0);
			assert_int_equal(policy_run_new(p, &run, NULL), 0);
			reads = 0;
			if (policy_judge(run, &t, &hits, &unknown) != cases[i].hits * copies ||
			    reads != cases[i].reads || unknown)
				fail_msg("%s: %zu reads", cases[i].condition, reads);
			policy_run_free(run);
			policy_free(p);
		}
}

/* Who recorded an event did not ask for hashes because of that. */
static void recordings_without_hashes(void **state UNUSED)
{
	static const char complete[] = "{\"evt.type\":\"execve\",\"complete\":true}";

	assert_int_equal(judge_as("not proc.sha256 = aa", complete, false), POLICY_MAYBE);
	assert_int_equal(judge_as("proc.sha256 = aa", complete, false), POLICY_MAYBE);
	assert_int_equal(judge_as("proc.sha256 = aa",
				  "{\"evt.type\":\"execve\",\"proc.sha256\":\"aa\"}", false),
			 POLICY_TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_last_for_what_takes_long, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(recordings_without_hashes, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(strings_compare, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(strings_that_look_like_numbers_compare_as_strings,
						arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(numbers_compare, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(both_ends_compare, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(ancestors_compare, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(bytes_compare, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(transformers_apply, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(quantifiers_count, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(absent_and_unknown, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(never_is_never, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(types_are_decided_ahead, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(undecided_rules_are_counted, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(wrong_rules_are_told, arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(names_compare_with_what_they_resolve_to,
						arena_setup, arena_teardown),
		cmocka_unit_test_setup_teardown(explanations_show_every_part, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(checks_are_evaluated_once, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(recorded_lines_come_back, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(bad_records_are_refused, arena_setup,
						arena_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

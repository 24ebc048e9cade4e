#include "unit.h"
#include "unit_arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "codec/json.h"
#include "policy/alert_target.h"
#include "policy/program.h"

static const char sample[] =
	"{\"schemaVersion\":1,\"time\":\"2026-11-21T18:20:28.000000005Z\",\"rule\":\"Terminal "
	"shell\","
	"\"ruleId\":\"SKEP-1042\",\"priority\":\"Warning\",\"source\":\"syscall\",\"message\":\"a "
	"shell\","
	"\"tags\":[\"shell\",\"container\"],\"fields\":{\"fd.name\":\"/etc/"
	"shadow\",\"fd.sip\":null},"
	"\"container\":{\"runtime\":\"docker\",\"id\":\"0123456789abcdef0123\",\"name\":\"web\","
	"\"image\":\"nginx:1\",\"imageTag\":\"1\",\"privileged\":false,\"labels\":{\"team\":"
	"\"red\"},"
	"\"podNamespace\":\"prod\",\"metadataKnown\":true},\"lineage\":[{\"pid\":7,\"name\":\"sh\","
	"\"cmdline\":\"sh -i\"},{\"pid\":6,\"name\":\"nginx\"},{\"pid\":1,\"name\":\"init\"}],"
	"\"event\":3,\"count\":16,\"first\":\"2026-11-21T18:20:28Z\",\"last\":\"2026-11-21T18:20:"
	"29Z\","
	"\"unknown\":true}";

static int refuse(void *ctx UNUSED, const struct rule *r, enum rule_code c UNUSED,
		  uint32_t offset UNUSED, str message, struct err *e UNUSED)
{
	fail_msg("%.*s: %.*s", STR_ARG(r->name), STR_ARG(message));
	return 0;
}

static enum policy_verdict judge(const char *condition, const char *json)
{
	const struct alert_facts facts = {
		.id = 9, .host = S("node-1"), .state = S("open"), .received_ns = 1795285229000000000
	};
	struct rule r = { .name = str_from(condition), .source = S("alert"), .enabled = true };
	const struct rule *rule = &r;
	struct alert_target t;
	struct policy_program *p = NULL;
	struct policy_run *run = NULL;
	struct value doc;
	struct err e = { 0 };
	enum policy_verdict v;

	if (condition_parse(r.name, 0, &arena, &r.condition, NULL, &e) < 0 ||
	    policy_compile_rules(&rule, 1, &policy_alerts, refuse, NULL, &p, &e) < 0 ||
	    policy_run_new(p, &run, &e) < 0 || json_parse(str_from(json), &arena, &doc, &e) < 0 ||
	    alert_target_init(&t, &doc, &facts, &e) < 0)
		fail_msg("%s: %s", condition, e.text);
	v = policy_judge_rule(run, &t.target, 0);
	policy_run_free(run);
	policy_free(p);
	return v;
}

static void holds_for_what_the_alert_says(void **state UNUSED)
{
	static const char *const true_ones[] = {
		"alert.priority = warning",
		"alert.severity <= 4 and alert.severity > 3",
		"alert.rule contains shell and alert.rule.id = SKEP-1042",
		"alert.tag = container and alert.tag in (shell, x)",
		"not alert.tag = network",
		"alert.source = syscall and alert.id = 9",
		"alert.field[fd.name] startswith /etc",
		"alert.count >= 16 and alert.unknown = true",
		"host.name = node-1 and alert.state = open",
		"container.id = 0123456789ab and container.name = web",
		"container.full_id = 0123456789abcdef0123 and container.type = docker",
		"container.image.tag = 1 and container.label[team] = red",
		"container.privileged = false and k8s.ns.name = prod",
		"proc.name = sh and proc.pid = 7 and proc.aname = init",
		"not proc.aname = sh",
		"not agent.id exists and not container.label[other] exists",
	};

	for (size_t i = 0; i < ARRAY_LEN(true_ones); i++)
		if (judge(true_ones[i], sample) != POLICY_TRUE)
			fail_msg("%s", true_ones[i]);
	assert_int_equal(judge("alert.priority = critical", sample), POLICY_FALSE);
	assert_int_equal(judge("k8s.pod.name = x", sample), POLICY_FALSE);
}

static void leaves_open_what_was_not_known(void **state UNUSED)
{
	static const char bare[] =
		"{\"priority\":\"debug\",\"container\":{\"runtime\":\"docker\","
		"\"id\":\"x\",\"metadataKnown\":false},\"lineage\":[{\"pid\":1}]}";
	static const char host[] =
		"{\"priority\":\"Alert\",\"container\":{\"runtime\":\"host\",\"id\":\"host\"}}";

	assert_int_equal(judge("alert.field[fd.sip] = 1", sample), POLICY_MAYBE);
	assert_int_equal(judge("not container.image = x", bare), POLICY_MAYBE);
	assert_int_equal(judge("not container.privileged = true", bare), POLICY_MAYBE);
	assert_int_equal(judge("not proc.name = x", bare), POLICY_MAYBE);
	assert_int_equal(judge("not container.image = x", host), POLICY_TRUE);
	assert_int_equal(judge("container.id = host", host), POLICY_TRUE);
	assert_int_equal(judge("not proc.name = x", host), POLICY_TRUE);
}

/* Documents come from agents: no shape is an error but for the priority. */
static void takes_any_shape(void **state UNUSED)
{
	static const char odd[] =
		"{\"priority\":\"error\",\"tags\":{\"a\":1},\"fields\":[1],"
		"\"container\":[],\"lineage\":{\"name\":1},\"count\":\"x\",\"time\":7}";
	struct alert_target t;
	struct value doc = { 0 };
	const struct alert_facts facts = { 0 };

	for (size_t i = 0; i < policy_alerts.field_count; i++) {
		const struct policy_field *f = &policy_alerts.fields[i];
		char text[80];

		snprintf(text, sizeof(text), "%s%s exists", f->name,
			 f->arg == POLICY_ARG_KEY ? "[x]" : "");
		judge(text, odd);
		judge(text, sample);
	}
	assert_int_equal(alert_target_init(&t, &doc, &facts, NULL), -EBADMSG);
}

/* doc/notifications.md and its translation tell every field as the table has it. */
static void documents_tell_every_field(void **state UNUSED)
{
	static const char *const files[] = { "doc/notifications.md", "doc/notifications.zh.md" };

	for (size_t f = 0; f < ARRAY_LEN(files); f++) {
		OWNED_BUF text = BUF_INIT;
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", getenv("SKEP_SOURCE_DIR"), files[f]);
		assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
		for (size_t i = 0; i < policy_alerts.field_count; i++) {
			const struct policy_field *field = &policy_alerts.fields[i];
			OWNED_BUF row = BUF_INIT;

			buf_printf(&row, "| `%s%s` | %s |\n", field->name,
				   field->arg == POLICY_ARG_KEY ? "[KEY]" : "",
				   phrase_in(field->doc, f ? LANG_ZH : LANG_EN));
			if (str_search(buf_str(&text), buf_str(&row)) == text.n)
				fail_msg("%s lacks %s", files[f], buf_cstr(&row));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_for_what_the_alert_says),
		cmocka_unit_test(leaves_open_what_was_not_known),
		cmocka_unit_test(takes_any_shape),
		cmocka_unit_test(documents_tell_every_field),
	};

	return cmocka_run_group_tests_name("alert target", tests, arena_setup, arena_teardown);
}

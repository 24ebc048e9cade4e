#include "unit.h"
#include "unit_arena.h"

#include "codec/json.h"
#include "policy/alert_target.h"
#include "policy/alert_target.h"
#include "policy/asset_target.h"
#include "policy/filter.h"

static const char container[] = "{\"id\":\"0123456789abcdef0123\",\"runtime\":\"docker\",\"name\":"
				"\"web\",\"image\":\"docker.io/library/nginx:1.25\","
				"\"imageTag\":\"1.25\",\"state\":\"running\",\"privileged\":true,"
				"\"labels\":{\"team\":\"red\"},\"podNamespace\":\"prod\","
				"\"mounts\":[{\"source\":\"/var/run/docker.sock\",\"dest\":\"/"
				"sock\"},{\"source\":\"/srv\",\"dest\":\"/data\"}],"
				"\"metadataKnown\":true}";

static enum policy_verdict judge(enum asset_kind kind, const char *condition, const char *json,
				 bool scanned)
{
	static const str packages[] = { { "bash", sizeof("bash") - 1 },
					{ "openssl", sizeof("openssl") - 1 } };
	static const str ids[] = { { "@scope/a@1.0", sizeof("@scope/a@1.0") - 1 },
				   { "bash@5.1", sizeof("bash@5.1") - 1 },
				   { "openssl@1.1.1", sizeof("openssl@1.1.1") - 1 },
				   { "openssl@3.0.11", sizeof("openssl@3.0.11") - 1 } };
	static const str cves[] = { { "CVE-2024-3094", sizeof("CVE-2024-3094") - 1 } };
	const struct asset_image_facts image = { .scanned = scanned,
						 .references = S(
							 "nginx:1.25 host:5000/nginx shop/nginx:2"),
						 .digest = S("sha256:aa"),
						 .bytes = 5000,
						 .running = 2,
						 .counts = { 0, 0, 3, 0, 9, 0 },
						 .kev = 1,
						 .fixable = 4,
						 .vulnerabilities = cves,
						 .vulnerability_count = 1,
						 .packages = packages,
						 .package_count = 2,
						 .package_ids = ids,
						 .package_id_count = 4 };
	const struct asset_facts facts = {
		.kind = kind, .id = S("x"), .name = S("web"), .host = S("node-1"), .image = &image
	};
	struct policy_filter *f;
	struct asset_target t = { 0 };
	struct value doc;
	struct err e = { 0 };
	enum policy_verdict v;

	if (policy_filter_new(str_from(condition), &policy_assets, &f, NULL, &e) < 0 ||
	    (json && json_parse(str_from(json), &arena, &doc, &e) < 0))
		fail_msg("%s: %s", condition, e.text);
	asset_target_init(&t, json ? &doc : NULL, &facts);
	v = policy_filter_judge(f, &t.target);
	policy_filter_free(f);
	return v;
}

static void images_are_searched_by_what_is_in_them(void **state UNUSED)
{
	static const char *const true_ones[] = {
		"package.name = openssl and package.version[openssl] = 1.1.1",
		"package.id = openssl@3.0.11 and package.version[@scope/a] = 1.0",
		"vulnerability.id = CVE-2024-3094 and high = 9 and medium = 0 and low > 2",
		"fixable > 3 and severity = high and vulnerabilities = 12",
		"image.tag in (2) and image.tag = 1.25 and not image.tag = 5000",
		"image.reference = host:5000/nginx and image.running > 1 and image.size = 5000",
		"image.digest = sha256:aa",
		"not package.name = curl and not package.version[curl] exists",
	};

	for (size_t i = 0; i < ARRAY_LEN(true_ones); i++)
		if (judge(ASSET_IMAGE, true_ones[i], NULL, true) != POLICY_TRUE)
			fail_msg("%s", true_ones[i]);
	/* Of an image nobody read nothing is known, nor of what it has not. */
	assert_int_equal(judge(ASSET_IMAGE, "not package.name = curl", NULL, false), POLICY_MAYBE);
	assert_int_equal(judge(ASSET_CONTAINER, "package.name = bash", container, true),
			 POLICY_TRUE);
	assert_int_equal(judge(ASSET_HOST, "package.name = bash", "{}", true), POLICY_FALSE);
}

static void holds_for_what_the_asset_is(void **state UNUSED)
{
	static const char *const true_ones[] = {
		"container.image contains \"nginx\" and severity >= high",
		"asset.kind = container and asset.name = web",
		"asset.kind in (container, image) and not container.privileged = false",
		"container.id = 0123456789ab and container.full_id endswith 0123",
		"container.mount.source = /var/run/docker.sock",
		"container.mount.source startswith /srv and container.mount.dest = /data",
		"container.label[team] = red and not container.label[team] = blue",
		"k8s.ns.name = prod and host.name glob node-*",
		"kev > 0 and vulnerabilities >= 12 and severity = high and severity < critical",
		"severity in (high, critical)",
		"asset.present = true and not proc.name exists",
		"kind=container and (name in (web, severity) or name contains 'severity > low')",
		"asset.name != severity",
	};

	for (size_t i = 0; i < ARRAY_LEN(true_ones); i++)
		if (judge(ASSET_CONTAINER, true_ones[i], container, true) != POLICY_TRUE)
			fail_msg("does not hold: %s", true_ones[i]);
}

static void what_is_not_known_is_not_false(void **state UNUSED)
{
	static const char bare[] =
		"{\"id\":\"0123\",\"runtime\":\"docker\",\"metadataKnown\":false}";

	assert_int_equal(judge(ASSET_CONTAINER, "not container.privileged = true", bare, true),
			 POLICY_MAYBE);
	assert_int_equal(judge(ASSET_CONTAINER, "not container.image contains nginx", bare, true),
			 POLICY_MAYBE);
	assert_int_equal(judge(ASSET_CONTAINER, "not severity >= high", container, false),
			 POLICY_MAYBE);
	/* what another kind has not got is not in doubt */
	assert_int_equal(judge(ASSET_HOST, "not container.privileged = true", "{}", false),
			 POLICY_TRUE);
	assert_int_equal(judge(ASSET_HOST, "severity >= low", "{}", true), POLICY_FALSE);
}

static void kinds_have_their_fields(void **state UNUSED)
{
	assert_int_equal(
		judge(ASSET_PORT,
		      "port.number = 22 and port.protocol = tcp and proc.exepath endswith /sshd",
		      "{\"port\":22,\"protocol\":\"tcp\",\"exe\":\"/usr/sbin/sshd\"}", false),
		POLICY_TRUE);
	assert_int_equal(judge(ASSET_PORT, "port.number < 1024 and port.number != 80",
			       "{\"port\":22}", false),
			 POLICY_TRUE);
	assert_int_equal(judge(ASSET_IMAGE, "image.reference endswith :1.25 and image.size > 1000",
			       "{\"references\":[\"a:1\",\"nginx:1.25\"],\"bytes\":2000}", false),
			 POLICY_TRUE);
	assert_int_equal(judge(ASSET_USER, "user.login = true and user.name = root",
			       "{\"name\":\"root\",\"loginAllowed\":true}", false),
			 POLICY_TRUE);
	/* no shape of a document is an error */
	assert_int_equal(judge(ASSET_PORT, "port.number = 22", "{\"port\":\"22\"}", false),
			 POLICY_FALSE);
	assert_int_equal(judge(ASSET_CONTAINER, "container.mount.source = a", "[]", false),
			 POLICY_MAYBE);
}

static void assert_refused(const char *text, int want, const char *part)
{
	struct policy_filter *f;
	struct err e = { 0 };
	size_t at = 0;
	int r = policy_filter_new(str_from(text), &policy_assets, &f, &at, &e);

	if (r != want)
		fail_msg("'%s': %d (%s)", text, r, e.text);
	if (!strstr(e.text, part))
		fail_msg("'%s': %s", text, e.text);
	assert_true(at <= strlen(text));
}

/* A word that is none would find nothing, and nobody would know why. */
static void words_are_those_there_are(void **state UNUSED)
{
	static const struct {
		const char *text;
		size_t at;
		const char *part;
	} wrong[] = {
		{ "kind = contaner", 7,
		  "'contaner' is none of the words of asset.kind: host, container, image" },
		{ "host.name = n and not kind in (container, contaner)", 42, "'contaner'" },
		{ "kind != ''", 4, "'' is none" },
		{ "severity >= hgh", 12,
		  "'hgh' is none of the words of asset.severity: critical, high, medium" },
		{ "kind = host and (severity<hgh or kind = pod)", 26, "'hgh' is none" },
		{ "severity > ", 11, "is expected where the condition ends" },
		{ "severity > (", 11, "is expected before '('" },
		{ "image.size > hgh", 13, "a number, val(field)" },
		{ "severity = hgh", 11, "critical, high, medium, low, negligible, unknown" },
	};
	static const char *const right[] = {
		"kind in (container, image)", "kind != user",       "severity >= 4",
		"severity = unknown",         "kind contains tain", "container.state = paused",
		"container.type = newer"
	};
	struct policy_filter *f;
	struct err e = { 0 };
	size_t at;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(
			policy_filter_new(str_from(wrong[i].text), &policy_assets, &f, &at, &e),
			-EBADMSG);
		assert_int_equal(at, wrong[i].at);
		assert_non_null(strstr(e.text, wrong[i].part));
	}
	for (size_t i = 0; i < ARRAY_LEN(right); i++) {
		if (policy_filter_new(str_from(right[i]), &policy_assets, &f, &at, &e) < 0)
			fail_msg("'%s': %s", right[i], e.text);
		policy_filter_free(f);
	}
	/* What is kept from before goes on. */
	assert_int_equal(policy_filter_reopen(S("kind != contaner"), &policy_assets, &f, &at, &e),
			 0);
	policy_filter_free(f);
	assert_refused("kind = image and", -EBADMSG, "is expected where the condition ends");
}

static void alerts_have_their_words(void **state UNUSED)
{
	struct policy_filter *f;
	struct err e = { 0 };
	size_t at = 0;

	assert_int_equal(policy_filter_new(S("priority = warn"), &policy_alerts, &f, &at, &e),
			 -EBADMSG);
	assert_int_equal(at, 11);
	assert_non_null(strstr(e.text, "emergency, alert, critical, error, warning"));
	assert_int_equal(
		policy_filter_new(S("state in (open, close)"), &policy_alerts, &f, &at, &e),
		-EBADMSG);
	assert_non_null(strstr(e.text, "open, acknowledged, resolved, false-positive"));
	assert_int_equal(
		policy_filter_new(S("priority in (alert, informational) and state != resolved"),
				  &policy_alerts, &f, &at, &e),
		0);
	policy_filter_free(f);
}

/* Though names are completed, an error stands where it was written. */
static void places_are_those_of_the_text(void **state UNUSED)
{
	struct policy_filter *f;
	size_t at = 0;

	assert_int_equal(
		policy_filter_new(S("severity >= high and nginx"), &policy_assets, &f, &at, NULL),
		-EBADMSG);
	assert_int_equal(at, 21);
	assert_int_equal(policy_filter_new(S("kind = container and imag.x = 1"), &policy_assets, &f,
					   &at, NULL),
			 -EBADMSG);
	assert_int_equal(at, 21);
}

static void words_are_no_conditions(void **state UNUSED)
{
	static const char *const words[] = {
		"nginx", "nginx web", "registry:5000/a/b:1.2", "exec in prod", "",
		"name",  "\"a b\"",   "container.image"
	};
	static const char *const conditions[] = { "name = a",
						  "a=b",
						  "severity>=high",
						  "kind in (a, b)",
						  "container.image contains x",
						  "(not proc.name exists)",
						  "x.y exists" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (policy_filter_is_condition(str_from(words[i]), &policy_assets))
			fail_msg("'%s' is taken for a condition", words[i]);
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
		if (!policy_filter_is_condition(str_from(conditions[i]), &policy_assets))
			fail_msg("'%s' is not taken for a condition", conditions[i]);
}

static void requires(const char *text, const char *want)
{
	struct policy_filter *f;
	OWNED_BUF out = BUF_INIT;
	str values[3];
	size_t n;

	assert_int_equal(policy_filter_new(str_from(text), &policy_assets, &f, NULL, NULL), 0);
	n = policy_filter_requires(f, "asset.kind", values, 3);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%.*s ", STR_ARG(values[i]));
	assert_str(buf_str(&out), want);
	policy_filter_free(f);
}

static void what_must_hold_is_known(void **state UNUSED)
{
	requires("kind = host", "host ");
	requires("kind in (host, pod) and name = x", "host pod ");
	requires("kind = host or name = x", "");
	requires("not kind = host", "");
	requires("kind != host and name = x", "");
	requires("kind in (host, pod, image, user)", "");
	requires("(kind = host or kind = pod) and name = x", "");
}

static void what_is_wrong_is_told(void **state UNUSED)
{
	assert_refused("", -EBADMSG, "");
	assert_refused("nginx", -EBADMSG, "no comparison");
	assert_refused("container.imag = nginx", -EBADMSG, "container.image");
	assert_refused("severity >= worst", -EBADMSG, "worst");
	assert_refused("asset.name = a and", -EBADMSG, "");
	assert_refused("asset.name regex \"(\"", -EBADMSG, "");
}

static void alerts_have_severities_too(void **state UNUSED)
{
	const struct alert_facts facts = { .id = 1 };
	struct policy_filter *f;
	struct alert_target t;
	struct value doc;
	struct err e = { 0 };

	assert_int_equal(json_parse(S("{\"priority\":\"Critical\"}"), &arena, &doc, &e), 0);
	assert_int_equal(alert_target_init(&t, &doc, &facts, &e), 0);
	assert_int_equal(
		policy_filter_new(
			S("severity >= high and severity < emergency and severity > warning"),
			&policy_alerts, &f, NULL, &e),
		0);
	assert_int_equal(policy_filter_judge(f, &t.target), POLICY_TRUE);
	policy_filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_are_searched_by_what_is_in_them),
		cmocka_unit_test(holds_for_what_the_asset_is),
		cmocka_unit_test(what_is_not_known_is_not_false),
		cmocka_unit_test(kinds_have_their_fields),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(words_are_no_conditions),
		cmocka_unit_test(what_must_hold_is_known),
		cmocka_unit_test(places_are_those_of_the_text),
		cmocka_unit_test(words_are_those_there_are),
		cmocka_unit_test(alerts_have_their_words),
		cmocka_unit_test(alerts_have_severities_too),
	};

	return cmocka_run_group_tests_name("asset target", tests, arena_setup, arena_teardown);
}

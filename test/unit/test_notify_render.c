#include "unit.h"
#include "unit_arena.h"

#include "base/text.h"
#include "codec/json.h"
#include "console/notify/card.h"
#include "console/notify/cef.h"
#include "console/notify/chat.h"
#include "console/notify/echo.h"
#include "console/notify/feed.h"
#include "console/notify/leef.h"

/* Names a container can have, as JSON. */
#define HOSTILE \
	"a|b\\\\c=d\\n\\r\\t<!channel> & @all [x](http://y) \\u0000\\u2028 \\\"q\\\" 容器 " \
	"cs1=forged"

static const char line[] =
	"{\"id\":\"42\",\"host\":\"node|1=x\\n\",\"agent\":\"a-1\",\"received\":\"2026-11-21T18:20:"
	"29Z\","
	"\"more\":3,\"reason\":\"group\",\"firstTime\":\"2026-11-21T18:20:00Z\",\"lastTime\":"
	"\"2026-11-21T18:20:29Z\",\"alert\":{\"schemaVersion\":1,\"time\":"
	"\"2026-11-21T18:20:28.123456789Z\",\"rule\":\"" HOSTILE "\",\"priority\":\"Critical\","
	"\"source\":\"syscall\",\"message\":\"" HOSTILE
	"\",\"messageZh\":\"中文\",\"tags\":[\"a\",\"b\"],"
	"\"container\":{\"id\":\"c1\",\"name\":\"" HOSTILE
	"\",\"image\":\"nginx\",\"podName\":\"p\","
	"\"podNamespace\":\"ns\"},\"lineage\":[{\"pid\":7,\"name\":\"sh\",\"cmdline\":\"" HOSTILE
	"\"}],\"count\":2,\"host\":\"forged\",\"id\":\"666\"}}";

static struct notice notice(void)
{
	struct notice n;
	struct err e = { 0 };

	if (notice_parse(str_from(line), &arena, &n, &e) < 0)
		fail_msg("%s", e.text);
	return n;
}

static struct card card(enum lang lang)
{
	const struct notice n = notice();
	struct card c;

	assert_int_equal(card_make(&n, lang, "https://c:8443", &arena, &c, NULL), 0);
	return c;
}

static bool has(const struct buf *b, const char *text)
{
	return str_search(buf_str(b), str_from(text)) < b->n;
}

static struct value parsed(const struct buf *b)
{
	struct value v = { 0 };
	struct err e = { 0 };

	if (json_parse(buf_str(b), &arena, &v, &e) < 0)
		fail_msg("%s in %.*s", e.text, STR_ARG(buf_str(b)));
	return v;
}

static void a_notice_survives_the_disk(void **state UNUSED)
{
	const struct notice n = notice();
	struct notice again;
	OWNED_BUF b = BUF_INIT;

	assert_int_equal(n.id, 42);
	assert_int_equal(n.more, 3);
	assert_int_equal(n.reason, NOTICE_GROUP);
	assert_int_equal(n.priority, PRIORITY_CRITICAL);
	notice_render(&n, &b);
	assert_int_equal(str_find(buf_str(&b), '\n'), b.n);
	assert_int_equal(notice_parse(buf_str(&b), &arena, &again, NULL), 0);
	assert_true(str_eq(n.json, again.json) && str_eq(n.host, again.host));
	assert_int_equal(again.first_ns, n.first_ns);
	assert_int_equal(notice_parse(S("{\"id\":\"1\"}"), &arena, &again, NULL), -EBADMSG);
	assert_int_equal(notice_parse(S("[]"), &arena, &again, NULL), -EBADMSG);
}

/* What the console knows is not overwritten by what an agent says. */
static void agents_do_not_forge_what_the_console_knows(void **state UNUSED)
{
	const struct notice n = notice();
	OWNED_BUF b = BUF_INIT;
	struct value v;
	size_t hosts = 0;

	notice_json(&n, S("\"@timestamp\":1,"), &b);
	v = parsed(&b);
	VALUE_MEMBERS (m, &v)
		hosts += str_is(m->key, "host") || str_is(m->key, "id");
	assert_int_equal(hosts, 2);
	assert_str(value_get_str(&v, "id"), "42");
	assert_str(value_get_str(&v, "reason"), "group");
	assert_int_equal(value_int(value_get(&v, "@timestamp"), 0), 1);
	assert_str(value_get_str(value_get(&v, "container"), "image"), "nginx");
}

static void json_within_a_bound_is_whole(void **state UNUSED)
{
	const struct notice n = notice();

	for (size_t max = 400; max < 2000; max += 37) {
		OWNED_BUF b = BUF_INIT;
		struct value v;

		notice_json_within(&n, max, &b);
		v = parsed(&b);
		assert_true(b.n <= max);
		assert_str(value_get_str(&v, "id"), "42");
	}
}

static void cef_escapes(void **state UNUSED)
{
	const struct notice n = notice();
	OWNED_BUF b = BUF_INIT;

	cef_render(&n, LANG_EN, &b);
	assert_int_equal(str_find(buf_str(&b), '\n'), b.n);
	assert_true(has(&b, "CEF:0|Skep|Skep|" SKEP_VERSION "|a\\|b\\\\c=d   <!channel>"));
	assert_true(has(&b, "|9|externalId=42 "));
	assert_true(has(&b, " dvchost=node|1\\=x\\n "));
	assert_true(has(&b, " cs1=a|b\\\\c\\=d\\n  <!channel>"));
	assert_true(has(&b, "容器 cs1\\=forged cs2Label=image"));
	assert_true(has(&b, " cnt=5 "));
	assert_true(has(&b, " cs6=a,b "));
}

static void leef_has_no_break_in_a_value(void **state UNUSED)
{
	const struct notice n = notice();
	OWNED_BUF b = BUF_INIT;
	str rest;
	size_t pairs = 0;

	leef_render(&n, LANG_ZH, &b);
	rest = buf_str(&b);
	assert_int_equal(str_find(rest, '\n'), b.n);
	assert_true(has(&b, "|a_b\\c=d   <!channel>"));
	assert_true(has(&b, "\tmsg=中文"));
	while (rest.n) {
		str pair = str_cut(&rest, '\t');

		assert_true(str_find(pair, '=') < pair.n);
		pairs++;
	}
	assert_int_equal(pairs, 17);
}

static void slack_shows_names_as_they_are(void **state UNUSED)
{
	const struct card c = card(LANG_EN);
	OWNED_BUF b = BUF_INIT;
	struct value v;

	chat_render_slack(&c, PRIORITY_CRITICAL, &b);
	v = parsed(&b);
	assert_true(str_search(value_get_str(&v, "text"), S("&lt;!channel&gt; &amp; @all")) <
		    value_get_str(&v, "text").n);
	assert_false(has(&b, "mrkdwn"));
	assert_true(has(&b, "\"url\":\"https://c:8443/alerts/42\""));
	assert_true(has(&b, "and 3 more like it since 2026-11-21T18:20:00Z"));
}

static void others_have_no_markup_either(void **state UNUSED)
{
	const struct card c = card(LANG_ZH);
	OWNED_BUF teams = BUF_INIT;
	OWNED_BUF ding = BUF_INIT;
	OWNED_BUF wecom = BUF_INIT;
	OWNED_BUF feishu = BUF_INIT;
	struct value v;

	chat_render_teams(&c, PRIORITY_ERROR, &teams);
	v = parsed(&teams);
	assert_false(has(&teams, "TextBlock") && !has(&teams, "RichTextBlock"));
	assert_str(value_get_str(&v, "type"), "message");
	chat_render_dingtalk(&c, &ding);
	v = parsed(&ding);
	assert_str(value_get_str(&v, "msgtype"), "text");
	assert_null(value_get(&v, "at"));
	chat_render_wecom(&c, &wecom);
	v = parsed(&wecom);
	assert_true(value_str(value_path(&v, "text.content")).n <= 2048);
	assert_true(has(&wecom, "https://c:8443/alerts/42"));
	chat_render_feishu(&c, PRIORITY_ERROR, S(""), 1, &feishu);
	v = parsed(&feishu);
	assert_false(has(&feishu, "lark_md") || has(&feishu, "sign"));
	assert_str(value_str(value_path(&v, "card.header.template")), "orange");
}

static void a_long_text_is_cut_between_characters(void **state UNUSED)
{
	struct card c = card(LANG_ZH);

	for (size_t max = 60; max < 400; max++) {
		OWNED_BUF b = BUF_INIT;

		card_render_text(&c, max, &b);
		assert_true(b.n <= max);
		assert_int_equal(text_ill_formed(buf_str(&b)), b.n);
	}
}

/* The examples were computed with Python's hmac. */
static void robots_are_signed(void **state UNUSED)
{
	const struct card c = card(LANG_EN);
	OWNED_BUF b = BUF_INIT;
	OWNED_BUF f = BUF_INIT;
	OWNED_BUF w = BUF_INIT;

	chat_sign_dingtalk(S("SECabc"), 1700000000123, &b);
	assert_str(
		buf_str(&b),
		"&timestamp=1700000000123&sign=IqXBU%2FaLfwMA3S%2FtDcfRmHx5vWHw9Y1aOgFLBr1Ti9w%3D");
	chat_render_feishu(&c, PRIORITY_ERROR, S("SECabc"), 1700000000, &f);
	assert_true(has(&f, "\"sign\":\"XprR1de+0SSBnwWyU/4k6x2TL+Q2SJlM5NNEdAv7MWg=\""));
	feed_sign(S("hush"), 1700000000, S("{}"), &w);
	assert_str(buf_str(&w),
		   "sha256=763081ea12e3b1f903f958994c023cde07f1224b02a538ad6f959112a2f780ba");
}

static void bulk_names_each_alert(void **state UNUSED)
{
	const struct notice list[] = { notice(), notice() };
	OWNED_BUF b = BUF_INIT;
	str rest;
	size_t lines = 0;

	feed_render_bulk(list, 2, S("skep\"x"), &b);
	rest = buf_str(&b);
	while (rest.n) {
		struct value v = { 0 };

		assert_int_equal(json_parse(str_line(&rest), &arena, &v, NULL), 0);
		if (lines++ % 2 == 0)
			assert_str(value_str(value_path(&v, "create._index")), "skep\"x");
		else
			assert_str(value_get_str(&v, "@timestamp"),
				   "2026-11-21T18:20:28.123456789Z");
	}
	assert_int_equal(lines, 4);
}

static enum outbox_verdict bulk(const char *answer, size_t *refused)
{
	struct outbox_result r = { 0 };

	feed_judge_bulk(200, str_from(answer), &arena, &r);
	*refused = r.refused;
	return r.verdict;
}

static void answers_are_judged(void **state UNUSED)
{
	static const int64_t busy[] = { 130101, 0 };
	struct outbox_result r = { 0 };
	size_t refused;

	assert_int_equal(bulk("{\"errors\":false,\"items\":[]}", &refused), OUTBOX_SENT);
	assert_int_equal(
		bulk("{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},{\"create\":"
		     "{\"status\":409}},{\"create\":{\"status\":400,\"error\":{\"reason\":"
		     "\"mapping\"}}}]}",
		     &refused),
		OUTBOX_SENT);
	assert_int_equal(refused, 1);
	assert_int_equal(
		bulk("{\"errors\":true,\"items\":[{\"create\":{\"status\":429}},{\"create\":"
		     "{\"status\":400}}]}",
		     &refused),
		OUTBOX_AGAIN);
	assert_int_equal(bulk("<html>", &refused), OUTBOX_AGAIN);
	assert_int_equal(bulk("{\"errors\":true,\"items\":[{},1,null,{\"x\":[]}]}", &refused),
			 OUTBOX_SENT);
	feed_judge_robot(200, S("{\"errcode\":0,\"errmsg\":\"ok\"}"), busy, &arena, &r);
	assert_int_equal(r.verdict, OUTBOX_SENT);
	feed_judge_robot(200, S("{\"errcode\":130101}"), busy, &arena, &r);
	assert_int_equal(r.verdict, OUTBOX_AGAIN);
	feed_judge_robot(200, S("{\"code\":9499,\"msg\":\"Bad Request\"}"), busy, &arena, &r);
	assert_int_equal(r.verdict, OUTBOX_REFUSED);
	feed_judge_robot(200, S("{\"errcode\":310000,\"errmsg\":\"sign not match\"}"), busy, &arena,
			 &r);
	assert_int_equal(r.verdict, OUTBOX_AGAIN);
	assert_non_null(strstr(r.why, "sign not match"));
	feed_judge_robot(200, S(""), busy, &arena, &r);
	assert_int_equal(r.verdict, OUTBOX_AGAIN);
}

/* Each answer as the vendor's server gives it; what is refused is given up for good. */
static void only_what_the_document_is_to_blame_for_is_given_up(void **state UNUSED)
{
	static const struct {
		int status;
		enum outbox_verdict verdict;
		const char *answer;
	} robots[] = {
		{ 400, OUTBOX_AGAIN, "{\"code\":9499,\"msg\":\"too many request\",\"data\":{}}" },
		{ 400, OUTBOX_REFUSED, "{\"code\":9499,\"msg\":\"Bad Request\",\"data\":{}}" },
		{ 400, OUTBOX_AGAIN, "{\"code\":11232,\"msg\":\"frequency limited\"}" },
		{ 200, OUTBOX_AGAIN, "{\"code\":19024,\"msg\":\"Key Words Not Found\"}" },
		{ 400, OUTBOX_REFUSED, "{\"code\":19021,\"msg\":\"sign match fail\"}" },
		{ 400, OUTBOX_REFUSED, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}" },
		{ 400, OUTBOX_REFUSED, "{\"code\":0,\"msg\":\"ok\"}" },
		{ 400, OUTBOX_REFUSED, "[]" },
		{ 400, OUTBOX_REFUSED, "<html>" },
		{ 500, OUTBOX_SENT, "{\"code\":11232}" },
	}, items[] = {
		{ 403, OUTBOX_AGAIN, "cluster_block_exception" },
		{ 429, OUTBOX_AGAIN, "cluster_block_exception" },
		{ 404, OUTBOX_AGAIN, "index_not_found_exception" },
		{ 400, OUTBOX_AGAIN, "index_closed_exception" },
		{ 400, OUTBOX_SENT, "document_parsing_exception" },
	}, collector[] = {
		{ 400, OUTBOX_AGAIN, "{\"text\":\"Incorrect index\",\"code\":7}" },
		{ 400, OUTBOX_AGAIN, "{\"text\":\"Data channel is missing\",\"code\":10}" },
		{ 400, OUTBOX_REFUSED, "{\"text\":\"Invalid data format\",\"code\":6}" },
	};
	static const int64_t busy[] = { 11232, 0 };
	struct outbox_result r = { 0 };
	char answer[200];

	for (size_t i = 0; i < ARRAY_LEN(robots); i++) {
		r.verdict = robots[i].status == 400 ? OUTBOX_REFUSED : OUTBOX_SENT;
		feed_judge_robot(robots[i].status, str_from(robots[i].answer), busy, &arena, &r);
		assert_int_equal(r.verdict, robots[i].verdict);
	}
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		snprintf(answer, sizeof(answer),
			 "{\"errors\":true,\"items\":[{\"create\":{\"status\":%d,\"error\":{"
			 "\"type\":"
			 "\"%s\"}}}]}",
			 items[i].status, items[i].answer);
		feed_judge_bulk(200, str_from(answer), &arena, &r);
		assert_int_equal(r.verdict, items[i].verdict);
		assert_int_equal(r.refused, items[i].verdict == OUTBOX_SENT);
	}
	for (size_t i = 0; i < ARRAY_LEN(collector); i++) {
		r.verdict = OUTBOX_REFUSED;
		feed_judge_hec(collector[i].status, str_from(collector[i].answer), &arena, &r);
		assert_int_equal(r.verdict, collector[i].verdict);
	}
}

static void reasons_are_told_in_their_own_words(void **state UNUSED)
{
	static const char *const rows[][2] = {
		{ "invalid_payload", "invalid_payload" },
		{ "{\"text\":\"Invalid token\",\"code\":4}", "Invalid token" },
		{ "{\"error\":{\"root_cause\":[],\"type\":\"security_exception\",\"reason\":"
		  "\"missing authentication\"},\"status\":401}",
		  "missing authentication" },
		{ "{\"error\":{\"code\":\"WorkflowTriggerIsNotEnabled\",\"message\":\"Disabled\"}}",
		  "Disabled" },
		{ "\"bad\\nmatch\"", "bad" },
		{ "<html><h1>502</h1>", "" },
		{ "", "" },
		{ "[1]", "" },
		{ "a\x1b[31mb", "a [31mb" },
	};
	char reason[FEED_REASON_BYTES], long_[400];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		feed_reason(str_from(rows[i][0]), &arena, reason);
		assert_string_equal(reason, rows[i][1]);
	}
	memset(long_, 'x', sizeof(long_));
	feed_reason((str){ long_, sizeof(long_) }, &arena, reason);
	assert_int_equal(strlen(reason), FEED_REASON_BYTES - 1);
}

static bool echoes(const char *kind, const char *settings, const char *answer)
{
	struct receiver r = { .kind = receiver_kind_find(str_from(kind)) };
	str at;

	assert_int_equal(json_parse(str_from(settings), &arena, &r.settings, NULL), 0);
	assert_int_equal(receiver_settle(&r, &at, NULL), 0);
	return echo_holds_secret(&r, str_from(answer));
}

static void what_receivers_say_is_searched_for_their_secrets(void **state UNUSED)
{
	static const char splunk[] = "{\"url\":\"https://h/\",\"token\":\"0123456789abcdef\"}";
	static const char hook[] = "{\"url\":\"https://h/\",\"headers\":{\"Authorization\":"
				   "\"Bearer XYZ\",\"X-Key\":\"Basic dXNlcjpwYTpzcw==\"}}";
	static const char index[] = "{\"url\":\"https://h/\",\"index\":\"i\",\"user\":\"user\","
				    "\"password\":\"p/s\\\"w\"}";
	static const char slack[] =
		"{\"url\":\"https://hooks.example/services/T01/B02/s3cr3tw0rd\"}";
	static const char robot[] =
		"{\"url\":\"https://h/robot/send?v=1&access_token=a%2Fb%2Bc%2Fd\"}";
	static const struct {
		const char *kind, *settings, *answer;
		bool holds;
	} rows[] = {
		{ "splunk", splunk, "who is 0123456789abcdef?", true },
		{ "splunk", splunk, "who is 01234567...?", true },
		{ "splunk", splunk, "who is ...89abcdef", true },
		{ "splunk", splunk, "who is 0123456?", false },
		{ "splunk", splunk, "MDEyMzQ1Njc4OWFiY2RlZg", true },
		{ "splunk", splunk, "\\u0030\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037",
		  true },
		{ "splunk", splunk, "%30%31%32%33%34%35%36%37", true },
		{ "splunk", splunk, "%2530%2531%2532%2533%2534%2535%2536%2537", true },
		{ "splunk", splunk, "%3", false },
		{ "splunk", splunk, "\\u00", false },
		{ "splunk", splunk, "", false },
		{ "splunk", "{\"url\":\"https://h/\",\"token\":\"QUFBQUFBQUFBQTpB\"}", "A fault",
		  false },
		{ "webhook", hook, "no such user: XYZ", true },
		{ "webhook", hook, "a Bearer token is needed, or Basic", false },
		{ "webhook", hook, "no, pa:ss is wrong", true },
		{ "webhook", hook, "no, user is wrong", false },
		{ "elasticsearch", index, "{\"error\":\"p\\/s\\\"w\"}", true },
		{ "elasticsearch", index, "Basic dXNlcjpwL3MidyI", true },
		{ "elasticsearch", index, "user", false },
		{ "slack", slack, "no_service", false },
		{ "slack", slack, "hooks.example has no such hook", false },
		{ "slack", slack, "nothing at /services/T01", true },
		{ "slack", slack, "nothing at \\/T01\\/B02\\/s3", true },
		{ "slack", slack, "nothing at ...s3cr3tw0rd", true },
		{ "dingtalk", robot, "the access_token is invalid (1)", false },
		{ "dingtalk", robot, "a%2Fb%2Bc%2Fd", true },
		{ "dingtalk", robot, "the access_token a/b+c/d is invalid", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (echoes(rows[i].kind, rows[i].settings, rows[i].answer) != rows[i].holds)
			fail_msg("%s: '%s'", rows[i].kind, rows[i].answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_survives_the_disk),
		cmocka_unit_test(agents_do_not_forge_what_the_console_knows),
		cmocka_unit_test(json_within_a_bound_is_whole),
		cmocka_unit_test(cef_escapes),
		cmocka_unit_test(leef_has_no_break_in_a_value),
		cmocka_unit_test(slack_shows_names_as_they_are),
		cmocka_unit_test(others_have_no_markup_either),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(robots_are_signed),
		cmocka_unit_test(bulk_names_each_alert),
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(only_what_the_document_is_to_blame_for_is_given_up),
		cmocka_unit_test(reasons_are_told_in_their_own_words),
		cmocka_unit_test(what_receivers_say_is_searched_for_their_secrets),
	};

	return cmocka_run_group_tests_name("notify render", tests, arena_setup, arena_teardown);
}

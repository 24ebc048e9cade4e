/*
 * Events recorded of a real container (test/integration/watch_record.c), replayed under the rules that ship: what the user-space half
 * makes of true events, the same each time, also under the sanitizers. In it a container's shell reads /etc/shadow, drops a
 * program and runs it, sets a setuid bit, looks for keys and asks who it is; then somebody opens a terminal in it. The same again
 * from what the kernel wrote, byte for byte (make_recording.py): decoding is part of it, and names made to mislead are.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "codec/json.h"
#include "model/event_json.h"
#include "base/text.h"
#include "policy/rule_path.h"
#include "recording.h"
#include "stage.h"

enum { MOST_FILES = 64 };

static struct buf read_text(const char *path)
{
	struct buf b = BUF_INIT;
	struct err e = { 0 };

	if (file_read(AT_FDCWD, path, 1 << 24, &b, &e) < 0)
		fail_msg("%s", e.text);
	return b;
}

static void open_shipped(struct stage *s, const struct watch_config *c)
{
	char folder[4096];
	const char *names[] = { folder };
	const char **paths;
	struct buf texts[MOST_FILES];
	str yaml[MOST_FILES];
	struct arena a;
	size_t count;

	snprintf(folder, sizeof(folder), "%s/content/rules", getenv("SKEP_SOURCE_DIR"));
	arena_init(&a, 1 << 20);
	assert_int_equal(rule_path_collect(names, 1, &a, &paths, &count, NULL), 0);
	assert_in_range(count, 1, MOST_FILES);
	for (size_t i = 0; i < count; i++) {
		texts[i] = read_text(paths[i]);
		yaml[i] = buf_str(&texts[i]);
	}
	stage_open(s, yaml, count, c);
	for (size_t i = 0; i < count; i++)
		buf_done(&texts[i]);
	arena_done(&a);
}

/*
 * Who began the container: a process of the host, of which nothing is recorded. An agent knows it by its look at all processes; a
 * program whose ancestors are not known is not told where a rule excuses some of them.
 */
static void tell_shim(struct stage *s, const struct event *exec)
{
	const struct event_exec shim = { .comm = S("containerd-shim"),
					 .exe_path = S("/usr/bin/containerd-shim-runc-v2"),
					 .args = S("containerd-shim") };
	const struct event v = { .type = EVENT_EXECVE,
				 .task = exec->exec->parent,
				 .cgroup_id = STAGE_HOST,
				 .exec = &shim };

	watch_event(s->watch, &v);
}

/* What is started first is the container's own program. */
static void tell(struct stage *s, const struct event *v, bool *began)
{
	if (!*began && event_type_family(v->type) == EVENT_FAMILY_EXEC) {
		tell_shim(s, v);
		*began = true;
	}
	watch_event(s->watch, v);
}

static size_t replay(struct stage *s, str lines)
{
	size_t events = 0;
	bool began = false;

	while (lines.n) {
		str line = str_line(&lines);
		struct arena a;
		struct value json;
		struct event v;
		struct err e = { 0 };

		arena_init(&a, 1 << 20);
		if (json_parse(line, &a, &json, &e) < 0 || event_parse(&json, &a, &v, &e) < 0)
			fail_msg("line %zu: %s", events + 1, e.text);
		tell(s, &v, &began);
		arena_done(&a);
		events++;
	}
	return events;
}

static void test_recorded(void **state)
{
	static struct stage s, again;
	struct watch_config c = { .all_rules = true, .no_folding = true };
	char path[4096];
	struct watch_stats stats;
	size_t events;

	(void)state;
	snprintf(path, sizeof(path), "%s/test/rules/recorded.ndjson", getenv("SKEP_SOURCE_DIR"));
	OWNED_BUF text = read_text(path);
	open_shipped(&s, &c);
	events = replay(&s, buf_str(&text));
	watch_stats(s.watch, &stats);
	assert_int_equal(stats.events, events + 1);
	assert_true(events > 100);
	assert_true(stage_fired(&s, "Program started from shared memory or a temporary folder"));
	assert_true(stage_fired(&s, "Search for keys and passwords"));
	assert_true(stage_fired(&s, "Environment of another process read"));
	assert_true(stage_fired(&s, "Interactive shell in a container"));
	for (size_t i = 0; i < MIN(s.alerts, (size_t)STAGE_ALERTS); i++) {
		assert_string_equal(s.alert[i].container, "shop");
		assert_null(strstr(s.alert[i].message, "<unknown>"));
	}
	open_shipped(&again, &c);
	assert_int_equal(replay(&again, buf_str(&text)), events);
	assert_int_equal(again.alerts, s.alerts);
	for (size_t i = 0; i < MIN(s.alerts, (size_t)STAGE_ALERTS); i++)
		assert_string_equal(again.alert[i].message, s.alert[i].message);
	stage_close(&again);
	stage_close(&s);
}

static size_t replay_records(struct stage *s, str bytes)
{
	struct recording recording;
	struct event v;
	struct err e = { 0 };
	size_t events = 0;
	bool began = false;
	int r = recording_open(bytes, &recording, &e);

	if (r == 0)
		while ((r = recording_next(&recording, &v, &e)) > 0) {
			tell(s, &v, &began);
			events++;
		}
	if (r < 0)
		fail_msg("record %zu: %s", events + 1, e.text);
	recording_done(&recording);
	return events;
}

/* The first alert of a rule, which must be one of the container's. */
static const char *message_of(const struct stage *s, const char *rule)
{
	for (size_t i = 0; i < MIN(s->alerts, (size_t)STAGE_ALERTS); i++)
		if (strcmp(s->alert[i].rule, rule) == 0) {
			assert_string_equal(s->alert[i].container, "shop");
			return s->alert[i].message;
		}
	fail_msg("'%s' did not fire", rule);
	return "";
}

/* The program whose name has a line feed, an escape sequence, a byte that is no UTF-8 and an override of direction. */
static void check_odd_names(const struct stage *s)
{
	const char *name = "exe=/tmp/a\nb\033[31m\377\xe2\x80\xae"
			   "c command=a\nb\033[31m\377\xe2\x80\xae"
			   "c true x\ny\377 parent=",
		   *message = NULL;
	OWNED_BUF shown = BUF_INIT;

	for (size_t i = 0; i < MIN(s->alerts, (size_t)STAGE_ALERTS); i++)
		if (strstr(s->alert[i].message, name))
			message = s->alert[i].message;
	assert_non_null(message);
	text_escape(str_from(message), &shown);
	assert_non_null(strstr(buf_cstr(&shown), "exe=/tmp/a\\x0ab\\x1b[31m\\xff\\u{202e}c "
						 "command="));
}

static void test_records(void **state)
{
	static struct stage s;
	struct watch_config c = { .all_rules = true, .no_folding = true };
	char path[4096];
	struct watch_stats stats;

	(void)state;
	snprintf(path, sizeof(path), "%s/test/rules/recorded.records", getenv("SKEP_SOURCE_DIR"));
	OWNED_BUF bytes = read_text(path);
	open_shipped(&s, &c);
	assert_in_range(replay_records(&s, buf_str(&bytes)), 100, 2000);
	watch_stats(s.watch, &stats);
	assert_int_equal(stats.evicted_processes, 0);
	(void)message_of(&s, "Search for keys and passwords");
	(void)message_of(&s, "Environment of another process read");
	(void)message_of(&s, "Interactive shell in a container");
	assert_non_null(strstr(message_of(&s, "Program started from shared memory or a temporary "
					      "folder"),
			       "(exe=/tmp/dropped command=dropped true "));
	check_odd_names(&s);
	for (size_t i = 0; i < MIN(s.alerts, (size_t)STAGE_ALERTS); i++) {
		assert_string_equal(s.alert[i].container, "shop");
		assert_null(strstr(s.alert[i].message, "<unknown>"));
	}
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_recorded),
					    cmocka_unit_test(test_records) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Falco's rules, unchanged, on synthetic events: each of test/rules/falco_cases.json fires its rule, and its benign twin does
 * not. A case says where ("in"), under which ancestors ("chain"), what runs ("run", "exec", "user") and what it does: "open"
 * [path, flags], "connect" to an address, "received" bytes, any "event", or nothing but run. "quiet" holds what the twin does otherwise.
 */
#include "base/clock.h"
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "codec/json.h"
#include "model/event_json.h"
#include "stage.h"

#define SECOND ((uint64_t)1000000000)

enum { FIRST_PID = 10 };

struct play {
	struct stage *stage;
	struct arena arena;
	const struct value *one, *twin; /* the case, and what replaces parts of it; may be NULL */
	uint64_t serial;                /* so that no two plays share a process */
	uint64_t boot_ns;
};

static const struct value *part(const struct play *p, const char *key)
{
	const struct value *v = value_get(p->twin, key);

	return v ? v : value_get(p->one, key);
}

static uint64_t group_of(str name)
{
	static const struct {
		const char *name;
		enum stage_group group;
	} groups[] = { { "host", STAGE_HOST },
		       { "", STAGE_APP },
		       { "app", STAGE_APP },
		       { "privileged", STAGE_PRIVILEGED },
		       { "mounts", STAGE_MOUNTS } };

	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (str_is(name, groups[i].name))
			return groups[i].group;
	fail_msg("no container '%.*s'", STR_ARG(name));
	return 0;
}

/* "sh -c id", or an array where blanks matter, to argv with NULs. */
static str argv_of(struct arena *a, const struct value *run)
{
	OWNED_BUF b = BUF_INIT;
	str s = value_str(run);

	while (s.n) {
		buf_add(&b, str_cut(&s, ' '));
		buf_byte(&b, '\0');
	}
	VALUE_EACH (item, run) {
		buf_add(&b, value_str(item));
		buf_byte(&b, '\0');
	}
	return arena_str(a, buf_str(&b));
}

static str basename_of(str path)
{
	size_t slash = str_find_last(path, '/');

	return slash < path.n ? str_skip(path, slash + 1) : path;
}

static struct process_key key(const struct play *p, uint32_t level)
{
	return (struct process_key){ FIRST_PID + level, p->serial * 1000 + level + 1 };
}

static void runs(struct play *p, uint32_t level, const struct value *run, uint64_t group,
		 uint32_t marks, struct event_exec *x, uint32_t user)
{
	struct event v = { .type = EVENT_EXECVE, .marks = marks };
	str rest;

	x->args = argv_of(&p->arena, run);
	rest = x->args;
	x->comm = str_take(basename_of(str_cut(&rest, '\0')), 15);
	x->exe_path = arena_printf(&p->arena, "/usr/bin/%.*s", STR_ARG(x->comm));
	if (level)
		x->parent = key(p, level - 1);
	v.task = key(p, level);
	v.time_ns = p->boot_ns + p->serial * SECOND;
	v.cgroup_id = group;
	v.user = user;
	v.exec = x;
	watch_event(p->stage->watch, &v);
}

static uint32_t plays_chain(struct play *p, uint64_t group)
{
	const struct value *chain = part(p, "chain");
	uint32_t level = 0;

	VALUE_EACH (item, chain) {
		struct event_exec x = { .vpid = level + 2, .login_user = UINT32_MAX };

		runs(p, level++, item, group, EVENT_REPLAYED, &x, 0);
	}
	return level;
}

/* The exec facts a case gives, over plain ones. */
static struct event_exec exec_of(struct play *p)
{
	const struct value *given = part(p, "exec");
	struct event_exec x = { .vpid = 7, .vpgid = 5, .login_user = UINT32_MAX, .cwd = S("/") };
	struct value members[2], event = { .kind = VALUE_OBJECT, .count = 2 };
	struct value_member pair[2];
	struct event parsed;
	struct err e = { 0 };

	if (!given)
		return x;
	members[0] = (struct value){ .kind = VALUE_STRING, .string = S("execve") };
	members[1] = *given;
	pair[0] = (struct value_member){ S("type"), members[0] };
	pair[1] = (struct value_member){ S("exec"), members[1] };
	event.members = pair;
	if (event_parse(&event, &p->arena, &parsed, &e) < 0)
		fail_msg("%s", e.text);
	x = *parsed.exec;
	x.vpid = x.vpid ? x.vpid : 7;
	x.vpgid = x.vpgid ? x.vpgid : 5;
	return x;
}

static void endpoint(str text, struct event_fd *fd)
{
	char ip[64] = "";
	size_t colon = str_find_last(text, ':');
	uint32_t port = 0;

	memcpy(ip, text.p, colon);
	assert_int_equal(inet_pton(AF_INET, ip, fd->remote.ip), 1);
	assert_int_equal(str_u32(str_skip(text, colon + 1), &port), 0);
	fd->remote.port = (uint16_t)port;
	fd->local.port = 40000;
	memcpy(fd->local.ip, (uint8_t[]){ 172, 17, 0, 2 }, 4);
	fd->kind = EVENT_FD_IPV4;
	fd->protocol = 6;
	fd->number = 5;
	fd->connected = true;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static str bytes_of(struct arena *a, str hex)
{
	char *out = arena_alloc(a, hex.n / 2);

	for (size_t i = 0; i + 1 < hex.n; i += 2)
		out[i / 2] = (char)(digit(hex.p[i]) << 4 | digit(hex.p[i + 1]));
	return (str){ out, hex.n / 2 };
}

/* What the process does besides running; false when that is all. */
static bool deed(struct play *p, struct event *v)
{
	const struct value *open = part(p, "open"), *connect = part(p, "connect"),
			   *event = part(p, "event"), *received = part(p, "received");
	struct err e = { 0 };

	if (event && event_parse(event, &p->arena, v, &e) < 0)
		fail_msg("%s", e.text);
	if (open) {
		*v = (struct event){ .type = EVENT_OPENAT, .res = 3 };
		v->path = value_str(value_at(open, 0));
		v->raw = part(p, "raw") ? value_str(part(p, "raw")) : v->path;
		v->flags = (uint64_t)value_int(value_at(open, 1), 0);
		v->mode = (uint32_t)value_int(part(p, "mode"), 0);
		v->fd.kind = EVENT_FD_FILE;
		v->fd.number = 3;
	}
	if (connect) {
		*v = (struct event){ .type = EVENT_CONNECT };
		endpoint(value_str(connect), &v->fd);
	}
	if (received) {
		*v = (struct event){ .type = EVENT_RECVFROM, .res = 6 };
		endpoint(S("203.0.113.5:80"), &v->fd);
		v->text = bytes_of(&p->arena, value_str(received));
	}
	return open || connect || event || received;
}

static bool fires(struct play *p, const char *rule)
{
	uint64_t group = group_of(value_str(part(p, "in")));
	uint32_t user = (uint32_t)value_int(part(p, "user"), 0);
	uint32_t level;
	struct event_exec x;
	struct event v = { 0 };
	bool does;

	p->serial++;
	stage_forget(p->stage);
	level = plays_chain(p, group);
	x = exec_of(p);
	x.user = x.real_user = user;
	does = deed(p, &v);
	runs(p, level, part(p, "run"), group, does ? EVENT_REPLAYED : 0, &x, user);
	if (does) {
		v.task = key(p, level);
		/* Start times count from the host's start: the clocks' difference is the watch's own. */
		v.time_ns = (uint64_t)value_int(part(p, "age_s"), 1) * SECOND + v.task.start_ns +
			    p->boot_ns;
		v.cgroup_id = group;
		v.user = user;
		v.number = p->serial;
		watch_event(p->stage->watch, &v);
	}
	return stage_fired(p->stage, rule);
}

static struct buf read_text(const char *folder, const char *path)
{
	struct buf b = BUF_INIT;
	char full[4096];
	struct err e = { 0 };

	snprintf(full, sizeof(full), "%s/%s", folder, path);
	if (file_read(AT_FDCWD, full, 1 << 24, &b, &e) < 0)
		buf_reset(&b);
	return b;
}

static void test_cases(void **state)
{
	static const char *const files[] = { "data/falco-rules/falco_rules.yaml",
					     "data/falco-rules/falco-incubating_rules.yaml",
					     "data/falco-rules/falco-sandbox_rules.yaml" };
	struct watch_config c = { .no_folding = true, .all_rules = true };
	static struct stage stage;
	struct play p = { .stage = &stage, .boot_ns = (uint64_t)clock_boot_offset_ns() };
	struct buf yaml[ARRAY_LEN(files)];
	str texts[ARRAY_LEN(files)];
	struct value cases;
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		yaml[i] = read_text(getenv("SKEP_SHARED_DIR"), files[i]);
		texts[i] = buf_str(&yaml[i]);
		if (!texts[i].n)
			SKIP_BECAUSE("Falco's rule files are not here");
	}
	OWNED_BUF json = read_text(getenv("SKEP_SOURCE_DIR"), "test/rules/falco_cases.json");
	stage_open(&stage, texts, ARRAY_LEN(texts), &c);
	arena_init(&p.arena, (size_t)16 << 20);
	assert_int_equal(json_parse(buf_str(&json), &p.arena, &cases, NULL), 0);
	assert_true(cases.count > 80);
	VALUE_EACH (one, &cases) {
		char rule[128];

		snprintf(rule, sizeof(rule), "%.*s", STR_ARG(value_get_str(one, "rule")));
		p.one = one;
		p.twin = NULL;
		if (!fires(&p, rule)) {
			print_message("# did not fire: %s\n", rule);
			wrong++;
		}
		p.twin = value_get(one, "quiet");
		assert_non_null(p.twin);
		if (fires(&p, rule)) {
			print_message("# twin fired: %s\n", rule);
			wrong++;
		}
	}
	print_message("# %zu rules fired and stayed quiet as they should\n", cases.count - wrong);
	assert_int_equal(wrong, 0);
	stage_close(&stage);
	arena_done(&p.arena);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		buf_done(&yaml[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

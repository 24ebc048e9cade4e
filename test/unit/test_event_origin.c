/* What fields are made of decides them: whatever is remembered of an origin holds for all that have it. */
#include "event_bench.h"

#include <stdio.h>

#include "base/map.h"
#include "policy/event_origin.h"

/* Numbers that are the same each time. */
static uint32_t draw(uint32_t *state, uint32_t n)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 16) % n;
}

/* Of processes with the same number, one after the other. */
static uint32_t some_start(uint32_t *state)
{
	return 71 + draw(state, 16);
}

/* One of them ends and is forgotten, so that another can be forked in its place. */
static void some_end(struct bench *b, uint32_t *state)
{
	OWNED_BUF json = BUF_INIT;

	buf_printf(&json, "{'type':'procexit','time':1,'task':{'pid':71,'start':%u}}",
		   some_start(state));
	happens(b, buf_cstr(&json));
	process_tree_expire(b->tree, UINT64_MAX);
}

/* A process that runs one of a few programs that differ in one thing, and its parent; a fork of nobody we know at times. */
static void some_programs(struct bench *b, uint32_t *state)
{
	static const char *const args[] = { "'args':['sh']",       "'args':['sh','']",
					    "'args':['sh','-c']",  "'args':['s','h -c']",
					    "'args':[]",           "'args':['sh/bin','-c']",
					    "'args':['sh','a b']", "'args':['sh','a','b']" };
	static const char *const comms[] = { "sh", "s", "" };
	static const char *const paths[] = { "/bin/sh", "/sh", "" };
	static const char *const envs[] = { "'A=1'", "", "'A=2'", "'A=1','B='" };
	static const unsigned int flags[] = { 0, EVENT_EXE_MEMFD };
	static const int marks[] = { 0, EVENT_TRUNCATED };

	for (int pid = 70; pid <= 71; pid++) {
		OWNED_BUF json = BUF_INIT;
		uint32_t other = draw(state, 7); /* mostly all else is the same */

#define OF(thing, list) \
	list[other == (thing) || draw(state, 8) == 0 ? draw(state, ARRAY_LEN(list)) : 0]
		if (draw(state, 8) == 0)
			continue;
		buf_printf(&json,
			   "{'type':'%s','task':{'pid':%d,'start':%u},'exec':{'parent':{'pid':%u,"
			   "'start':70},'comm':'%s','exePath':'%s',%s,'env':[%s],'exeFlags':%u,"
			   "'vpid':%u,'vppid':%u,'vpgid':%u,'tty':%u},'marks':%d}",
			   draw(state, 2) ? "execve" : "clone", pid,
			   pid == 70 ? 70 : some_start(state), 69 + draw(state, 2), OF(0, comms),
			   OF(1, paths), OF(2, args), OF(3, envs), OF(4, flags), draw(state, 4),
			   draw(state, 2), draw(state, 4), draw(state, 3), OF(5, marks));
#undef OF
		happens(b, buf_cstr(&json));
	}
}

static void some_event(struct bench *b, uint32_t *state)
{
	static const uint16_t kinds[] = {
		0, EVENT_FD_FILE, EVENT_FD_DIRECTORY, EVENT_FD_IPV4, EVENT_FD_IPV6, EVENT_FD_UNIX
	};
	static const enum event_type types[] = {
		EVENT_OPENAT, EVENT_CREAT,    EVENT_EXECVE,  EVENT_CONNECT,  EVENT_SENDTO,
		EVENT_FCHMOD, EVENT_RENAME,   EVENT_SYMLINK, EVENT_UNLINKAT, EVENT_MKDIR,
		EVENT_LINKAT, EVENT_PROCEXIT, EVENT_CLONE,
	};
	static const char *const paths[] = { "", "/a", "/a/b", "/", "b" };
	struct event *v = &b->event;

	memset(v, 0, sizeof(*v));
	v->type = types[draw(state, ARRAY_LEN(types))];
	v->task = (struct process_key){ 71, some_start(state) };
	v->res = draw(state, 3) ? 0 : -(int64_t)draw(state, 5);
	if (draw(state, 8) == 0)
		v->res = 1 + draw(state, 3);
	v->flags = draw(state, 4) | (draw(state, 4) ? 0 : 1ull << 32) | (draw(state, 2) ? 0 : 0100);
	v->mode = draw(state, 2) ? 0755 : 0644;
	v->path = str_from(paths[draw(state, ARRAY_LEN(paths))]);
	v->raw = str_from(paths[draw(state, ARRAY_LEN(paths))]);
	v->path2 = str_from(paths[draw(state, ARRAY_LEN(paths))]);
	v->raw2 = str_from(paths[draw(state, ARRAY_LEN(paths))]);
	v->fd = (struct event_fd){
		.kind = kinds[draw(state, ARRAY_LEN(kinds))],
		.protocol = draw(state, 2) ? 6 : 17,
		.role = (uint8_t) "cs"[draw(state, 3)],
		.connected = draw(state, 2),
		.file_flags = (uint8_t)draw(state, 17),
		.local = { { 10, 0, 0, (uint8_t)draw(state, 2) }, (uint16_t)draw(state, 3) },
		.remote = { { (uint8_t)(10 * draw(state, 2)), 0, 0, 2 }, (uint16_t)draw(state, 3) }
	};
	if (draw(state, 8) == 0)
		memset(v->fd.local.ip, 0, sizeof(v->fd.local.ip));
	if (event_origin_has_paths((uint16_t)v->type) && draw(state, 4))
		v->fd.kind = EVENT_FD_NONE;
	else if (draw(state, 2))
		v->fd.path = str_from(paths[draw(state, ARRAY_LEN(paths))]);
}

static str all_of_origin(struct bench *b, const struct event_target *t, unsigned int origin)
{
	static const char *const keys[] = { "",        "flags",   "path", "name",
					    "oldpath", "newpath", "mode", "B" };
	OWNED_BUF out = BUF_INIT;

	for (uint16_t field = 0; field < FIELD_COUNT; field++) {
		const struct policy_field *f = &policy_events.fields[field];

		for (size_t k = 0; k < (f->arg == POLICY_ARG_NONE ? 1 : ARRAY_LEN(keys)); k++) {
			struct policy_ref ref = { .field = field, .key = str_from(keys[k]) };
			struct policy_value v = { 0 };

			if ((f->arg == POLICY_ARG_KEY && !k) ||
			    policy_events.origin_of(t->target.type, &ref) != origin)
				continue;
			t->target.get(&t->target, &ref, &v);
			if (policy_events.is_told_as_one(field))
				v.integer = v.integer == 1;
			buf_printf(&out, "%s.%s %d ", f->name, keys[k], v.state);
			for (uint32_t i = 0; v.state == POLICY_KNOWN && i < v.count; i++)
				add_value(&out, f, &ref, &v, i);
			buf_byte(&out, '\n');
		}
	}
	return arena_printf(&b->arena, "%s", buf_cstr(&out));
}

/* One of a few, as they are kept: what is found out later has another version, what the path told is marked beside. */
static const struct container *some_container(uint32_t *state)
{
	static struct container kept[4];

	kept[0] = host;
	kept[1] = kept[2] = web;
	kept[2].privileged = false;
	kept[3] = bare;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		kept[i].version = i + 1;
	kept[3].known |= draw(state, 2) * CONTAINER_METADATA;
	if (draw(state, 8) == 0)
		return NULL;
	return draw(state, 8) ? &kept[draw(state, ARRAY_LEN(kept))] : &bare;
}

/* Texts of origins are bytes, NULs among them. */
static str key_of(struct bench *b, const struct policy_target *t, unsigned int n,
		  const struct policy_origin *o)
{
	OWNED_BUF key = BUF_INIT;

	buf_printf(&key, "%u %u %llx ", t->type, n, (unsigned long long)o->number);
	for (size_t i = 0; i < o->text.n; i++)
		buf_printf(&key, "%02x", (unsigned char)o->text.p[i]);
	return arena_printf(&b->arena, "%s", buf_cstr(&key));
}

/* Whatever events have the same origin have the same values of all fields that are said to be made of it. */
static void test_origins(void **state)
{
	struct bench *b = *state;
	struct map known = { .arena = &b->arena };
	uint32_t seed = 7, again = 0, told = 0;

	for (int i = 0; i < 20000; i++) {
		struct event_target t;

		if (i % 20 == 0)
			some_programs(b, &seed);
		if (i % 20 == 10)
			some_end(b, &seed);
		some_event(b, &seed);
		scratch_reset(&b->scratch);
		event_target_init(&t, &b->world, &b->event, some_container(&seed));
		for (unsigned int n = ORIGIN_CALL; n <= ORIGIN_ENTRY; n++) {
			struct policy_origin o;
			str key, values;
			void **at;

			if (!t.target.origin(&t.target, n, &o))
				continue;
			told++;
			key = key_of(b, &t.target, n, &o);
			values = all_of_origin(b, &t, n);
			at = map_at(&known, key);
			assert_true(at && values.p);
			again += *at != NULL;
			if (*at && !str_is(values, *at))
				fail_msg("%s: %s, and %s", key.p, (char *)*at, values.p);
			*at = (void *)(uintptr_t)values.p;
		}
	}
	assert_true(told > 60000 && again > told / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_origins, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

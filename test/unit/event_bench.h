/** @file
 * A process tree, containers and one event, for tests of what event_target makes of them.
 */
#ifndef SKEP_TEST_EVENT_BENCH_H
#define SKEP_TEST_EVENT_BENCH_H

#include "unit.h"

#include "codec/json.h"
#include "model/event_json.h"
#include "watch/event_target.h"

static enum policy_state find_account(void *ctx, const struct container *c, uint32_t pid,
				      enum account_part part, uint32_t number, str *ret)
{
	const bool name = part == ACCOUNT_NAME || part == ACCOUNT_GROUP_NAME;

	(void)ctx, (void)c, (void)pid;
	if (number == 34)
		return POLICY_UNKNOWN;
	if (number != 0 && number != 33)
		return POLICY_ABSENT;
	*ret = name ? (number ? S("www-data") : S("root")) : number ? S("") : S("/root");
	return POLICY_KNOWN;
}

struct bench {
	struct arena arena;
	struct process_tree *tree;
	struct scratch scratch;
	struct event_world world;
	struct event event;
	const struct container *container;
};

static struct container_mount mounts[] = {
	{ S("/data"), S("/srv"), S("rw"), S("rprivate"), true },
	{ S("/var/run/docker.sock"), S("/docker.sock"), S(""), S(""), false },
};
static struct container_label labels[] = { { S("app"), S("shop") } };

static const struct container host = { .runtime = CONTAINER_HOST, .id = { "host", 4 } };
static const struct container web = {
	.runtime = CONTAINER_DOCKER,
	.known = CONTAINER_IDENTITY | CONTAINER_METADATA | CONTAINER_POD,
	.id = { "3ad7b26ded6d0123456789abcdef0123456789abcdef0123456789abcdef0123", 64 },
	.name = { "web", 3 },
	.image_repository = { "docker.io/library/nginx", 23 },
	.mounts = mounts,
	.mount_count = 2,
	.labels = labels,
	.label_count = 1,
	.privileged = true,
	.started_ns = 5000,
	.pod_namespace = { "prod", 4 },
};
static const struct container bare = { .runtime = CONTAINER_CONTAINERD,
				       .known = CONTAINER_IDENTITY,
				       .id = { "0123456789abcdef", 16 } };

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct process_tree_config c = { 64, 1 << 16, 60 };

	if (!b || process_tree_new(&c, &b->tree, NULL) < 0 ||
	    scratch_init(&b->scratch, 1 << 16, NULL) < 0)
		return -1;
	arena_init(&b->arena, 64 << 20);
	b->world = (struct event_world){ .tree = b->tree,
					 .scratch = &b->scratch,
					 .users = { NULL, find_account },
					 .hostname = S("node1"),
					 .boot_ns = 1000 };
	b->container = &web;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	process_tree_free(b->tree);
	scratch_done(&b->scratch);
	arena_done(&b->arena);
	free(b);
	return 0;
}

/* Feeds one event, single quotes for double ones, and keeps it for the questions that follow. */
static void happens(struct bench *b, const char *text)
{
	size_t n = strlen(text);
	char *json = arena_alloc(&b->arena, n + 1);
	struct value v;
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++)
		json[i] = (char)(text[i] == '\'' ? '"' : text[i]);
	if (json_parse((str){ json, n }, &b->arena, &v, &e) < 0 ||
	    event_parse(&v, &b->arena, &b->event, &e) < 0)
		fail_msg("%s: %s", e.text, text);
	process_tree_event(b->tree, &b->event);
}

static void add_ip(struct buf *out, const struct policy_ip *ip)
{
	for (int i = 0; i < (ip->family == 4 ? 4 : 16); i++)
		buf_printf(out, i ? ".%u" : "%u", ip->bytes[i]);
}

static void add_value(struct buf *out, const struct policy_field *f, const struct policy_ref *r,
		      const struct policy_value *v, uint32_t i)
{
	bool one = f->kind == POLICY_ONE || r->has_index;

	switch (f->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		buf_add(out, one ? v->string : v->strings[i]);
		break;
	case POLICY_BOOL:
		buf_add(out, v->boolean ? S("true") : S("false"));
		break;
	case POLICY_UINT:
		buf_printf(out, "%llu", (unsigned long long)v->number);
		break;
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_NAME:
		add_ip(out, &v->ip[i]);
		break;
	case POLICY_PORT:
		buf_printf(out, "%u", v->port[i]);
		break;
	default:
		buf_printf(out, "%lld", (long long)(one ? v->integer : v->integers[i]));
	}
}

#endif

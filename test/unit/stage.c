#include "stage.h"

#include <stdio.h>

#include "codec/json.h"
#include "model/event_json.h"

static struct container_mount docker_sock[] = {
	{ { "/var/run/docker.sock", 20 },
	  { "/var/run/docker.sock", 20 },
	  { "", 0 },
	  { "", 0 },
	  true },
};

#define KNOWN (CONTAINER_IDENTITY | CONTAINER_METADATA | CONTAINER_POD)
/* As asset keeps it. */
#define ID(digit) \
	.id = { digit "ad7b26ded6d0123456789abcdef0123456789abcdef0123456789abcdef01234", 65 }, \
	.short_id_bytes = 12

static const struct container containers[STAGE_GROUPS] = {
	[STAGE_HOST] = { .runtime = CONTAINER_HOST,
			 .known = KNOWN,
			 .id = { "host", 4 },
			 .version = 1 },
	[STAGE_APP] = { .runtime = CONTAINER_DOCKER,
			.known = KNOWN,
			ID("2"),
			.version = 2,
			.name = { "shop", 4 },
			.image_repository = { "example/shop", 12 },
			.started_ns = 1000,
			.cgroup_id = STAGE_APP },
	[STAGE_PRIVILEGED] = { .runtime = CONTAINER_CONTAINERD,
			       .known = KNOWN,
			       ID("3"),
			       .version = 3,
			       .name = { "power", 5 },
			       .image_repository = { "example/power", 13 },
			       .privileged = true,
			       .pod_namespace = { "prod", 4 },
			       .cgroup_id = STAGE_PRIVILEGED },
	[STAGE_MOUNTS] = { .runtime = CONTAINER_DOCKER,
			   .known = KNOWN,
			   ID("4"),
			   .version = 4,
			   .name = { "mounts", 6 },
			   .image_repository = { "example/mounts", 14 },
			   .mounts = docker_sock,
			   .mount_count = 1,
			   .cgroup_id = STAGE_MOUNTS },
	[STAGE_BARE] = { .runtime = CONTAINER_OTHER,
			 .known = CONTAINER_IDENTITY,
			 ID("5"),
			 .version = 5,
			 .cgroup_id = STAGE_BARE },
	[STAGE_LATE] = { .runtime = CONTAINER_DOCKER,
			 .known = KNOWN,
			 ID("6"),
			 .version = 6,
			 .name = { "late", 4 },
			 .image_repository = { "example/late", 12 },
			 .cgroup_id = STAGE_LATE },
};

static struct stage *stage_of(struct asset *a)
{
	return (struct stage *)(void *)a;
}

const struct container *asset_find(struct asset *a, uint64_t cgroup_id)
{
	struct stage *s = stage_of(a);

	s->finds++;
	if (cgroup_id == STAGE_LATE && !s->late_known)
		return NULL;
	return cgroup_id && cgroup_id < STAGE_GROUPS ? &containers[cgroup_id] : NULL;
}

const struct container *asset_host(const struct asset *a)
{
	(void)a;
	return &containers[STAGE_HOST];
}

enum policy_state asset_account(struct asset *a, const struct asset_account *q, str *ret,
				uint64_t *ret_pending)
{
	struct stage *s = stage_of(a);

	*ret_pending = s->names_pending;
	if (s->names_pending)
		return POLICY_UNKNOWN;
	if (q->number != 0 && q->number != 33)
		return POLICY_ABSENT;
	*ret = q->part == ACCOUNT_HOME    ? S("/home")
	       : q->part == ACCOUNT_SHELL ? S("/bin/sh")
	       : q->number                ? S("www-data")
					  : S("root");
	return POLICY_KNOWN;
}

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e->text);
	exit(1);
}

static void keep(void *ctx, const struct alert *a)
{
	struct stage *s = ctx;
	size_t i = s->alerts++;

	if (i >= STAGE_ALERTS)
		return;
	snprintf(s->alert[i].rule, sizeof(s->alert[i].rule), "%.*s", STR_ARG(a->rule));
	snprintf(s->alert[i].message, sizeof(s->alert[i].message), "%.*s", STR_ARG(a->message));
	snprintf(s->alert[i].container, sizeof(s->alert[i].container), "%.*s",
		 STR_ARG(a->container->name));
	for (size_t f = 0; f < a->field_count; f++)
		if (str_is(a->fields[f].name, "evt.type"))
			snprintf(s->alert[i].type, sizeof(s->alert[i].type), "%.*s",
				 STR_ARG(a->fields[f].text));
	s->alert[i].count = a->count;
	s->alert[i].unknown = a->unknown;
}

/* Every name that rules compare with is 198.51.100.1. */
static void resolve(struct stage *s)
{
	static const struct policy_ip ip = { .bytes = { 198, 51, 100, 1 }, .family = 4 };
	size_t count;

	(void)policy_names(s->program, &count);
	s->names = ARENA_ARRAY(&s->arena, count, struct policy_addresses);
	for (size_t i = 0; i < count; i++)
		s->names[i] = (struct policy_addresses){ &ip, 1, true };
	policy_run_set_names(watch_run(s->watch), s->names);
}

void stage_open_program(struct stage *s, struct policy_program *p, const struct watch_config *c)
{
	struct err e = { 0 };

	*s = (struct stage){ .program = p };
	arena_init(&s->arena, (size_t)64 << 20);
	if (watch_new(c, (struct asset *)(void *)s, s->program, keep, s, &s->watch, &e) < 0)
		die("watch", &e);
	resolve(s);
}

void stage_open(struct stage *s, const str *yaml, size_t count, const struct watch_config *c)
{
	struct policy_program *p;
	struct rule_set *rules;
	struct err e = { 0 };

	if (rule_set_new(&rules, &e) < 0)
		die("rules", &e);
	for (size_t i = 0; i < count; i++)
		if (rule_set_add(rules, S("stage"), yaml[i], &e) < 0)
			die("rules", &e);
	if (rule_set_finish(rules, &e) < 0)
		die("rules", &e);
	(void)rule_set_enable(rules, S("*"), true);
	if (policy_compile(rules, &policy_events, &p, &e) < 0 || policy_own_rules(p, &e) < 0)
		die("compile", &e);
	/* As the agent does: what rules were read from is not needed any more. */
	rule_set_free(rules);
	stage_open_program(s, p, c);
}

void stage_close(struct stage *s)
{
	watch_free(s->watch);
	policy_free(s->program);
	arena_done(&s->arena);
}

void stage_event(struct stage *s, const char *text)
{
	size_t n = strlen(text);
	char *json = arena_alloc(&s->arena, n + 1);
	struct event v;
	struct value value;
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++)
		json[i] = (char)(text[i] == '\'' ? '"' : text[i]);
	if (json_parse((str){ json, n }, &s->arena, &value, &e) < 0 ||
	    event_parse(&value, &s->arena, &v, &e) < 0)
		die(text, &e);
	watch_event(s->watch, &v);
}

bool stage_fired(const struct stage *s, const char *rule)
{
	for (size_t i = 0; i < MIN(s->alerts, (size_t)STAGE_ALERTS); i++)
		if (strcmp(s->alert[i].rule, rule) == 0)
			return true;
	return false;
}

void stage_forget(struct stage *s)
{
	s->alerts = 0;
}

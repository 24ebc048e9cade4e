#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "asset/engine_sockets.h"
#include "codec/json.h"
#include "prog/agent/census_collect.h"
#include "prog/agent/census_files.h"

/* Engines are asked one question at a time. Their answers are bounded and not trusted to be well-formed. */
#define EVERY_NS (30 * SECOND_NS)
#define HURRY_NS SECOND_NS
#define ANSWER_MAX ((size_t)32 << 20)
#define PARSE_MEMORY ((size_t)256 << 20)
enum { ANSWER_S = 20 };

enum question { ASK_VERSION, ASK_CONTAINERS, ASK_IMAGES, ASK_VOLUMES, ASK_NETWORKS, QUESTIONS };

static const char *const paths[QUESTIONS] = { "/version", "/containers/json?all=1", "/images/json",
					      "/volumes", "/networks" };

struct one {
	const char *kind; /* "docker", "podman" */
	const char *socket;
	char version[32];
	bool up;
};

struct census_engine {
	struct census *census;
	struct http_flows *flows;
	struct http_flow *flow;
	const struct asset *asset;
	struct one engines[ENGINE_SOCKETS_MAX];
	size_t count, at;
	enum question question;
	bool asking, all_answered;
	struct buf body, list;
	/* Of the round: the containers each volume and network has, as the list tells them. */
	struct arena arena;
	struct value containers;
	uint64_t now_ns, next_ns;
	struct census_files *files;
};

/* Engines are found as time goes by, and none is forgotten. */
static void find_engines(struct census_engine *g)
{
	const struct engine_sockets *s = asset_engine_sockets(g->asset);

	for (; g->count < s->count; g->count++)
		g->engines[g->count] =
			(struct one){ .kind = s->list[g->count].kind == ENGINE_PODMAN ? "podman"
										      : "docker",
				      .socket = s->list[g->count].path };
}

int census_engine_new(struct census *c, struct asset *a, const char *root,
		      const char *const *data_roots, struct census_engine **ret, struct err *e)
{
	struct census_engine *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_sys(e, ENOMEM, "census");
	g->census = c;
	g->asset = a;
	g->body.max = ANSWER_MAX;
	r = census_files_new(c, a, root, data_roots, &g->files, e);
	r = r < 0 ? r : http_flows_new(&g->flows, e);
	if (r < 0) {
		census_engine_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

void census_engine_free(struct census_engine *g)
{
	if (!g)
		return;
	http_flow_stop(g->flow);
	http_flows_free(g->flows);
	arena_done(&g->arena);
	census_files_free(g->files);
	buf_done(&g->body);
	buf_done(&g->list);
	free(g);
}

int census_engine_fd(const struct census_engine *g)
{
	return http_flows_fd(g->flows);
}

void census_engine_hurry(struct census_engine *g)
{
	g->next_ns = MIN(g->next_ns, g->now_ns + HURRY_NS);
}

str census_engine_render(struct census_engine *g)
{
	struct json_out j;

	buf_reset(&g->list);
	json_out_init(&j, &g->list, false);
	json_array_open(&j);
	for (size_t i = 0; i < g->count; i++) {
		if (!g->engines[i].up)
			continue;
		json_object_open(&j);
		json_put_cstr(&j, "kind", g->engines[i].kind);
		json_put_cstr(&j, "version", g->engines[i].version);
		json_put_cstr(&j, "at", g->engines[i].socket);
		json_object_close(&j);
	}
	json_array_close(&j);
	return buf_error(&g->list) ? S("[]") : buf_str(&g->list);
}

/* ---- Answers ---- */

static void put_strings(struct json_out *j, const char *key, const struct value *list)
{
	json_key(j, key);
	json_array_open(j);
	VALUE_EACH (s, list)
		if (value_str(s).n && !str_is(value_str(s), "<none>:<none>"))
			json_str(j, value_str(s));
	json_array_close(j);
}

str census_engine_image_id(const struct census_engine *g, str digest)
{
	return census_files_image_id(g->files, digest);
}

static void take_image(struct census_engine *g, const struct value *v)
{
	const struct one *o = &g->engines[g->at];
	OWNED_BUF doc = BUF_INIT;
	str id = value_get_str(v, "Id");
	str digest = value_str(value_at(value_get(v, "RepoDigests"), 0));
	struct json_out j;

	digest = str_skip(digest, str_find(digest, '@') + 1);
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", id);
	json_opt_str(&j, "digest", digest);
	put_strings(&j, "references", value_get(v, "RepoTags"));
	json_put_int(&j, "bytes", value_int(value_get(v, "Size"), 0));
	json_put_int(&j, "createdTime", value_int(value_get(v, "Created"), 0));
	json_put_cstr(&j, "engine", o->kind);
	json_object_close(&j);
	census_put_doc(g->census, CENSUS_IMAGE, id, &doc);
}

/** The containers that hold a volume of this name. */
static void put_holders(struct census_engine *g, struct json_out *j, str volume)
{
	json_key(j, "containers");
	json_array_open(j);
	VALUE_EACH (c, &g->containers)
		VALUE_EACH (m, value_get(c, "Mounts"))
			if (str_is(value_get_str(m, "Type"), "volume") &&
			    str_eq(value_get_str(m, "Name"), volume))
				json_str(j, value_get_str(c, "Id"));
	json_array_close(j);
}

static void take_volume(struct census_engine *g, const struct value *v)
{
	const struct one *o = &g->engines[g->at];
	OWNED_BUF doc = BUF_INIT, id = BUF_INIT;
	struct json_out j;

	buf_printf(&id, "%s/%.*s", o->kind, STR_ARG(value_get_str(v, "Name")));
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", buf_str(&id));
	json_put_str(&j, "name", value_get_str(v, "Name"));
	json_opt_str(&j, "driver", value_get_str(v, "Driver"));
	json_opt_str(&j, "at", value_get_str(v, "Mountpoint"));
	put_holders(g, &j, value_get_str(v, "Name"));
	json_object_close(&j);
	census_put_doc(g->census, CENSUS_VOLUME, buf_str(&id), &doc);
}

static void put_members(struct census_engine *g, struct json_out *j, str network)
{
	json_key(j, "containers");
	json_array_open(j);
	VALUE_EACH (c, &g->containers)
		VALUE_MEMBERS (m, value_path(c, "NetworkSettings.Networks"))
			if (str_eq(value_get_str(&m->value, "NetworkID"), network))
				json_str(j, value_get_str(c, "Id"));
	json_array_close(j);
}

static void take_network(struct census_engine *g, const struct value *v)
{
	const struct one *o = &g->engines[g->at];
	OWNED_BUF doc = BUF_INIT, id = BUF_INIT;
	struct json_out j;

	buf_printf(&id, "%s/%.*s", o->kind, STR_ARG(value_get_str(v, "Id")));
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", buf_str(&id));
	json_put_str(&j, "name", value_get_str(v, "Name"));
	json_opt_str(&j, "driver", value_get_str(v, "Driver"));
	json_opt_str(&j, "scope", value_get_str(v, "Scope"));
	json_key(&j, "subnets");
	json_array_open(&j);
	VALUE_EACH (s, value_path(v, "IPAM.Config"))
		json_str(&j, value_get_str(s, "Subnet"));
	json_array_close(&j);
	put_members(g, &j, value_get_str(v, "Id"));
	json_object_close(&j);
	census_put_doc(g->census, CENSUS_NETWORK, buf_str(&id), &doc);
}

static void take(struct census_engine *g, const struct value *v)
{
	struct one *o = &g->engines[g->at];

	switch (g->question) {
	case ASK_VERSION:
		o->up = true;
		snprintf(o->version, sizeof(o->version), "%.*s",
			 STR_ARG(value_get_str(v, "Version")));
		break;
	case ASK_CONTAINERS:
		g->containers = *v;
		break;
	case ASK_IMAGES:
		VALUE_EACH (i, v)
			take_image(g, i);
		break;
	case ASK_VOLUMES:
		VALUE_EACH (i, value_get(v, "Volumes"))
			take_volume(g, i);
		break;
	case ASK_NETWORKS:
		VALUE_EACH (i, v)
			take_network(g, i);
		break;
	default:
		break;
	}
}

/* ---- Rounds ---- */

static void ask(struct census_engine *g);

static void begin(struct census_engine *g)
{
	g->asking = g->all_answered = true;
	find_engines(g);
	g->at = 0;
	g->question = ASK_VERSION;
	census_begin(g->census, CENSUS_IMAGE);
	census_begin(g->census, CENSUS_VOLUME);
	census_begin(g->census, CENSUS_NETWORK);
}

/** What an engine that is away has is not gone: it was not looked at. */
static void finish(struct census_engine *g)
{
	g->asking = false;
	g->next_ns = g->now_ns + EVERY_NS;
	/* After the engines that answer: what they told stands. */
	census_files_look(g->files);
	if (!g->all_answered)
		return;
	census_end(g->census, CENSUS_IMAGE);
	census_end(g->census, CENSUS_VOLUME);
	census_end(g->census, CENSUS_NETWORK);
}

static void next(struct census_engine *g, bool answered)
{
	g->question = answered ? g->question + 1 : QUESTIONS;
	if (g->question == QUESTIONS) {
		g->at++;
		g->question = ASK_VERSION;
		arena_done(&g->arena);
		g->containers = (struct value){ 0 };
	}
	if (g->at == g->count)
		finish(g);
	else
		ask(g);
}

static void away(struct census_engine *g)
{
	struct one *o = &g->engines[g->at];

	/* One that never was there hides nothing. */
	g->all_answered &= !o->up;
	o->up = false;
	next(g, false);
}

static void on_end(void *ctx, int result, int status)
{
	struct census_engine *g = ctx;
	struct value v;

	g->flow = NULL;
	if (!g->arena.chunks)
		arena_init(&g->arena, PARSE_MEMORY);
	if (result == 0 && status == 200 &&
	    json_parse(buf_str(&g->body), &g->arena, &v, NULL) == 0) {
		take(g, &v);
		buf_done(&g->body);
		g->body.max = ANSWER_MAX;
		next(g, true);
	} else {
		away(g);
	}
}

static int collect(void *ctx, str bytes)
{
	struct census_engine *g = ctx;

	buf_add(&g->body, bytes);
	return buf_error(&g->body);
}

static void ask(struct census_engine *g)
{
	const struct one *o = &g->engines[g->at];
	const struct http_options http = { .unix_socket = o->socket };
	char url[64];
	const struct http_flow_request q = { .url = url,
					     .max_body = ANSWER_MAX,
					     .total_s = ANSWER_S,
					     .on_body = collect,
					     .on_end = on_end,
					     .ctx = g };

	snprintf(url, sizeof(url), "http://localhost%s", paths[g->question]);
	buf_reset(&g->body);
	if (http_flow_start(g->flows, &http, &q, &g->flow, NULL) < 0) {
		g->all_answered = g->asking = false;
		g->next_ns = g->now_ns + EVERY_NS;
	}
}

void census_engine_work(struct census_engine *g, uint64_t now_ns)
{
	g->now_ns = now_ns;
	http_flows_work(g->flows);
	if (g->asking || now_ns < g->next_ns)
		return;
	begin(g);
	if (g->count)
		ask(g);
	else
		finish(g);
}

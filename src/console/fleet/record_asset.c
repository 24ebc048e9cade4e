#include <stdio.h>

#include "codec/json.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/assets.h"

enum { NAME_MAX_BYTES = 256, ID_MAX_BYTES = 512, LABELS_MAX = 4096 };

/* A record on its way to being an asset. */
struct telling {
	struct teller *t;
	struct value v;
	str doc, id; /* id: of the asset */
	struct asset asset;
};

static str cut_name(str s)
{
	return str_take(s, NAME_MAX_BYTES);
}

/** Things that only their node can name apart from others' carry the node in their id. */
static str id_of(const struct telling *w, enum asset_kind kind, str own)
{
	struct arena *a = w->t->arena;
	const char *name = asset_kind_name(kind);

	switch (kind) {
	case ASSET_HOST:
		return arena_printf(a, "host:%.*s", STR_ARG(w->t->agent->id));
	case ASSET_CONTAINER:
	case ASSET_IMAGE:
	case ASSET_POD:
		return arena_printf(a, "%s:%.*s", name, STR_ARG(own));
	default:
		return arena_printf(a, "%s:%.*s/%.*s", name, STR_ARG(w->t->agent->id),
				    STR_ARG(own));
	}
}

/** @param to at most ID_MAX_BYTES, and what names its node and kind. @return 0, RECORD_REFUSED, -errno of the store */
static int relate(const struct telling *w, const char *kind, str to, struct err *e)
{
	if (to.n > 2 * ID_MAX_BYTES)
		return RECORD_REFUSED;
	return assets_relate(w->t->store, w->id, str_from(kind), &to, to.n ? 1 : 0, w->t->now_ns,
			     e);
}

/** Of a thing in a container, or on the host itself. */
static int relate_place(const struct telling *w, struct err *e)
{
	str container = value_get_str(&w->v, "container");
	str to = container.n && !str_is(container, "host") ? id_of(w, ASSET_CONTAINER, container)
							   : id_of(w, ASSET_HOST, (str){ 0 });

	return relate(w, "in", to, e);
}

/** Of a volume or network: the containers that have it. */
static int relate_users(const struct telling *w, struct err *e)
{
	const struct value *list = value_get(&w->v, "containers");
	size_t count = list && list->kind == VALUE_ARRAY ? list->count : 0;
	str *to = ARENA_ARRAY(w->t->arena, count, str);
	size_t n = 0;

	if (!to)
		return err_set(e, ENOBUFS, "memory budget spent");
	VALUE_EACH (c, list)
		if (value_str(c).n <= ID_MAX_BYTES)
			to[n++] = id_of(w, ASSET_CONTAINER, value_str(c));
	return assets_relate(w->t->store, w->id, S("used-by"), to, n, w->t->now_ns, e);
}

static str labels_of(const struct telling *w)
{
	OWNED_BUF out = BUF_INIT;
	str own = w->t->agent->labels;

	if (own.n)
		buf_printf(&out, ",%.*s,", STR_ARG(own));
	VALUE_MEMBERS (m, value_get(&w->v, "labels")) {
		str text = value_str(&m->value);

		if (str_find(m->key, ',') < m->key.n || str_find(m->key, '=') < m->key.n ||
		    str_find(text, ',') < text.n || text.n > 200 || out.n > LABELS_MAX)
			continue;
		if (!out.n)
			buf_byte(&out, ',');
		buf_printf(&out, "%.*s=%.*s,", STR_ARG(m->key), STR_ARG(text));
	}
	return out.n ? arena_str(w->t->arena, buf_str(&out)) : (str){ 0 };
}

static str cluster_of(str labels)
{
	while (labels.n) {
		str pair = str_cut(&labels, ',');

		if (str_starts(pair, S("cluster=")))
			return str_skip(pair, 8);
	}
	return (str){ 0 };
}

/* What lists are sorted by may be no longer than an index takes. */
static int put(struct telling *w, struct err *e)
{
	if (!w->asset.id.p || !w->asset.name.n)
		w->asset.name = str_skip(w->asset.id, str_find(w->asset.id, ':') + 1);
	w->asset.name = str_take(w->asset.name, ID_MAX_BYTES);
	return sql_no_count(assets_put(w->t->store, &w->asset, 1, w->t->now_ns, e));
}

/* ---- Kinds ---- */

static int put_host(struct telling *w, struct err *e)
{
	const struct agent_node n = { .name = cut_name(value_get_str(&w->v, "name")),
				      .machine_id = cut_name(value_get_str(&w->v, "machineId")),
				      .kernel = cut_name(value_get_str(&w->v, "kernel")),
				      .os = cut_name(value_get_str(&w->v, "os")),
				      .version = cut_name(value_get_str(&w->v, "agentVersion")) };
	int r = agent_set_node(w->t->store, w->t->agent->id, &n, e);

	w->asset.host = n.name;
	w->t->job->agents = true;
	return r < 0 ? r : put(w, e);
}

static int put_pod(struct telling *w, str uid, struct err *e)
{
	const struct value *v = &w->v;
	struct telling pod = *w;
	int r;

	pod.id = id_of(w, ASSET_POD, uid);
	pod.asset.id = pod.id;
	pod.asset.name =
		arena_printf(w->t->arena, "%.*s/%.*s", STR_ARG(value_get_str(v, "podNamespace")),
			     STR_ARG(value_get_str(v, "podName")));
	pod.asset.image = pod.asset.image_id = pod.asset.state = (str){ 0 };
	pod.asset.doc = arena_printf(w->t->arena, "{}");
	r = put(&pod, e);
	if (r == 0)
		r = relate(&pod, "on", id_of(w, ASSET_HOST, (str){ 0 }), e);
	return r < 0 ? r : relate(w, "part-of", pod.id, e);
}

/**
 * Containers' ids are the fleet's, so that alerts lead to them. One that another agent tells of is that agent's, unless it is
 * silent, ended or revoked: then its host has joined anew.
 */
static bool is_anothers(struct telling *w)
{
	struct asset have;
	struct agent other;

	if (assets_get(w->t->store, &scope_everything, w->id, w->t->arena, &have, NULL) < 0 ||
	    have.gone_ns || str_eq(have.agent, w->t->agent->id))
		return false;
	return agent_get(w->t->store, have.agent, w->t->arena, &other, NULL) == 0 &&
	       other.state == AGENT_ACTIVE && !other.ended && !other.silent &&
	       !(other.machine_id.n && str_eq(other.machine_id, w->t->agent->machine_id));
}

static int put_container(struct telling *w, struct err *e)
{
	const struct value *v = &w->v;
	str image = value_get_str(v, "imageId"), pod = value_get_str(v, "podUid");
	bool has_image = record_is_digest(image);
	int r;

	if (is_anothers(w))
		return RECORD_REFUSED;
	w->asset.namespace = cut_name(value_get_str(v, "podNamespace"));
	w->asset.image = cut_name(value_get_str(v, "image"));
	w->asset.image_id = has_image ? id_of(w, ASSET_IMAGE, image) : (str){ 0 };
	r = put(w, e);
	if (r == 0)
		r = relate(w, "on", id_of(w, ASSET_HOST, (str){ 0 }), e);
	if (r == 0)
		r = relate(w, "uses", w->asset.image_id, e);
	if (r == 0 && pod.n && pod.n < ID_MAX_BYTES)
		r = put_pod(w, pod, e);
	if (r == 0 && has_image && str_is(w->asset.state, "running"))
		r = record_image_wanted(w->t, image, w->asset.image, e);
	return r;
}

static str references_of(const struct telling *w)
{
	OWNED_BUF out = BUF_INIT;

	VALUE_EACH (s, value_get(&w->v, "references")) {
		if (out.n > LABELS_MAX || str_find(value_str(s), ' ') < value_str(s).n)
			continue;
		if (out.n)
			buf_byte(&out, ' ');
		buf_add(&out, value_str(s));
	}
	return out.n ? arena_str(w->t->arena, buf_str(&out)) : (str){ 0 };
}

static int put_image(struct telling *w, struct err *e)
{
	str digest = value_get_str(&w->v, "id"), references = references_of(w);
	int64_t bytes = value_int(value_get(&w->v, "bytes"), 0);
	int r;

	if (!record_is_digest(digest))
		return RECORD_REFUSED;
	/* Of no host: the same image is the same everywhere. */
	w->asset.agent = w->asset.host = w->asset.labels = (str){ 0 };
	w->asset.image = references;
	w->asset.name = references.n ? str_take(references, str_find(references, ' ')) : digest;
	r = put(w, e);
	return r < 0 ? r : record_image(w->t, digest, references, bytes, e);
}

static int put_port(struct telling *w, struct err *e)
{
	str process = value_get_str(&w->v, "process");
	int r;

	w->asset.name = arena_printf(w->t->arena, "%.*s %.*s:%lld",
				     STR_ARG(value_get_str(&w->v, "protocol")),
				     STR_ARG(value_get_str(&w->v, "address")),
				     (long long)value_int(value_get(&w->v, "port"), 0));
	r = put(w, e);
	if (r == 0)
		r = relate_place(w, e);
	return r < 0 || !process.n ? r : relate(w, "held-by", id_of(w, ASSET_PROCESS, process), e);
}

static int put_placed(struct telling *w, struct err *e)
{
	int r = put(w, e);

	return r < 0 ? r : relate_place(w, e);
}

static int put_shared(struct telling *w, struct err *e)
{
	int r = put(w, e);

	if (r == 0)
		r = relate(w, "on", id_of(w, ASSET_HOST, (str){ 0 }), e);
	return r < 0 ? r : relate_users(w, e);
}

static const struct {
	enum asset_kind kind;
	int (*put)(struct telling *w, struct err *e);
} kinds[BATCH_KIND_COUNT] = {
	[BATCH_HOST] = { ASSET_HOST, put_host },
	[BATCH_CONTAINER] = { ASSET_CONTAINER, put_container },
	[BATCH_IMAGE] = { ASSET_IMAGE, put_image },
	[BATCH_PROCESS] = { ASSET_PROCESS, put_placed },
	[BATCH_PORT] = { ASSET_PORT, put_port },
	[BATCH_USER] = { ASSET_USER, put_placed },
	[BATCH_VOLUME] = { ASSET_VOLUME, put_shared },
	[BATCH_NETWORK] = { ASSET_NETWORK, put_shared },
};

/* ---- Going ---- */

/** Only who told of a thing may say that it went. */
static bool is_own(struct telling *w, str id)
{
	struct asset have;

	return assets_get(w->t->store, &scope_everything, id, w->t->arena, &have, NULL) == 0 &&
	       str_eq(have.agent, w->t->agent->id);
}

/** Agents tell of containers; a pod is there as long as one of its containers is. */
static int gone_pods(const struct telling *w, enum asset_kind kind, struct err *e)
{
	int r = kind == ASSET_CONTAINER
			? assets_gone_pods(w->t->store, w->t->agent->id, w->t->now_ns, e)
			: 0;

	return MIN(r, 0);
}

static int take_gone(struct telling *w, struct err *e)
{
	int kind = asset_kind_find(value_get_str(&w->v, "kind")), r;
	str id;

	if (kind < 0)
		return RECORD_REFUSED;
	id = id_of(w, (enum asset_kind)kind, value_get_str(&w->v, "id"));
	if (!is_own(w, id))
		return 0;
	r = assets_gone(w->t->store, id, w->t->now_ns, e);
	return r < 0 ? r : gone_pods(w, (enum asset_kind)kind, e);
}

static bool is_unseen(void *ctx, const struct asset *a)
{
	return a->last_ns < *(const int64_t *)ctx;
}

/** What was not told since @p began_ns. */
static int gone_unseen(struct telling *w, enum asset_kind kind, int64_t began_ns, struct err *e)
{
	const struct asset_filter f = { .scope = &scope_everything,
					.kinds = 1u << kind,
					.agent = w->t->agent->id,
					.presence = ASSET_PRESENT,
					.holds = is_unseen,
					.ctx = &began_ns };
	struct asset_page page = { 0 };
	int r;

	do {
		r = assets_page(w->t->store, &f, page.next, ASSET_PAGE_MAX, false, w->t->arena,
				&page, e);
		for (size_t i = 0; r >= 0 && i < page.count; i++)
			r = assets_gone(w->t->store, page.items[i].id, w->t->now_ns, e);
	} while (r >= 0 && page.next.n);
	return r < 0 ? r : gone_pods(w, kind, e);
}

static int take_snapshot(struct telling *w, struct err *e)
{
	str name = value_get_str(&w->v, "kind");
	int kind = asset_kind_find(name), r;
	int64_t began = 0;

	if (kind < 0)
		return RECORD_REFUSED;
	if (str_is(value_get_str(&w->v, "state"), "begin"))
		return agent_look_begin(w->t->store, w->t->agent->id, name, w->t->now_ns, e);
	r = agent_look_end(w->t->store, w->t->agent->id, name, &began, e);
	if (r < 0 || !began)
		return r;
	return gone_unseen(w, (enum asset_kind)kind, began, e);
}

int record_asset(struct teller *t, const struct batch_record *rec, struct err *e)
{
	struct telling w = { .t = t, .doc = rec->doc };
	str own;

	if (json_parse(rec->doc, t->arena, &w.v, NULL) < 0)
		return RECORD_REFUSED;
	if (rec->kind == BATCH_GONE)
		return take_gone(&w, e);
	if (rec->kind == BATCH_SNAPSHOT)
		return take_snapshot(&w, e);
	own = value_get_str(&w.v, "id");
	if (!kinds[rec->kind].put || own.n == 0 || own.n > ID_MAX_BYTES)
		return RECORD_REFUSED;
	w.id = id_of(&w, kinds[rec->kind].kind, own);
	if (!w.id.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	w.asset = (struct asset){ .id = w.id,
				  .agent = t->agent->id,
				  .name = cut_name(value_get_str(&w.v, "name")),
				  .host = t->agent->name,
				  .cluster = cluster_of(t->agent->labels),
				  .labels = labels_of(&w),
				  .state = cut_name(value_get_str(&w.v, "state")),
				  .doc = rec->doc,
				  .risk = -1 };
	return kinds[rec->kind].put(&w, e);
}

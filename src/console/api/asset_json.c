#include "console/api/asset_json.h"

#include "codec/json.h"
#include "console/registry/registry_config.h"

const char *layer_owner_name(enum layer_owner o)
{
	switch (o) {
	case OWNER_BASE:
		return "base";
	case OWNER_APPLICATION:
		return "application";
	default:
		return "unknown";
	}
}

/* The worst first, as tables show them. */
void severity_counts_put(const int64_t counts[SEVERITY_COUNT], struct json_out *j)
{
	json_object_open(j);
	for (int i = SEVERITY_COUNT; i-- > 0;)
		json_put_int(j, severity_name((enum severity)i), counts[i]);
	json_object_close(j);
}

/* What lists show of a kind: members of its document, where they are there. */
static const struct {
	enum asset_kind kind;
	const char *members[10];
} summaries[] = {
	{ ASSET_HOST,
	  { "os", "osVersion", "kernel", "architecture", "cpus", "memoryBytes", "agentVersion" } },
	{ ASSET_CONTAINER,
	  { "image", "runtime", "privileged", "podNamespace", "podName", "user", "started",
	    "hostNetwork", "hostPid" } },
	{ ASSET_IMAGE, { "references", "bytes", "architecture", "os", "created", "digest" } },
	{ ASSET_PROCESS, { "pid", "exe", "args", "user", "container", "started" } },
	{ ASSET_PORT, { "protocol", "address", "port", "exe", "container" } },
	{ ASSET_USER, { "uid", "group", "home", "shell", "loginAllowed", "container" } },
	{ ASSET_VOLUME, { "driver", "at", "containers" } },
	{ ASSET_NETWORK, { "driver", "scope", "subnets", "containers" } },
};

static void put_plain(struct json_out *j, const struct value *v)
{
	switch (v->kind) {
	case VALUE_BOOL:
		json_bool(j, v->boolean);
		break;
	case VALUE_NUMBER:
		if ((double)v->integer == v->number)
			json_int(j, v->integer);
		else
			json_double(j, v->number, 3);
		break;
	case VALUE_STRING:
		json_str(j, v->string);
		break;
	default:
		json_null(j);
	}
}

#define SUMMARY_ITEMS 20

static void put_member(struct json_out *j, const char *key, const struct value *v)
{
	if (!v || v->kind == VALUE_NULL || v->kind == VALUE_OBJECT)
		return;
	json_key(j, key);
	if (v->kind != VALUE_ARRAY) {
		put_plain(j, v);
		return;
	}
	json_array_open(j);
	for (size_t i = 0; i < v->count && i < SUMMARY_ITEMS; i++)
		put_plain(j, &v->items[i]);
	json_array_close(j);
}

static void put_summary(const struct asset *a, const struct value *doc, struct json_out *j)
{
	json_key(j, "summary");
	json_object_open(j);
	json_opt_str(j, "state", a->state);
	for (size_t i = 0; i < ARRAY_LEN(summaries); i++)
		for (size_t k = 0; summaries[i].kind == a->kind &&
				   k < ARRAY_LEN(summaries[i].members) && summaries[i].members[k];
		     k++)
			put_member(j, summaries[i].members[k],
				   value_get(doc, summaries[i].members[k]));
	json_object_close(j);
}

static struct value document_of(const struct asset *a, struct arena *scratch)
{
	struct value doc = { 0 };

	arena_reset(scratch);
	if (a->doc.n && json_parse(a->doc, scratch, &doc, NULL) < 0)
		doc = (struct value){ 0 };
	return doc;
}

static void put_place(const struct asset *a, struct json_out *j)
{
	json_opt_str(j, "host", a->host);
	json_opt_str(j, "cluster", a->cluster);
	json_opt_str(j, "namespace", a->namespace);
}

void asset_put_place(const struct asset *a, struct arena *scratch, struct json_out *j)
{
	struct value doc = document_of(a, scratch);

	put_place(a, j);
	json_opt_str(j, "pod", value_get_str(&doc, "podName"));
}

void asset_put(const struct asset *a, struct arena *scratch, struct json_out *j)
{
	struct value doc = document_of(a, scratch);

	json_object_open(j);
	json_put_str(j, "id", a->id);
	json_put_cstr(j, "kind", asset_kind_name(a->kind));
	json_put_str(j, "name", a->name);
	json_put_str(j, "agent", a->agent);
	put_place(a, j);
	json_opt_str(j, "image", a->kind == ASSET_CONTAINER ? a->image : (str){ 0 });
	json_opt_str(j, "imageDigest",
		     str_starts(a->image_id, S("image:")) ? str_skip(a->image_id, 6) : (str){ 0 });
	call_put_time(j, "firstSeen", a->first_ns);
	call_put_time(j, "lastSeen", a->last_ns);
	call_put_time(j, "gone", a->gone_ns);
	if (a->risk >= 0) {
		json_key(j, "risk");
		json_double(j, a->risk, 1);
	}
	json_key(j, "labels");
	call_put_labels(a->labels, j);
	put_summary(a, &doc, j);
	json_object_close(j);
}

void image_put(struct call *c, const struct stored_image *i)
{
	struct json_out *j = &c->json;

	json_object_open(j);
	json_put_str(j, "digest", i->digest);
	json_put_words(j, "references", i->references);
	json_opt_str(j, "os", i->os);
	if (i->bytes)
		json_put_int(j, "size", i->bytes);
	if (i->scanned_ns) {
		json_put_int(j, "layers", i->layers);
		json_put_int(j, "packages", i->packages);
	}
	call_put_time(j, "scanned", i->scanned_ns);
	json_opt_str(j, "scanError", call_sentence(c, i->scan_error));
	json_key(j, "counts");
	severity_counts_put(i->counts, j);
	json_put_int(j, "fixable", i->fixable);
	json_put_int(j, "kev", i->kev);
	json_put_int(j, "accepted", i->accepted);
	json_put_int(j, "running", i->running);
	json_key(j, "stages");
	json_array_open(j);
	for (unsigned int s = 0; s < STAGE_COUNT; s++)
		if (i->stages & 1U << s)
			json_cstr(j, promotion_stage_name((enum promotion_stage)s));
	json_array_close(j);
	json_put_int(j, "gaps", i->gap_count);
	json_put_bool(j, "unjudged", i->unjudged > 0);
	json_object_close(j);
}

void database_state_put(int64_t database_ns, int64_t now_ns, struct json_out *j)
{
	json_key(j, "database");
	json_object_open(j);
	call_put_time(j, "builtAt", database_ns);
	json_key(j, "ageDays");
	if (database_ns)
		json_double(j, (double)(now_ns - database_ns) / 86400e9, 1);
	else
		json_null(j);
	json_object_close(j);
}

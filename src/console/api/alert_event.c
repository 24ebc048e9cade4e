#include "console/api/alert_event.h"

#include "codec/json_out.h"
#include "policy/ip_set.h"

/* Each field once: a line that names one twice would be read by its last. */
struct writer {
	struct json_out json;
	bool done[FIELD_COUNT];
};

static bool is_new(struct writer *w, enum policy_event_field field)
{
	bool before = w->done[field];

	w->done[field] = true;
	return !before;
}

static bool is_number(str s)
{
	uint64_t n;

	return str_u64(str_starts(s, S("-")) ? str_skip(s, 1) : s, &n) == 0;
}

/* What an alert tells as text, as what its field's type wants; a text made for people (a time, a duration) is not. */
static void put_field(struct writer *w, str name, str text)
{
	const struct policy_field *f;
	struct policy_ref ref;
	struct policy_ip ip;

	if (policy_field_find(&policy_events, name, &ref, NULL) < 0 || !text.n)
		return;
	f = &policy_events.fields[ref.field];
	if (ref.field == FIELD_EVT_TYPE || f->kind == POLICY_LIST)
		return;
	switch (f->type) {
	case POLICY_STRING:
		break;
	case POLICY_INT:
	case POLICY_UINT:
	case POLICY_PORT:
		if (!is_number(text) || (f->type != POLICY_INT && text.p[0] == '-'))
			return;
		break;
	case POLICY_BOOL:
		if (!str_is(text, "true") && !str_is(text, "false"))
			return;
		break;
	case POLICY_IP:
		if (ip_parse(text, &ip, NULL) < 0)
			return;
		break;
	default:
		return;
	}
	if (!ref.key.n && !ref.has_index && !is_new(w, (enum policy_event_field)ref.field))
		return;
	json_key_str(&w->json, name);
	if (f->type == POLICY_BOOL)
		json_bool(&w->json, str_is(text, "true"));
	else
		json_str(&w->json, text);
}

static void put_text(struct writer *w, enum policy_event_field field, str text)
{
	if (text.n && is_new(w, field))
		json_put_str(&w->json, policy_events.fields[field].name, text);
}

static void put_flag(struct writer *w, enum policy_event_field field, const struct value *v)
{
	if (is_new(w, field))
		json_put_bool(&w->json, policy_events.fields[field].name, value_is_true(v));
}

static void put_container(struct writer *w, const struct value *c)
{
	str id = value_get_str(c, "id");

	put_text(w, FIELD_CONTAINER_ID, id.n == 64 ? str_take(id, 12) : id);
	put_text(w, FIELD_CONTAINER_FULL_ID, id);
	put_text(w, FIELD_CONTAINER_TYPE, value_get_str(c, "runtime"));
	put_text(w, FIELD_CONTAINER_NAME, value_get_str(c, "name"));
	put_text(w, FIELD_CONTAINER_IMAGE, value_get_str(c, "image"));
	put_text(w, FIELD_CONTAINER_IMAGE_ID, value_get_str(c, "imageId"));
	put_text(w, FIELD_CONTAINER_IMAGE_REPOSITORY, value_get_str(c, "imageRepository"));
	put_text(w, FIELD_CONTAINER_IMAGE_TAG, value_get_str(c, "imageTag"));
	put_text(w, FIELD_CONTAINER_IMAGE_DIGEST, value_get_str(c, "imageDigest"));
	put_text(w, FIELD_K8S_NS_NAME, value_get_str(c, "podNamespace"));
	put_text(w, FIELD_K8S_POD_NAME, value_get_str(c, "podName"));
	put_text(w, FIELD_K8S_POD_OWNER, value_get_str(c, "podOwner"));
	if (value_is_true(value_get(c, "metadataKnown"))) {
		put_flag(w, FIELD_CONTAINER_PRIVILEGED, value_get(c, "privileged"));
		put_flag(w, FIELD_CONTAINER_HOST_PID, value_get(c, "hostPid"));
		put_flag(w, FIELD_CONTAINER_HOST_NETWORK, value_get(c, "hostNetwork"));
		put_flag(w, FIELD_CONTAINER_HOST_IPC, value_get(c, "hostIpc"));
	}
}

static void put_ancestors(struct writer *w, const struct value *lineage)
{
	if (!lineage || lineage->kind != VALUE_ARRAY || lineage->count < 2 ||
	    !is_new(w, FIELD_PROC_ANAME))
		return;
	json_key(&w->json, policy_events.fields[FIELD_PROC_ANAME].name);
	json_array_open(&w->json);
	for (size_t i = 1; i < lineage->count && i < POLICY_MAX_VALUES; i++)
		json_str(&w->json, value_get_str(&lineage->items[i], "name"));
	json_array_close(&w->json);
}

static void put_lineage(struct writer *w, const struct value *lineage)
{
	const struct value *own = value_at(lineage, 0), *parent = value_at(lineage, 1);

	put_text(w, FIELD_PROC_NAME, value_get_str(own, "name"));
	put_text(w, FIELD_PROC_EXEPATH, value_get_str(own, "exePath"));
	put_text(w, FIELD_PROC_CMDLINE, value_get_str(own, "cmdline"));
	put_text(w, FIELD_USER_NAME, value_get_str(own, "user"));
	put_text(w, FIELD_PROC_PNAME, value_get_str(parent, "name"));
	put_text(w, FIELD_PROC_PEXEPATH, value_get_str(parent, "exePath"));
	put_text(w, FIELD_PROC_PCMDLINE, value_get_str(parent, "cmdline"));
	put_ancestors(w, lineage);
}

enum event_type alert_event_type(const struct value *doc)
{
	return event_type_find(
		value_get_str(value_get(doc, "fields"), policy_events.fields[FIELD_EVT_TYPE].name));
}

void alert_event_render(const struct value *doc, enum event_type type, struct buf *out)
{
	struct writer w = { 0 };

	json_out_init(&w.json, out, false);
	json_object_open(&w.json);
	json_put_cstr(&w.json, policy_events.fields[FIELD_EVT_TYPE].name,
		      policy_events.types[type]);
	VALUE_MEMBERS (m, value_get(doc, "fields"))
		put_field(&w, m->key, value_str(&m->value));
	put_lineage(&w, value_get(doc, "lineage"));
	put_container(&w, value_get(doc, "container"));
	json_object_close(&w.json);
}

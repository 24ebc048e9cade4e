#include "base/time.h"
#include "codec/json.h"
#include "codec/json_slice.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/alerts.h"

/* Alerts come by the ten thousand a second: the document is walked once by spans, and only texts with escapes are decoded. */
enum { LABELS_MAX = 4096, TAGS_MAX = 64 };

/** The text of a JSON string. Empty for all else. */
static str text_of(str raw, struct arena *a)
{
	struct value v;

	if (raw.n < 2 || raw.p[0] != '"')
		return (str){ 0 };
	if (!memchr(raw.p, '\\', raw.n))
		return str_take(str_skip(raw, 1), raw.n - 2);
	return json_parse(raw, a, &v, NULL) == 0 ? value_str(&v) : (str){ 0 };
}

/** ["a","b"]: "a b" */
static str tags_of(str raw, struct arena *a)
{
	OWNED_BUF out = BUF_INIT;
	struct json_slice s;
	str key, value;

	if (json_slice_open(raw, &s, NULL) < 0)
		return (str){ 0 };
	for (int n = 0; n < TAGS_MAX && json_slice_next(&s, &key, &value, NULL) > 0; n++) {
		str tag = text_of(value, a);

		if (!tag.n || str_find(tag, ' ') < tag.n)
			continue;
		if (out.n)
			buf_byte(&out, ' ');
		buf_add(&out, tag);
	}
	return out.n ? arena_str(a, buf_str(&out)) : (str){ 0 };
}

/** {"k":"v"}: ",k=v," */
static str labels_of(str raw, str more, struct arena *a)
{
	OWNED_BUF out = BUF_INIT;
	struct json_slice s;
	str key, value;

	if (more.n) {
		buf_byte(&out, ',');
		buf_add(&out, more);
		buf_byte(&out, ',');
	}
	if (!raw.n || json_slice_open(raw, &s, NULL) < 0)
		return out.n ? arena_str(a, buf_str(&out)) : (str){ 0 };
	while (out.n < LABELS_MAX && json_slice_next(&s, &key, &value, NULL) > 0) {
		str text = text_of(value, a);

		/* What would be taken for another label is left out. */
		if (!key.n || str_find(key, ',') < key.n || str_find(key, '=') < key.n ||
		    str_find(text, ',') < text.n || text.n > 200)
			continue;
		if (!out.n)
			buf_byte(&out, ',');
		buf_add(&out, key);
		buf_byte(&out, '=');
		buf_add(&out, text);
		buf_byte(&out, ',');
	}
	return out.n ? arena_str(a, buf_str(&out)) : (str){ 0 };
}

/** The value of "cluster" among "key=value,key=value". */
static str cluster_of(str labels)
{
	while (labels.n) {
		str pair = str_cut(&labels, ',');

		if (str_starts(pair, S("cluster=")))
			return str_skip(pair, 8);
	}
	return (str){ 0 };
}

/* What a folded alert stands for beside the first; where that is no number, nothing. */
static int64_t repeats_of(str count)
{
	uint64_t n;

	return str_u64(count, &n) == 0 && n > 1 ? (int64_t)MIN(n - 1, (uint64_t)INT32_MAX) : 0;
}

struct holder {
	str id, name, image, pod, namespace, owner, labels, pod_labels;
};

static void take_container(str raw, struct arena *a, struct holder *ret)
{
	const struct {
		const char *key;
		str *to;
	} wanted[] = { { "id", &ret->id },
		       { "name", &ret->name },
		       { "image", &ret->image },
		       { "podName", &ret->pod },
		       { "podNamespace", &ret->namespace },
		       { "podOwner", &ret->owner } };
	struct json_slice s;
	str key, value;

	if (json_slice_open(raw, &s, NULL) < 0)
		return;
	while (json_slice_next(&s, &key, &value, NULL) > 0) {
		if (str_is(key, "labels"))
			ret->labels = value;
		for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
			if (str_is(key, wanted[i].key))
				*wanted[i].to = text_of(value, a);
	}
}

/** RFC 3339 with nanoseconds; 0 for none. */
static int64_t time_of(str text)
{
	size_t dot = str_find(text, '.');
	int64_t s, ns = 0, unit = 100000000;

	if (time_parse(text, &s) < 0 || s < 0 || s > INT64_MAX / 1000000000 - 1)
		return 0;
	for (size_t i = dot + 1; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && unit; i++) {
		ns += (text.p[i] - '0') * unit;
		unit /= 10;
	}
	return s * 1000000000 + ns;
}

int record_alert(str doc, const struct agent *agent, struct arena *a, struct alert_new *ret,
		 struct err *e)
{
	struct alert_new n = { .series = { .agent = agent->id,
					   .host = agent->name,
					   .cluster = cluster_of(agent->labels),
					   .priority = PRIORITY_COUNT },
			       .doc = doc };
	struct holder h = { 0 };
	struct json_slice s;
	str key, value;
	int r = json_slice_open(doc, &s, e);

	while (r >= 0 && (r = json_slice_next(&s, &key, &value, e)) > 0) {
		if (str_is(key, "rule"))
			n.series.rule = text_of(value, a);
		else if (str_is(key, "ruleId"))
			n.series.rule_id = text_of(value, a);
		else if (str_is(key, "source"))
			n.series.source = text_of(value, a);
		else if (str_is(key, "time"))
			n.time_ns = time_of(text_of(value, a));
		else if (str_is(key, "tags"))
			n.series.tags = tags_of(value, a);
		else if (str_is(key, "count"))
			n.repeats = repeats_of(value);
		else if (str_is(key, "container"))
			take_container(value, a, &h);
		else if (str_is(key, "priority") &&
			 alert_priority_find(text_of(value, a), &n.series.priority) < 0)
			n.series.priority = PRIORITY_COUNT;
	}
	if (r < 0 || !n.series.rule.n || !n.time_ns || n.series.priority == PRIORITY_COUNT)
		return err_set(e, EBADMSG, "this is no alert");
	n.container = str_is(h.id, "host") ? (str){ 0 } : h.id;
	n.series.image = h.image;
	n.series.namespace = h.namespace;
	n.series.workload = h.owner.n ? h.owner : h.name;
	n.series.labels = labels_of(h.labels, agent->labels, a);
	if (h.pod.n)
		n.pod = arena_printf(a, "%.*s/%.*s", STR_ARG(h.namespace), STR_ARG(h.pod));
	*ret = n;
	return 0;
}

#include "watch/event_target_priv.h"
#include "watch/flag_name.h"
#include "watch/probe.h"

#include <fnmatch.h>

/* fnmatch(3) wants strings with an end; what is longer than any path matches nothing. */
static bool matches(str pattern, str text)
{
	char p[4096], s[4096];

	if (pattern.n >= sizeof(p) || text.n >= sizeof(s))
		return false;
	memcpy(p, pattern.p, pattern.n);
	p[pattern.n] = '\0';
	if (text.n)
		memcpy(s, text.p, text.n);
	s[text.n] = '\0';
	return fnmatch(p, s, 0) == 0;
}

/* container.mount[...]: by position, or the first whose source (destination, for its source) fits the pattern. */
static const struct container_mount *find_mount(const struct container *c, str key, bool by_dest)
{
	uint64_t at;

	if (str_u64(key, &at) == 0)
		return at < c->mount_count ? &c->mounts[at] : NULL;
	for (size_t i = 0; i < c->mount_count; i++)
		if (matches(key, by_dest ? c->mounts[i].dest : c->mounts[i].source))
			return &c->mounts[i];
	return NULL;
}

static str truth(bool b)
{
	return b ? S("true") : S("false");
}

static void add_mount(struct scratch_text *out, const struct container_mount *m)
{
	const str parts[] = { m->source, m->dest, m->mode, truth(m->writable), m->propagation };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (i)
			scratch_byte(out, ':');
		scratch_add(out, parts[i]);
	}
}

static bool get_mount(const struct event_target *t, const struct policy_ref *ref,
		      struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);
	const struct container_mount *m =
		find_mount(t->container, ref->key, ref->field == FIELD_CONTAINER_MOUNT_SOURCE);

	/* Rules compare with these letters to ask whether there is such a mount. */
	if (!m)
		return value_string(ret, S("N/A"));
	switch (ref->field) {
	case FIELD_CONTAINER_MOUNT_SOURCE:
		return value_string(ret, m->source);
	case FIELD_CONTAINER_MOUNT_DEST:
		return value_string(ret, m->dest);
	case FIELD_CONTAINER_MOUNT_MODE:
		return value_string(ret, m->mode);
	case FIELD_CONTAINER_MOUNT_RDWR:
		return value_string(ret, truth(m->writable));
	case FIELD_CONTAINER_MOUNT_PROPAGATION:
		return value_string(ret, m->propagation);
	default:
		add_mount(&out, m);
		return value_string(ret, scratch_str(&out));
	}
}

static bool get_mounts(const struct event_target *t, struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	for (size_t i = 0; i < t->container->mount_count; i++) {
		if (i)
			scratch_byte(&out, ',');
		add_mount(&out, &t->container->mounts[i]);
	}
	return value_string(ret, scratch_str(&out));
}

static bool get_labels(const struct event_target *t, const struct container_label *labels,
		       size_t count, struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	for (size_t i = 0; i < count; i++) {
		if (i)
			scratch_byte(&out, ',');
		scratch_add(&out, labels[i].key);
		scratch_byte(&out, ':');
		scratch_add(&out, labels[i].value);
	}
	return value_string(ret, scratch_str(&out));
}

static bool get_label(const struct container_label *labels, size_t count, str key,
		      struct policy_value *ret)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(labels[i].key, key))
			return value_string(ret, labels[i].value);
	return value_absent(ret);
}

static bool get_caps(const struct event_target *t, struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	flag_names_add(FLAG_SET_CAPABILITY, t->container->caps, ' ', &out);
	return value_string(ret, scratch_str(&out));
}

static bool get_duration(const struct event_target *t, struct policy_value *ret)
{
	int64_t now = (int64_t)t->event->time_ns, since = (int64_t)t->container->started_ns;

	return since ? value_int(ret, MAX(now - since, (int64_t)0)) : value_unknown(ret);
}

static bool get_identity(const struct container *c, uint16_t field, struct policy_value *ret)
{
	switch (field) {
	case FIELD_CONTAINER_ID:
		return value_string(ret, container_short_id(c));
	case FIELD_CONTAINER_FULL_ID:
		return value_string(ret, c->id);
	case FIELD_CONTAINER_TYPE:
		return value_string(ret, str_from(container_runtime_name(c->runtime)));
	case FIELD_CONTAINER_INFO:
		return value_string(ret, S(""));
	case FIELD_CONTAINER_NAME:
		if (container_is_host(c))
			return value_string(ret, S("host"));
		return c->name.n ? value_string(ret, c->name) : false;
	default:
		return false;
	}
}

static bool get_metadata(const struct event_target *t, const struct policy_ref *ref,
			 struct policy_value *ret)
{
	const struct container *c = t->container;

	switch (ref->field) {
	case FIELD_CONTAINER_NAME:
		return value_string_opt(ret, c->name);
	case FIELD_CONTAINER_IMAGE:
		return value_string_opt(ret, c->image);
	case FIELD_CONTAINER_IMAGE_ID:
		return value_string_opt(ret, c->image_id);
	case FIELD_CONTAINER_IMAGE_REPOSITORY:
		return value_string_opt(ret, c->image_repository);
	case FIELD_CONTAINER_IMAGE_TAG:
		return value_string_opt(ret, c->image_tag);
	case FIELD_CONTAINER_IMAGE_DIGEST:
		return value_string_opt(ret, c->image_digest);
	case FIELD_CONTAINER_PRIVILEGED:
		return value_bool(ret, c->privileged);
	case FIELD_CONTAINER_USER:
		return value_string_opt(ret, c->user);
	case FIELD_CONTAINER_CAPS:
		return get_caps(t, ret);
	case FIELD_CONTAINER_MOUNTS:
		return get_mounts(t, ret);
	case FIELD_CONTAINER_MOUNT:
	case FIELD_CONTAINER_MOUNT_SOURCE:
	case FIELD_CONTAINER_MOUNT_DEST:
	case FIELD_CONTAINER_MOUNT_MODE:
	case FIELD_CONTAINER_MOUNT_RDWR:
	case FIELD_CONTAINER_MOUNT_PROPAGATION:
		return get_mount(t, ref, ret);
	case FIELD_CONTAINER_LABELS:
		return get_labels(t, c->labels, c->label_count, ret);
	case FIELD_CONTAINER_LABEL:
		return get_label(c->labels, c->label_count, ref->key, ret);
	case FIELD_CONTAINER_START_TS:
		return c->started_ns ? value_int(ret, (int64_t)c->started_ns) : value_unknown(ret);
	case FIELD_CONTAINER_DURATION:
		return get_duration(t, ret);
	case FIELD_CONTAINER_HOST_PID:
		return value_bool(ret, c->host_pid);
	case FIELD_CONTAINER_HOST_NETWORK:
		return value_bool(ret, c->host_network);
	case FIELD_CONTAINER_HOST_IPC:
		return value_bool(ret, c->host_ipc);
	case FIELD_CONTAINER_HOSTNAME:
		return value_string_opt(ret, c->hostname);
	default:
		return false;
	}
}

static bool get_pod_labels(const struct event_target *t, const struct policy_ref *ref,
			   struct policy_value *ret)
{
	const struct container *c = t->container;

	/* They come with the pod's sandbox; a pod without any has none that we know of. */
	if (!c->pod_name.n)
		return value_absent(ret);
	if (!c->pod_label_count)
		return value_unknown(ret);
	if (ref->field == FIELD_K8S_POD_LABELS)
		return get_labels(t, c->pod_labels, c->pod_label_count, ret);
	return get_label(c->pod_labels, c->pod_label_count, ref->key, ret);
}

static str short_id(const struct container *c, str id)
{
	str short_own = container_short_id(c);

	return str_take(id, short_own.n);
}

/* A deployment's replica sets have its name and a hash. */
static bool get_owner(const struct container *c, uint16_t field, struct policy_value *ret)
{
	static const str set = { "ReplicaSet/", 11 };
	str name = c->pod_owner;

	if (!c->pod_owner.n)
		return c->pod_name.n ? value_unknown(ret) : value_absent(ret);
	if (field == FIELD_K8S_POD_OWNER)
		return value_string(ret, name);
	if (!str_starts(name, set))
		return value_absent(ret);
	name = str_skip(name, set.n);
	if (field == FIELD_K8S_DEPLOYMENT_NAME)
		name = str_take(name, str_find_last(name, '-'));
	return value_string(ret, name);
}

static bool get_sandbox(const struct container *c, bool full, struct policy_value *ret)
{
	str id = c->pod_sandbox ? c->id : c->pod_sandbox_id;

	if (id.n)
		return value_string(ret, full ? id : short_id(c, id));
	return c->pod_name.n ? value_unknown(ret) : value_absent(ret);
}

static bool get_pod(const struct event_target *t, const struct policy_ref *ref,
		    struct policy_value *ret)
{
	const struct container *c = t->container;

	switch (ref->field) {
	case FIELD_K8S_NS_NAME:
		return value_string_opt(ret, c->pod_namespace);
	case FIELD_K8S_POD_NAME:
		return value_string_opt(ret, c->pod_name);
	case FIELD_K8S_POD_ID:
	case FIELD_K8S_POD_UID:
		return value_string_opt(ret, c->pod_uid);
	case FIELD_K8S_POD_OWNER:
	case FIELD_K8S_RS_NAME:
	case FIELD_K8S_DEPLOYMENT_NAME:
		return get_owner(c, ref->field, ret);
	case FIELD_K8S_CONTAINER_NAME:
		return value_string_opt(ret, c->pod_container);
	case FIELD_K8S_POD_SANDBOX_ID:
	case FIELD_K8S_POD_FULL_SANDBOX_ID:
		return get_sandbox(c, ref->field == FIELD_K8S_POD_FULL_SANDBOX_ID, ret);
	case FIELD_K8S_POD_LABELS:
	case FIELD_K8S_POD_LABEL:
		return get_pod_labels(t, ref, ret);
	default:
		return false;
	}
}

static bool get_probe_command(const struct container *c, uint16_t field, struct policy_value *ret)
{
	enum probe which = PROBE_HEALTHCHECK + (field - FIELD_CONTAINER_HEALTHCHECK);
	str command;
	enum policy_state s = probe_command(c, which, &command);

	return s == POLICY_KNOWN ? value_string(ret, command) : value_state(ret, s);
}

static bool get_of_container(const struct event_target *t, const struct policy_ref *ref,
			     struct policy_value *ret)
{
	const struct container *c = t->container;
	bool pod = ref->field >= FIELD_K8S_NS_NAME;
	uint32_t needs = pod ? CONTAINER_POD : CONTAINER_METADATA;

	if (!c)
		return value_unknown(ret);
	if (get_identity(c, ref->field, ret))
		return true;
	if (container_is_host(c))
		return value_absent(ret);
	if (ref->field >= FIELD_CONTAINER_HEALTHCHECK &&
	    ref->field <= FIELD_CONTAINER_READINESS_PROBE)
		return get_probe_command(c, ref->field, ret);
	if (!(c->known & needs))
		return value_unknown(ret);
	return pod ? get_pod(t, ref, ret) : get_metadata(t, ref, ret);
}

static bool get_dns(const struct event_target *t, uint16_t field, struct policy_value *ret)
{
	const struct event *v = t->event;
	str name;
	struct scratch_text out;

	if (event_type_family(v->type) != EVENT_FAMILY_DNS)
		return value_absent(ret);
	if (field == FIELD_DNS_NAME)
		return value_string(ret, v->text);
	name = flag_name_find(FLAG_SET_DNS, (uint64_t)v->arg[0]);
	if (name.n)
		return value_string(ret, name);
	out = scratch_text(t->world->scratch);
	scratch_add(&out, S("TYPE"));
	scratch_int(&out, v->arg[0]);
	return value_string(ret, scratch_str(&out));
}

static bool get_usage(const struct event_usage *u, uint16_t field, struct policy_value *ret)
{
	switch (field) {
	case FIELD_USAGE_INTERVAL:
		return value_int(ret, (int64_t)u->interval_ms * 1000000);
	case FIELD_USAGE_CPU:
		return value_uint(ret, u->cpu_percent);
	case FIELD_USAGE_THREADS:
		return value_uint(ret, u->threads_now);
	case FIELD_USAGE_FORKS:
		return value_uint(ret, u->forks);
	case FIELD_USAGE_EXECS:
		return value_uint(ret, u->execs);
	case FIELD_USAGE_OPENS_WRITE:
		return value_uint(ret, u->opens_write);
	case FIELD_USAGE_RENAMES:
		return value_uint(ret, u->renames);
	case FIELD_USAGE_UNLINKS:
		return value_uint(ret, u->unlinks);
	case FIELD_USAGE_CONNECTS:
		return value_uint(ret, u->connects);
	case FIELD_USAGE_CONNECTS_FAILED:
		return value_uint(ret, u->connects_failed);
	case FIELD_USAGE_DISTINCT_PORTS:
		return value_uint(ret, u->distinct_ports);
	case FIELD_USAGE_DISTINCT_PEERS:
		return value_uint(ret, u->distinct_peers);
	case FIELD_USAGE_DNS_QUERIES:
		return value_uint(ret, u->dns_queries);
	case FIELD_USAGE_DNS_NAMES:
		return value_uint(ret, u->dns_names);
	case FIELD_USAGE_DNS_LONGEST:
		return value_uint(ret, u->dns_longest);
	default:
		return false;
	}
}

bool container_fields_get(const struct event_target *t, const struct policy_ref *ref,
			  struct policy_value *ret)
{
	uint16_t f = ref->field;

	if (f >= FIELD_CONTAINER_ID && f <= FIELD_K8S_CONTAINER_NAME)
		return get_of_container(t, ref, ret);
	if (f == FIELD_DNS_NAME || f == FIELD_DNS_TYPE)
		return get_dns(t, f, ret);
	if (f < FIELD_USAGE_INTERVAL || f > FIELD_USAGE_DNS_LONGEST)
		return false;
	return t->event->usage ? get_usage(t->event->usage, f, ret) : value_absent(ret);
}

/* What is known of it is put in another's place as a whole; what a path alone told is marked beside. */
bool container_fields_origin(const struct event_target *t, struct policy_origin *ret)
{
	const struct container *c = t->container;

	if (!c || !c->version)
		return false;
	ret->number = c->version << 16 | (uint64_t)(c->known & 0xff) << 8 | (uint64_t)c->runtime;
	return true;
}

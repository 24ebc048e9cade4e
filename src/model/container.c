#include "model/container.h"

#define SHORT_ID_DIGITS 12

static const char *const runtime_names[] = {
#define CONTAINER_RUNTIME_NAME(id, name) [CONTAINER_##id] = (name),
	CONTAINER_RUNTIMES(CONTAINER_RUNTIME_NAME)
#undef CONTAINER_RUNTIME_NAME
};

const char *container_runtime_name(enum container_runtime r)
{
	return (size_t)r < ARRAY_LEN(runtime_names) ? runtime_names[r] : "other";
}

static void render_labels(struct json_out *j, const char *key, const struct container_label *labels,
			  size_t count)
{
	if (!count)
		return;
	json_key(j, key);
	json_object_open(j);
	for (size_t i = 0; i < count; i++) {
		json_key_str(j, labels[i].key);
		json_str(j, labels[i].value);
	}
	json_object_close(j);
}

static void render_mounts(const struct container *c, struct json_out *j)
{
	if (!c->mount_count)
		return;
	json_key(j, "mounts");
	json_array_open(j);
	for (size_t i = 0; i < c->mount_count; i++) {
		const struct container_mount *m = &c->mounts[i];

		json_object_open(j);
		json_opt_str(j, "source", m->source);
		json_put_str(j, "dest", m->dest);
		json_opt_str(j, "mode", m->mode);
		json_opt_str(j, "propagation", m->propagation);
		json_put_bool(j, "writable", m->writable);
		json_object_close(j);
	}
	json_array_close(j);
}

static void render_powers(const struct container *c, struct json_out *j)
{
	json_put_bool(j, "privileged", c->privileged);
	if (c->host_pid)
		json_put_bool(j, "hostPid", true);
	if (c->host_network)
		json_put_bool(j, "hostNetwork", true);
	if (c->host_ipc)
		json_put_bool(j, "hostIpc", true);
	json_put_uint(j, "caps", c->caps);
}

void container_render(const struct container *c, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "runtime", container_runtime_name(c->runtime));
#define CONTAINER_RENDER(field, key) json_opt_str(j, key, c->field);
	CONTAINER_FIELDS(CONTAINER_RENDER)
#undef CONTAINER_RENDER
	/* "false" would be a claim nobody looked into. */
	if (c->known & CONTAINER_METADATA)
		render_powers(c, j);
	if (c->pod_sandbox)
		json_put_bool(j, "podSandbox", true);
	render_labels(j, "labels", c->labels, c->label_count);
	render_labels(j, "podLabels", c->pod_labels, c->pod_label_count);
	render_mounts(c, j);
	if (c->created_ns)
		json_put_uint(j, "createdNs", c->created_ns);
	if (c->started_ns)
		json_put_uint(j, "startedNs", c->started_ns);
	if (c->init_pid)
		json_put_uint(j, "initPid", c->init_pid);
	if (c->cgroup_id)
		json_put_uint(j, "cgroupId", c->cgroup_id);
	json_put_bool(j, "metadataKnown", c->known & CONTAINER_METADATA);
	json_object_close(j);
}

str container_short_id(const struct container *c)
{
	if (c->runtime == CONTAINER_HOST)
		return S("host");
	if (c->short_id_bytes)
		return str_take(c->id, c->short_id_bytes);
	return c->id.n > SHORT_ID_DIGITS && str_is_hex(c->id) ? str_take(c->id, SHORT_ID_DIGITS)
							      : c->id;
}

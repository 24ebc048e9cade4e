#include "asset/record.h"

#include "asset/capability.h"
#include "asset/probe_spec.h"
#include "base/clock.h"
#include "base/time.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "codec/reference.h"

/* "….5Z": what stands behind the seconds, which time_parse() checks and drops. */
static uint64_t fraction_ns(str text)
{
	uint64_t ns = 0, unit = SECOND_NS / 10;

	text = str_skip(text, str_find(text, '.') + 1);
	for (; text.n && text.p[0] >= '0' && text.p[0] <= '9'; text = str_skip(text, 1), unit /= 10)
		ns += (uint64_t)(text.p[0] - '0') * unit;
	return ns;
}

static uint64_t time_ns(str text)
{
	int64_t s;

	/* Go's zero time is year 1, which no engine means. */
	return time_parse(text, &s) == 0 && s > 0 ? (uint64_t)s * SECOND_NS + fraction_ns(text) : 0;
}

static bool is_sha256(str s)
{
	return s.n == SHA256_HEX && str_is_hex(s);
}

static bool is_digest(str s)
{
	return str_starts(s, S("sha256:")) && is_sha256(str_skip(s, 7));
}

/* Docker takes the first digits of an id for a name, and keeps what it was given. */
static bool is_short_id(const struct container *c)
{
	return str_starts(c->image_id, S("sha256:")) &&
	       str_starts(str_skip(c->image_id, 7), c->image);
}

void record_split_image(struct container *c, struct arena *a)
{
	struct reference r;

	if (!c->image.n || is_digest(c->image) || is_sha256(c->image) || is_short_id(c) ||
	    reference_parse(c->image, a, &r, NULL) < 0)
		return;
	if (!c->image_repository.n)
		c->image_repository =
			arena_printf(a, "%.*s/%.*s", STR_ARG(r.registry), STR_ARG(r.repository));
	if (!c->image_tag.n)
		c->image_tag = r.tag;
	if (!c->image_digest.n)
		c->image_digest = r.digest;
}

static size_t count_members(const struct value *v, size_t max)
{
	size_t n = 0;

	VALUE_MEMBERS (m, v)
		n += m != NULL;
	return MIN(n, max);
}

static int add_labels(const struct value *labels, struct arena *a, struct container *c,
		      struct err *e)
{
	size_t max = count_members(labels, RECORD_MAX_LABELS);

	c->label_count = 0;
	c->labels = ARENA_ARRAY(a, max, struct container_label);
	if (!c->labels)
		return err_set(e, ENOBUFS, "memory budget spent");
	VALUE_MEMBERS (m, labels)
		if (c->label_count < max && m->value.kind == VALUE_STRING)
			c->labels[c->label_count++] =
				(struct container_label){ m->key, m->value.string };
	return 0;
}

static str label(const struct container *c, const char *key)
{
	for (size_t i = 0; i < c->label_count; i++)
		if (str_is(c->labels[i].key, key))
			return c->labels[i].value;
	return (str){ NULL, 0 };
}

static str first_of(str a, str b)
{
	return a.n ? a : b;
}

/* The labels kubelet gives through every runtime's door. */
static void take_pod_labels(struct container *c)
{
	c->pod_name = first_of(c->pod_name, label(c, "io.kubernetes.pod.name"));
	c->pod_namespace = first_of(c->pod_namespace, label(c, "io.kubernetes.pod.namespace"));
	c->pod_uid = first_of(c->pod_uid, label(c, "io.kubernetes.pod.uid"));
	c->pod_container = first_of(c->pod_container, label(c, "io.kubernetes.container.name"));
	c->pod_sandbox_id = first_of(c->pod_sandbox_id, label(c, "io.kubernetes.sandbox.id"));
	if (str_is(label(c, "io.kubernetes.docker.type"), "podsandbox") ||
	    str_is(label(c, "io.cri-containerd.kind"), "sandbox") ||
	    str_is(c->pod_container, "POD"))
		c->pod_sandbox = true;
}

/* The pod's specification, as kubectl keeps it; dockershim hands annotations on as labels. */
static void take_pod_probes(struct container *c, struct arena *a)
{
	str pod = first_of(
		label(c, "io.kubernetes.container.last-applied-config"),
		first_of(label(c, "annotation.kubectl.kubernetes.io/last-applied-configuration"),
			 label(c, "kubectl.kubernetes.io/last-applied-configuration")));

	probe_spec_pod(pod, c->pod_container, a, c);
}

static void add_mount(struct container *c, size_t max, struct container_mount m)
{
	if (c->mount_count < max && m.dest.n)
		c->mounts[c->mount_count++] = m;
}

/* A list in the API's answer, an object by destination in Docker's own file. */
static int add_docker_mounts(const struct value *config, struct arena *a, struct container *c,
			     struct err *e)
{
	const struct value *list = value_get(config, "Mounts");
	const struct value *points = value_get(config, "MountPoints");

	c->mounts = ARENA_ARRAY(a, RECORD_MAX_MOUNTS, struct container_mount);
	if (!c->mounts)
		return err_set(e, ENOBUFS, "memory budget spent");
	VALUE_EACH (m, list)
		add_mount(c, RECORD_MAX_MOUNTS,
			  (struct container_mount){
				  value_get_str(m, "Source"), value_get_str(m, "Destination"),
				  value_get_str(m, "Mode"), value_get_str(m, "Propagation"),
				  value_is_true(value_get(m, "RW")) });
	VALUE_MEMBERS (p, points)
		add_mount(c, RECORD_MAX_MOUNTS,
			  (struct container_mount){
				  value_get_str(&p->value, "Source"),
				  first_of(value_get_str(&p->value, "Destination"), p->key),
				  first_of(value_get_str(&p->value, "Mode"),
					   value_get_str(&p->value, "Relabel")),
				  value_get_str(&p->value, "Propagation"),
				  value_is_true(value_get(&p->value, "RW")) });
	return 0;
}

static uint64_t bits_of(const struct value *list)
{
	uint64_t bits = 0;

	VALUE_EACH (v, list)
		bits |= capability_bits(value_str(v));
	return bits;
}

/* "--cap-drop ALL --cap-add X" grants X alone, "--cap-add ALL --cap-drop X" all but X. */
static uint64_t docker_caps(const struct value *host, bool privileged)
{
	uint64_t add = bits_of(value_get(host, "CapAdd"));
	uint64_t drop = bits_of(value_get(host, "CapDrop"));

	if (privileged)
		return CAPABILITY_ALL;
	if (drop == CAPABILITY_ALL)
		return add;
	if (add == CAPABILITY_ALL)
		return CAPABILITY_ALL & ~drop;
	return (CAPABILITY_DOCKER_DEFAULT & ~drop) | add;
}

static void take_docker_powers(const struct value *host, struct container *c)
{
	c->privileged = value_is_true(value_get(host, "Privileged"));
	c->host_pid = str_is(value_get_str(host, "PidMode"), "host");
	c->shared_pid = str_starts(value_get_str(host, "PidMode"), S("container:"));
	c->host_network = str_is(value_get_str(host, "NetworkMode"), "host");
	c->host_ipc = str_is(value_get_str(host, "IpcMode"), "host");
	c->caps = docker_caps(host, c->privileged);
}

int record_docker(const struct value *config, const struct value *host, struct arena *a,
		  struct container *ret, struct err *e)
{
	const struct value *inner = value_get(config, "Config");
	struct container c = { .runtime = CONTAINER_DOCKER };
	str name = value_get_str(config, "Name");
	int64_t pid = value_int(value_path(config, "State.Pid"), 0);
	int r;

	/* The file says "ID", the API "Id". */
	c.id = first_of(value_get_str(config, "ID"), value_get_str(config, "Id"));
	if (!c.id.n)
		return err_set(e, EBADMSG, "a container's description without an id");
	if (!host)
		host = value_get(config, "HostConfig");
	c.name = str_starts(name, S("/")) ? str_skip(name, 1) : name;
	c.image = value_get_str(inner, "Image");
	c.image_id = value_get_str(config, "Image");
	/* Podman's door leaves the algorithm out. */
	if (is_sha256(c.image_id))
		c.image_id = arena_printf(a, "sha256:%.*s", STR_ARG(c.image_id));
	c.user = value_get_str(inner, "User");
	c.hostname = value_get_str(inner, "Hostname");
	c.created_ns = time_ns(value_get_str(config, "Created"));
	c.started_ns = time_ns(value_get_str(value_get(config, "State"), "StartedAt"));
	c.init_pid = pid > 0 && pid <= INT32_MAX ? (uint32_t)pid : 0;
	r = add_labels(value_get(inner, "Labels"), a, &c, e);
	if (r == 0)
		r = add_docker_mounts(config, a, &c, e);
	if (r < 0)
		return r;
	take_pod_labels(&c);
	record_split_image(&c, a);
	c.known = CONTAINER_IDENTITY;
	probe_spec_docker(inner, a, &c);
	take_pod_probes(&c, a);
	/* Without its powers a container is not known: "not privileged" would be a guess. */
	if (host && host->kind == VALUE_OBJECT) {
		take_docker_powers(host, &c);
		c.known |= CONTAINER_METADATA | CONTAINER_POD;
	}
	*ret = c;
	return 0;
}

static bool has_option(const struct value *options, const char *word)
{
	VALUE_EACH (o, options)
		if (str_is(value_str(o), word))
			return true;
	return false;
}

static str propagation_of(const struct value *options)
{
	static const char *const words[] = { "shared", "rshared", "slave",
					     "rslave", "private", "rprivate" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (has_option(options, words[i]))
			return str_from(words[i]);
	return (str){ NULL, 0 };
}

/* Only what is bound in from the host: proc, sysfs and the like are every container's. */
static int add_oci_mounts(const struct value *mounts, struct arena *a, struct container *c,
			  struct err *e)
{
	c->mounts = ARENA_ARRAY(a, RECORD_MAX_MOUNTS, struct container_mount);
	if (!c->mounts)
		return err_set(e, ENOBUFS, "memory budget spent");
	VALUE_EACH (m, mounts) {
		const struct value *options = value_get(m, "options");

		if (!str_is(value_get_str(m, "type"), "bind") && !has_option(options, "bind") &&
		    !has_option(options, "rbind"))
			continue;
		add_mount(c, RECORD_MAX_MOUNTS,
			  (struct container_mount){
				  value_get_str(m, "source"), value_get_str(m, "destination"),
				  has_option(options, "ro") ? S("ro") : S("rw"),
				  propagation_of(options), !has_option(options, "ro") });
	}
	return 0;
}

static str namespace_of(const struct value *linux_part, const char *type)
{
	VALUE_EACH (n, value_get(linux_part, "namespaces"))
		if (str_is(value_get_str(n, "type"), type))
			return value_get_str(n, "path");
	return S("host");
}

static size_t length_of(const struct value *list)
{
	return list && list->kind == VALUE_ARRAY ? list->count : 0;
}

/*
 * No bundle says "privileged". Engines then give every capability they have, which may be fewer than the kernel's where
 * they are confined themselves, hide no path and allow every device.
 */
static bool is_privileged(const struct value *linux_part, uint64_t caps)
{
	bool devices = false;

	VALUE_EACH (d, value_path(linux_part, "resources.devices"))
		devices |= value_is_true(value_get(d, "allow")) && !value_get_str(d, "type").n &&
			   value_int(value_get(d, "major"), -1) < 0;
	return (caps & capability_bits(S("SYS_ADMIN"))) &&
	       (caps & capability_bits(S("SYS_MODULE"))) &&
	       length_of(value_get(linux_part, "maskedPaths")) == 0 && devices;
}

static str annotation(const struct value *annotations, const char *key)
{
	/* Keys hold dots: value_path() would take them apart. */
	return value_get_str(annotations, key);
}

/* containerd's CRI plugin. */
static void take_cri(const struct value *n, struct container *c)
{
	str kind = annotation(n, "io.kubernetes.cri.container-type");

	if (!kind.n)
		return;
	c->runtime = CONTAINER_CONTAINERD;
	c->pod_sandbox = str_is(kind, "sandbox");
	c->pod_container = annotation(n, "io.kubernetes.cri.container-name");
	c->name = c->pod_container;
	c->image = annotation(n, "io.kubernetes.cri.image-name");
	c->pod_name = annotation(n, "io.kubernetes.cri.sandbox-name");
	c->pod_namespace = annotation(n, "io.kubernetes.cri.sandbox-namespace");
	c->pod_uid = annotation(n, "io.kubernetes.cri.sandbox-uid");
	c->pod_sandbox_id = annotation(n, "io.kubernetes.cri.sandbox-id");
	if (c->pod_sandbox) {
		c->pod_container = (str){ NULL, 0 };
		c->name = c->pod_name;
	}
}

static int take_crio(const struct value *n, struct arena *a, struct container *c, struct err *e)
{
	str kind = annotation(n, "io.kubernetes.cri-o.ContainerType");
	str reference = annotation(n, "io.kubernetes.cri-o.ImageName");
	str id = annotation(n, "io.kubernetes.cri-o.ImageRef");
	struct value labels;

	if (!kind.n)
		return 0;
	c->runtime = CONTAINER_CRIO;
	c->pod_sandbox = str_is(kind, "sandbox");
	c->name = annotation(n, "io.kubernetes.cri-o.Name");
	c->image = first_of(reference, annotation(n, "io.kubernetes.cri-o.Image"));
	if (is_sha256(id))
		c->image_id = arena_printf(a, "sha256:%.*s", STR_ARG(id));
	c->pod_name = first_of(annotation(n, "io.kubernetes.cri-o.KubeName"),
			       annotation(n, "io.kubernetes.pod.name"));
	c->pod_namespace = first_of(annotation(n, "io.kubernetes.cri-o.Namespace"),
				    annotation(n, "io.kubernetes.pod.namespace"));
	c->pod_uid = annotation(n, "io.kubernetes.pod.uid");
	c->pod_container = annotation(n, "io.kubernetes.container.name");
	c->pod_sandbox_id = annotation(n, "io.kubernetes.cri-o.SandboxID");
	c->created_ns = time_ns(annotation(n, "io.kubernetes.cri-o.Created"));
	if (str_is(annotation(n, "io.kubernetes.cri-o.PrivilegedRuntime"), "true") ||
	    str_is(annotation(n, "io.kubernetes.cri-o.privileged"), "true"))
		c->privileged = true;
	/* The labels are a document in a document. */
	if (json_parse(annotation(n, "io.kubernetes.cri-o.Labels"), a, &labels, NULL) == 0)
		return add_labels(&labels, a, c, e);
	return 0;
}

/* nerdctl hands its labels to the OCI hook as annotations. */
static void take_nerdctl(const struct value *n, struct container *c)
{
	if (!annotation(n, "nerdctl/namespace").n)
		return;
	c->runtime = CONTAINER_CONTAINERD;
	c->name = annotation(n, "nerdctl/name");
	c->image = first_of(c->image, annotation(n, "nerdctl/image"));
}

static int take_annotations(const struct value *n, struct arena *a, struct container *c,
			    struct err *e)
{
	str manager = annotation(n, "io.container.manager");
	int r;

	/* What is beside the engines' own is the user's, as good as labels. */
	r = add_labels(n, a, c, e);
	if (r == 0)
		r = take_crio(n, a, c, e);
	if (r < 0)
		return r;
	take_cri(n, c);
	take_nerdctl(n, c);
	if (str_is(manager, "libpod"))
		c->runtime = CONTAINER_PODMAN;
	else if (str_is(manager, "cri-o"))
		c->runtime = CONTAINER_CRIO;
	if (str_eq_nocase(annotation(n, "io.podman.annotations.privileged"), S("true")))
		c->privileged = true;
	take_pod_labels(c);
	return 0;
}

static void take_process(const struct value *process, struct arena *a, struct container *c)
{
	const struct value *user = value_get(process, "user");
	int64_t uid = value_int(value_get(user, "uid"), -1);
	int64_t gid = value_int(value_get(user, "gid"), 0);

	c->caps = bits_of(value_path(process, "capabilities.bounding"));
	c->user = value_get_str(user, "username");
	if (!c->user.n && uid > 0)
		c->user =
			arena_printf(a, gid ? "%lld:%lld" : "%lld", (long long)uid, (long long)gid);
}

int record_oci(const struct value *config, struct arena *a, struct container *ret,
	       struct record_namespaces *ns, struct err *e)
{
	const struct value *linux_part = value_get(config, "linux");
	struct container c = { .runtime = CONTAINER_OTHER };
	int r;

	if (!value_get(config, "process") || !linux_part)
		return err_set(e, EBADMSG, "an OCI bundle without a process or a Linux part");
	take_process(value_get(config, "process"), a, &c);
	c.hostname = value_get_str(config, "hostname");
	r = take_annotations(value_get(config, "annotations"), a, &c, e);
	if (r == 0)
		r = add_oci_mounts(value_get(config, "mounts"), a, &c, e);
	if (r < 0)
		return r;
	c.privileged |= is_privileged(linux_part, c.caps);
	ns->pid = namespace_of(linux_part, "pid");
	ns->network = namespace_of(linux_part, "network");
	ns->ipc = namespace_of(linux_part, "ipc");
	c.host_pid = str_is(ns->pid, "host");
	c.host_network = str_is(ns->network, "host");
	c.host_ipc = str_is(ns->ipc, "host");
	record_split_image(&c, a);
	c.known = CONTAINER_IDENTITY | CONTAINER_METADATA | CONTAINER_POD;
	take_pod_probes(&c, a);
	*ret = c;
	return 0;
}

int record_label(struct container *c, struct arena *a, str key, str value)
{
	struct container_label *more;

	if (c->label_count >= RECORD_MAX_LABELS)
		return -E2BIG;
	for (size_t i = 0; i < c->label_count; i++)
		if (str_eq(c->labels[i].key, key)) {
			c->labels[i].value = value;
			return 0;
		}
	more = ARENA_ARRAY(a, c->label_count + 1, struct container_label);
	if (!more)
		return -ENOBUFS;
	if (c->label_count)
		memcpy(more, c->labels, c->label_count * sizeof(*more));
	more[c->label_count++] = (struct container_label){ key, value };
	c->labels = more;
	if (str_is(key, "nerdctl/name"))
		c->name = value;
	take_pod_labels(c);
	return 0;
}

int record_podman(const struct value *config, struct arena *a, struct container *c, struct err *e)
{
	str id = value_get_str(config, "rootfsImageID");
	int r = add_labels(value_get(config, "labels"), a, c, e);

	if (r < 0)
		return r;
	c->runtime = CONTAINER_PODMAN;
	c->name = first_of(value_get_str(config, "name"), c->name);
	c->image = first_of(value_get_str(config, "rootfsImageName"), c->image);
	if (is_sha256(id))
		c->image_id = arena_printf(a, "sha256:%.*s", STR_ARG(id));
	c->user = first_of(value_get_str(config, "user"), c->user);
	c->privileged |= value_is_true(value_get(config, "privileged"));
	/* Its own name for Docker's Healthcheck. */
	probe_spec_podman(value_get(config, "healthcheck"), a, c);
	take_pod_labels(c);
	record_split_image(c, a);
	return 0;
}

int record_storage(const struct value *list, str id, struct arena *a, struct container *c)
{
	VALUE_EACH (v, list) {
		struct value more;
		str image = value_get_str(v, "image");

		if (!str_eq(value_get_str(v, "id"), id))
			continue;
		c->name = first_of(c->name, value_str(value_at(value_get(v, "names"), 0)));
		if (is_sha256(image) && !c->image_id.n)
			c->image_id = arena_printf(a, "sha256:%.*s", STR_ARG(image));
		c->created_ns =
			c->created_ns ? c->created_ns : time_ns(value_get_str(v, "created"));
		if (json_parse(value_get_str(v, "metadata"), a, &more, NULL) == 0) {
			c->image = first_of(c->image, value_get_str(&more, "image-name"));
			c->name = first_of(value_get_str(&more, "name"), c->name);
		}
		record_split_image(c, a);
		return 0;
	}
	return -ENOENT;
}

/* {"Repositories": {"nginx": {"nginx:1.25": "sha256:ID", "nginx@sha256:DIGEST": "sha256:ID"}}} */
void record_docker_repositories(const struct value *repositories, struct arena *a,
				struct container *c)
{
	bool nameless = !c->image_repository.n;

	VALUE_MEMBERS (repository, value_get(repositories, "Repositories"))
		VALUE_MEMBERS (m, &repository->value) {
			size_t at = str_find(m->key, '@');

			if (!str_eq(value_str(&m->value), c->image_id))
				continue;
			if (at < m->key.n && !c->image_digest.n)
				c->image_digest = str_skip(m->key, at + 1);
			else if (at == m->key.n && nameless && !c->image_repository.n) {
				str asked = c->image;

				c->image = m->key;
				record_split_image(c, a);
				c->image = first_of(c->image, asked);
			}
		}
}

void record_join(struct container *c, const struct container *before)
{
#define COMPLETE(field, key) \
	if (!c->field.n) \
		c->field = before->field;
	CONTAINER_FIELDS(COMPLETE)
#undef COMPLETE
	if (!c->label_count) {
		c->labels = before->labels;
		c->label_count = before->label_count;
	}
	if (!c->pod_label_count) {
		c->pod_labels = before->pod_labels;
		c->pod_label_count = before->pod_label_count;
	}
	if (!c->mount_count) {
		c->mounts = before->mounts;
		c->mount_count = before->mount_count;
	}
	c->created_ns = c->created_ns ? c->created_ns : before->created_ns;
	c->started_ns = c->started_ns ? c->started_ns : before->started_ns;
	c->init_pid = c->init_pid ? c->init_pid : before->init_pid;
	c->pod_sandbox |= before->pod_sandbox;
	c->shared_pid |= before->shared_pid;
	/* The bundle's capabilities are those the kernel got; an API tells what was asked for. */
	if (before->known & CONTAINER_METADATA)
		c->caps = before->caps;
	c->known |= before->known;
}

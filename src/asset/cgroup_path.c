#include "asset/cgroup_path.h"

#define ID_DIGITS 64
#define UID_DIGITS 36
#define STATIC_UID_DIGITS 32

/* One name of the path, with what stands around it. */
struct step {
	str name;
	str parent; /* the name above; empty at the top */
	bool in_pod;
};

/* X(prefix of a scope or a cgroupfs name, runtime): PREFIX-ID.scope, PREFIX-ID and SLICE:PREFIX:ID */
#define PREFIXES(X) \
	X("docker", DOCKER) \
	X("cri-containerd", CONTAINERD) \
	X("nerdctl", CONTAINERD) \
	X("crio", CRIO) \
	X("libpod-payload", PODMAN) \
	X("libpod", PODMAN)

static const struct {
	str prefix;
	enum container_runtime runtime;
} prefixes[] = {
#define PREFIX(p, r) { { p, sizeof(p) - 1 }, CONTAINER_##r },
	PREFIXES(PREFIX)
#undef PREFIX
};

/* Folders of one engine's containers with the cgroupfs driver: PARENT/ID. */
static const struct {
	str parent;
	enum container_runtime runtime;
} parents[] = {
	{ { "docker", 6 }, CONTAINER_DOCKER },
	{ { "default", 7 }, CONTAINER_CONTAINERD },
	{ { "k8s.io", 6 }, CONTAINER_CONTAINERD },
	{ { "moby", 4 }, CONTAINER_DOCKER },
};

static bool is_id(str s)
{
	return s.n == ID_DIGITS && str_is_hex(s);
}

/* Names become parts of file names later. */
static bool is_safe(str s)
{
	if (s.n == 0 || s.n > CGROUP_PATH_MAX_ID || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static str without(str s, str suffix)
{
	return str_ends(s, suffix) ? str_take(s, s.n - suffix.n) : s;
}

static bool set_id(char *to, str s)
{
	if (!is_safe(s))
		return false;
	memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* systemd writes what a unit's name must not hold as \xHH. */
static bool set_unescaped(char *to, str s)
{
	char plain[CGROUP_PATH_MAX_ID];
	size_t n = 0;

	while (s.n && n < sizeof(plain)) {
		if (s.n >= 4 && s.p[0] == '\\' && s.p[1] == 'x' && hex_digit(s.p[2]) >= 0 &&
		    hex_digit(s.p[3]) >= 0) {
			plain[n++] = (char)(hex_digit(s.p[2]) * 16 + hex_digit(s.p[3]));
			s = str_skip(s, 4);
		} else {
			plain[n++] = s.p[0];
			s = str_skip(s, 1);
		}
	}
	return s.n == 0 && set_id(to, (str){ plain, n });
}

/* docker-ID.scope, crio-ID, slice:cri-containerd:ID. A conmon's group has no digits behind its prefix. */
static bool by_prefix(const struct step *s, struct cgroup_path *c)
{
	str name = without(s->name, S(".scope"));
	size_t last = str_find_last(name, ':');
	str before = str_take(name, last < name.n ? last : 0);
	bool colons = before.n != 0;
	char separator = colons ? ':' : '-';

	if (colons) {
		size_t colon = str_find_last(before, ':');

		name = colon < before.n ? str_skip(name, colon + 1) : name;
	}
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		str id = str_skip(name, prefixes[i].prefix.n + 1);

		if (!str_starts(name, prefixes[i].prefix) || name.n <= prefixes[i].prefix.n ||
		    name.p[prefixes[i].prefix.n] != separator || !is_id(id))
			continue;
		c->runtime = prefixes[i].runtime;
		return set_id(c->id, id);
	}
	/* Any other unit around an id is a container of an engine we do not know. */
	last = str_find_last(name, separator);
	if (last == name.n || !is_id(str_skip(name, last + 1)) ||
	    str_search(name, S("conmon")) < name.n)
		return false;
	c->runtime = CONTAINER_OTHER;
	return set_id(c->id, str_skip(name, last + 1));
}

/* PARENT/ID; in a pod the path does not tell Docker from containerd, and containerd is what one finds today. */
static bool by_folder(const struct step *s, struct cgroup_path *c)
{
	if (str_is(s->parent, "buildkit") && s->name.n >= 20 && is_safe(s->name) &&
	    str_find(s->name, '.') == s->name.n) {
		c->runtime = CONTAINER_OTHER;
		return set_id(c->id, s->name);
	}
	/* Podman's pods stand there by their bare ids; its containers are libpod-ID. */
	if (!is_id(s->name) || str_is(s->parent, "libpod_parent"))
		return false;
	c->runtime = s->in_pod ? CONTAINER_CONTAINERD : CONTAINER_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(parents); i++)
		if (str_eq(s->parent, parents[i].parent))
			c->runtime = parents[i].runtime;
	return set_id(c->id, s->name);
}

static bool by_machine(const struct step *s, struct cgroup_path *c)
{
	str name = s->name;

	if (str_starts(name, S("systemd-nspawn@")) && str_ends(name, S(".service"))) {
		c->runtime = CONTAINER_NSPAWN;
		return set_unescaped(c->id, without(str_skip(name, 15), S(".service")));
	}
	if (!str_starts(name, S("machine-")) || !str_ends(name, S(".scope")))
		return false;
	name = without(str_skip(name, 8), S(".scope"));
	/* libvirt names its machines "qemu-1-NAME" and "lxc-4711-NAME": the first is no container. */
	if (str_starts(name, S("qemu\\x2d")))
		return false;
	c->runtime = CONTAINER_NSPAWN;
	if (str_starts(name, S("lxc\\x2d"))) {
		c->runtime = CONTAINER_LXC;
		name = str_skip(name, 7);
	}
	return set_unescaped(c->id, name);
}

static bool by_lxc(const struct step *s, struct cgroup_path *c)
{
	str name = s->name;

	if (str_starts(name, S("lxc.payload.")))
		name = str_skip(name, 12);
	else if (str_ends(name, S(".libvirt-lxc")))
		name = without(name, S(".libvirt-lxc"));
	else if (!str_is(s->parent, "lxc") && !str_is(s->parent, "lxc.payload"))
		return false;
	c->runtime = CONTAINER_LXC;
	return set_id(c->id, name);
}

/* "pod" and a UID, alone (cgroupfs) or at the end of a slice's name (systemd, '_' for '-'). */
static bool take_pod(str name, struct cgroup_path *c)
{
	str uid;
	size_t at = 0;

	name = without(name, S(".slice"));
	if (!str_starts(name, S("pod"))) {
		at = str_search(name, S("-pod"));
		if (at == name.n)
			return false;
		at++;
	}
	uid = str_skip(name, at + 3);
	uid = str_take(uid, str_find(uid, ':'));
	if (str_ends(uid, S(".slice")))
		uid.n -= 6;
	if (uid.n == STATIC_UID_DIGITS ? !str_is_hex(uid) : uid.n != UID_DIGITS)
		return false;
	for (size_t i = 0; i < uid.n; i++) {
		bool dash = uid.p[i] == '-' || uid.p[i] == '_';

		if (uid.n == UID_DIGITS ? dash != (i == 8 || i == 13 || i == 18 || i == 23) : dash)
			return false;
		if (!dash && hex_digit(uid.p[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < uid.n; i++)
		c->pod_uid[i] = uid.p[i] == '_' ? '-' : uid.p[i];
	c->pod_uid[uid.n] = '\0';
	return true;
}

/* Groups inside an engine's unit that hold its own processes, not the container's. */
static bool is_helper(const struct step *s, const struct cgroup_path *c)
{
	return c->runtime == CONTAINER_NSPAWN && str_is(s->name, "supervisor") &&
	       c->kind == CGROUP_PATH_CONTAINER;
}

/* Other engines' folders, in which containerd has no namespace. */
static bool is_others(str name)
{
	return str_is(name, "docker") || str_is(name, "libpod_parent") || str_is(name, "lxc") ||
	       str_is(name, "kubepods");
}

static bool is_unit(str name)
{
	static const str kinds[] = { { ".slice", 6 }, { ".scope", 6 },  { ".service", 8 },
				     { ".mount", 6 }, { ".socket", 7 }, { ".swap", 5 } };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_ends(name, kinds[i]))
			return true;
	return false;
}

/* `ctr run` and nerdctl name groups /NAMESPACE/ID, both freely chosen; only containerd's files tell. */
static void maybe_containerd(str path, struct cgroup_path *c)
{
	str rest = str_skip(path, 1);
	str space = str_cut(&rest, '/');
	str id = str_take(rest, str_find(rest, '/'));

	if (!is_safe(space) || is_others(space) || is_unit(space) || is_unit(id) ||
	    !set_id(c->id, id))
		return;
	c->kind = CGROUP_PATH_MAYBE;
	c->runtime = CONTAINER_CONTAINERD;
	c->name_space = space;
	memcpy(c->key, c->id, sizeof(c->id));
	c->container = str_take(path, (size_t)(id.p + id.n - path.p));
}

/* A pod of Podman's, which holds no process of its own, unless Docker was told to make its container there. */
static void maybe_placed(str path, struct cgroup_path *c)
{
	str rest = str_skip(path, 1);
	str parent = str_cut(&rest, '/');
	str id = str_take(rest, str_find(rest, '/'));

	if (!str_is(parent, "libpod_parent") || !is_id(id) || !set_id(c->id, id))
		return;
	c->kind = CGROUP_PATH_MAYBE;
	c->runtime = CONTAINER_DOCKER;
	memcpy(c->key, c->id, sizeof(c->id));
	c->container = str_take(path, (size_t)(id.p + id.n - path.p));
}

/* @param end where the step's name ends in the path */
static bool starts_container(const struct step *s, str path, size_t end, unsigned int *depth,
			     struct cgroup_path *c)
{
	struct cgroup_path found = { 0 };
	size_t n = strlen(c->key);

	if (*depth > CGROUP_PATH_MAX_OUTER || (!by_prefix(s, &found) && !by_folder(s, &found) &&
					       !by_machine(s, &found) && !by_lxc(s, &found)))
		return false;
	memcpy(c->outer, c->key, sizeof(c->outer));
	c->outer_container = *depth ? c->container : (str){ NULL, 0 };
	if (n)
		c->key[n++] = '/';
	memcpy(c->key + n, found.id, strlen(found.id) + 1);
	memcpy(c->id, found.id, sizeof(c->id));
	c->kind = CGROUP_PATH_CONTAINER;
	c->runtime = found.runtime;
	c->name_space = s->parent;
	c->container = str_take(path, end);
	++*depth;
	return true;
}

void cgroup_path_parse(str path, struct cgroup_path *ret)
{
	struct cgroup_path c = { .kind = CGROUP_PATH_HOST, .container = path };
	struct step s = { 0 };
	unsigned int depth = 0;
	bool helper = false;
	size_t at = 0;

	while (at < path.n) {
		str rest = str_skip(path, at);

		s.name = str_take(rest, str_find(rest, '/'));
		at += s.name.n + 1;
		if (s.name.n == 0)
			continue;
		helper = helper || is_helper(&s, &c);
		/* A pod's group inside a container is of another cluster: its containers' pod is that one. */
		s.in_pod |= take_pod(s.name, &c);
		if (starts_container(&s, path, MIN(at - 1, path.n), &depth, &c))
			helper = false;
		s.parent = s.name;
	}
	if (c.kind == CGROUP_PATH_CONTAINER && !s.in_pod)
		c.pod_uid[0] = '\0';
	if (helper)
		c = (struct cgroup_path){ .kind = CGROUP_PATH_HOST, .container = path };
	else if (c.kind == CGROUP_PATH_HOST && !s.in_pod && str_starts(path, S("/")))
		maybe_containerd(path, &c);
	if (c.kind == CGROUP_PATH_HOST && str_starts(path, S("/")))
		maybe_placed(path, &c);
	if (c.kind == CGROUP_PATH_HOST)
		c.runtime = CONTAINER_HOST;
	*ret = c;
}

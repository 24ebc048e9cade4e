#include "asset/cni.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/file.h"
#include "codec/json.h"

#define CONFIG_BYTES_MAX ((uint64_t)1 << 20)
enum { FILES_MAX = 20000 };

static struct cni_network *network_of(struct cni_networks *n, struct arena *a, const char *engine,
				      str id)
{
	struct cni_network *x;

	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->items[i].engine, engine) == 0 && str_eq(n->items[i].id, id))
			return &n->items[i];
	x = ARENA_PUSH(a, n->items, n->count, n->cap);
	if (x)
		*x = (struct cni_network){ .engine = engine, .id = id, .name = id };
	return x;
}

static void add_subnet(struct cni_network *x, str subnet)
{
	for (size_t i = 0; i < x->subnet_count; i++)
		if (str_eq(x->subnets[i], subnet))
			return;
	if (subnet.n && x->subnet_count < CNI_SUBNETS_MAX)
		x->subnets[x->subnet_count++] = subnet;
}

/* Of host-local: "ranges", a list of lists, or "subnet" alone. */
static void add_ranges(struct cni_network *x, const struct value *ipam)
{
	add_subnet(x, value_get_str(ipam, "subnet"));
	VALUE_EACH (set, value_get(ipam, "ranges"))
		VALUE_EACH (range, set)
			add_subnet(x, value_get_str(range, "subnet"));
}

static int parse(str text, struct arena *a, struct value *ret)
{
	int r = json_parse(text, a, ret, NULL);

	return r == 0 && ret->kind == VALUE_OBJECT ? 1 : r == -ENOBUFS ? r : 0;
}

int cni_take_config(str text, struct arena *a, struct cni_networks *n)
{
	struct cni_network *x;
	struct value v;
	const struct value *first;
	int r = parse(text, a, &v);
	str name = r > 0 ? value_get_str(&v, "name") : S("");

	if (r <= 0 || !name.n || n->count == CNI_NETWORKS_MAX)
		return r < 0 ? r : 0;
	x = network_of(n, a, "cni", name);
	if (!x)
		return -ENOBUFS;
	first = value_at(value_get(&v, "plugins"), 0);
	first = first ? first : &v;
	x->driver = value_get_str(first, "type");
	add_ranges(x, value_get(first, "ipam"));
	return 0;
}

int cni_take_netavark(str text, struct arena *a, struct cni_networks *n)
{
	struct cni_network *x;
	struct value v;
	int r = parse(text, a, &v);
	str id = r > 0 ? value_get_str(&v, "id") : S("");

	if (r <= 0 || !id.n || n->count == CNI_NETWORKS_MAX)
		return r < 0 ? r : 0;
	x = network_of(n, a, "podman", id);
	if (!x)
		return -ENOBUFS;
	x->name = value_get_str(&v, "name");
	x->driver = value_get_str(&v, "driver");
	VALUE_EACH (s, value_get(&v, "subnets"))
		add_subnet(x, value_get_str(s, "subnet"));
	return 0;
}

int cni_take_result(str text, struct arena *a, struct cni_networks *n)
{
	struct cni_network *x;
	struct value v;
	str *member;
	int r = parse(text, a, &v);
	str name = r > 0 ? value_get_str(&v, "networkName") : S("");
	str container = r > 0 ? value_get_str(&v, "containerId") : S("");

	if (r <= 0 || !name.n || !container.n)
		return r < 0 ? r : 0;
	x = n->count < CNI_NETWORKS_MAX ? network_of(n, a, "cni", name) : NULL;
	if (!x)
		return n->count < CNI_NETWORKS_MAX ? -ENOBUFS : 0;
	if (x->member_count == CNI_MEMBERS_MAX)
		return 0;
	member = ARENA_PUSH(a, x->members, x->member_count, x->member_cap);
	if (!member)
		return -ENOBUFS;
	*member = container;
	return 0;
}

static const struct {
	const char *folder;
	int (*take)(str text, struct arena *a, struct cni_networks *n);
} folders[] = {
	{ "etc/cni/net.d", cni_take_config },
	{ "var/lib/rancher/k3s/agent/etc/cni/net.d", cni_take_config },
	{ "var/snap/microk8s/current/args/cni-network", cni_take_config },
	{ "etc/containers/networks", cni_take_netavark },
	{ "var/lib/cni/results", cni_take_result },
};

static int read_folder(DIR *d, size_t which, struct arena *a, struct cni_networks *n)
{
	struct dirent *f;
	int r = 0;

	for (int i = 0; r == 0 && i < FILES_MAX && (f = readdir(d)); i++) {
		OWNED_BUF text = BUF_INIT;
		str kept;

		if (f->d_name[0] == '.' ||
		    file_read(dirfd(d), f->d_name, CONFIG_BYTES_MAX, &text, NULL) < 0)
			continue;
		/* What is taken points into it. */
		kept = arena_str(a, buf_str(&text));
		r = kept.p ? folders[which].take(kept, a, n) : -ENOBUFS;
	}
	return r;
}

int cni_read(int root_fd, struct arena *a, struct cni_networks *ret, struct err *e)
{
	struct cni_networks n = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		DIR *d = file_open_folder(file_open_in_root(root_fd, folders[i].folder,
							    O_RDONLY | O_DIRECTORY, NULL));
		int r;

		if (!d)
			continue;
		r = read_folder(d, i, a, &n);
		closedir(d);
		if (r < 0)
			return err_set(e, ENOBUFS, "memory budget spent");
	}
	*ret = n;
	return 0;
}

#include "prog/agent/census_files.h"

#include <fcntl.h>
#include <stdio.h>

#include "asset/cni.h"
#include "asset/host_namespace.h"
#include "asset/mount_volume.h"
#include "asset/process_address.h"
#include "base/map.h"
#include "prog/agent/disk_images.h"

#define NETAVARK_OWN_ID "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9"
#define IMAGES_MEMORY ((size_t)256 << 20)
#define LOOK_MEMORY ((size_t)64 << 20)
enum { PATH_BYTES = 320 };

struct census_files {
	struct census *census;
	struct asset *asset;
	char root[PATH_BYTES];
	const char *const *data_roots;
	struct arena image_arena;
	struct disk_images images;
	struct arena arena; /* of a look */
	/* A volume and who has it, by id; what a container of the asset says. */
	struct map volumes;
	struct holding *first;
	/* A network's, and the document of it that is being written. */
	const struct cni_network *network;
	struct json_out *members;
};

struct holding {
	struct mount_volume volume;
	str *holders;
	size_t count, cap;
	struct holding *next;
};

int census_files_new(struct census *c, struct asset *a, const char *root,
		     const char *const *data_roots, struct census_files **ret, struct err *e)
{
	struct census_files *f = calloc(1, sizeof(*f));

	if (!f)
		return err_sys(e, ENOMEM, "census");
	f->census = c;
	f->asset = a;
	f->data_roots = data_roots;
	snprintf(f->root, sizeof(f->root), "%s", root);
	*ret = f;
	return 0;
}

void census_files_free(struct census_files *f)
{
	if (!f)
		return;
	arena_done(&f->image_arena);
	free(f);
}

/* ---- Images ---- */

static void put_image(struct census_files *f, const struct disk_image *d)
{
	OWNED_BUF doc = BUF_INIT;
	struct json_out j;

	if (census_has(f->census, CENSUS_IMAGE, d->id))
		return;
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", d->id);
	json_opt_str(&j, "digest", d->digest);
	json_put_strs(&j, "references", d->references, d->reference_count);
	json_put_uint(&j, "bytes", d->bytes);
	json_put_cstr(&j, "engine", d->engine);
	json_object_close(&j);
	census_put_doc(f->census, CENSUS_IMAGE, d->id, &doc);
}

static void look_at_images(struct census_files *f)
{
	arena_done(&f->image_arena);
	arena_init(&f->image_arena, IMAGES_MEMORY);
	if (disk_images_find(f->root, f->data_roots, &f->image_arena, &f->images, NULL) < 0)
		f->images = (struct disk_images){ 0 };
	for (size_t i = 0; i < f->images.count; i++)
		put_image(f, &f->images.items[i]);
}

str census_files_image_id(const struct census_files *f, str digest)
{
	const struct disk_image *d = disk_images_by_digest(&f->images, digest);

	return d ? d->id : (str){ 0 };
}

/* ---- Volumes ---- */

static struct holding *holding_of(struct census_files *f, const struct mount_volume *v)
{
	void **at = map_at(&f->volumes, v->id);
	struct holding *h = at ? *at : NULL;

	if (h || !at)
		return h;
	h = ARENA_NEW(&f->arena, struct holding);
	if (!h)
		return NULL;
	*h = (struct holding){ .volume = *v, .next = f->first };
	*at = f->first = h;
	return h;
}

static void take_mounts(void *ctx, const struct container *c)
{
	struct census_files *f = ctx;

	for (size_t i = 0; i < c->mount_count; i++) {
		struct mount_volume v;
		struct holding *h;
		str *holder;

		if (mount_volume(c->runtime, c->mounts[i].source, &f->arena, &v) < 0)
			continue;
		h = holding_of(f, &v);
		/* Mounted twice is held once; a path below the volume tells no driver. */
		if (!h || (h->count && str_eq(h->holders[h->count - 1], c->id)))
			continue;
		if (!h->volume.driver.n)
			h->volume = v;
		holder = ARENA_PUSH(&f->arena, h->holders, h->count, h->cap);
		if (holder)
			*holder = c->id;
	}
}

static void put_volume(struct census_files *f, const struct holding *h)
{
	OWNED_BUF doc = BUF_INIT;
	struct json_out j;

	if (census_has(f->census, CENSUS_VOLUME, h->volume.id))
		return;
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", h->volume.id);
	json_put_str(&j, "name", h->volume.name);
	json_opt_str(&j, "driver", h->volume.driver);
	json_opt_str(&j, "at", h->volume.at);
	json_put_strs(&j, "containers", h->holders, h->count);
	json_object_close(&j);
	census_put_doc(f->census, CENSUS_VOLUME, h->volume.id, &doc);
}

static void look_at_volumes(struct census_files *f)
{
	f->volumes = map_in(&f->arena);
	f->first = NULL;
	asset_each(f->asset, take_mounts, f);
	for (const struct holding *h = f->first; h; h = h->next)
		put_volume(f, h);
}

/* ---- Networks ---- */

/* A pod joins by its sandbox, for all its containers; nerdctl and ctr write containerd's namespace before the id. */
static bool joined_as(const struct container *c, str member)
{
	return str_eq(member, c->id) ||
	       (c->pod_sandbox_id.n && str_eq(member, c->pod_sandbox_id)) ||
	       (str_ends(member, c->id) && member.n > c->id.n &&
		member.p[member.n - c->id.n - 1] == '-');
}

static bool has_joined(const struct container *c, const struct cni_network *x)
{
	for (size_t i = 0; i < x->member_count; i++)
		if (joined_as(c, x->members[i]))
			return true;
	return false;
}

static void put_member(void *ctx, const struct container *c)
{
	struct census_files *f = ctx;

	if (has_joined(c, f->network))
		json_str(f->members, c->id);
}

static void put_network(struct census_files *f, const struct cni_network *x)
{
	OWNED_BUF doc = BUF_INIT;
	struct json_out j;
	str id = arena_printf(&f->arena, "%s/%.*s", x->engine, STR_ARG(x->id));

	if (!id.p || census_has(f->census, CENSUS_NETWORK, id))
		return;
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", id);
	json_put_str(&j, "name", x->name);
	json_opt_str(&j, "driver", x->driver);
	json_put_strs(&j, "subnets", x->subnets, x->subnet_count);
	json_key(&j, "containers");
	json_array_open(&j);
	f->network = x;
	f->members = &j;
	asset_each(f->asset, put_member, f);
	json_array_close(&j);
	json_object_close(&j);
	census_put_doc(f->census, CENSUS_NETWORK, id, &doc);
}

/* The network that Podman has without a file, as containers/common's netavark/network.go makes it. */
static const struct cni_network unwritten = {
	.engine = "podman",
	.id = { NETAVARK_OWN_ID, sizeof(NETAVARK_OWN_ID) - 1 },
	.name = { "podman", 6 },
	.driver = { "bridge", 6 },
	.subnets = { { "10.88.0.0/16", 12 } },
	.subnet_count = 1,
};

static bool is_netavarks(const struct cni_network *x)
{
	return strcmp(x->engine, unwritten.engine) == 0;
}

static int add_unwritten(struct census_files *f, struct cni_networks *n)
{
	struct cni_network *x;

	for (size_t i = 0; i < n->count; i++)
		if (is_netavarks(&n->items[i]) && str_eq(n->items[i].name, unwritten.name))
			return 0;
	x = ARENA_PUSH(&f->arena, n->items, n->count, n->cap);
	if (x)
		*x = unwritten;
	return x ? 0 : -ENOBUFS;
}

struct joining {
	struct census_files *files;
	struct cni_networks *networks;
	int root_fd;
};

static bool is_in(const struct cni_network *x, const struct networks *addresses)
{
	struct networks subnets = { 0 };

	/* One that cannot be read is told as it is written, and has no members. */
	for (size_t i = 0; i < x->subnet_count; i++)
		(void)!networks_add(&subnets, x->subnets[i], NULL);
	for (size_t i = 0; i < addresses->count; i++)
		if (networks_have(&subnets, addresses->list[i].bytes))
			return true;
	return false;
}

/* Podman's networks are netavark's or plugins', never both. */
static bool has_plugins(const struct container *c, const struct cni_networks *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (!is_netavarks(&n->items[i]) && has_joined(c, &n->items[i]))
			return true;
	return false;
}

/* Who joined a network of netavark's stands in no file others may read: the addresses a container was given tell. */
static void join_by_address(void *ctx, const struct container *c)
{
	const struct joining *k = ctx;
	struct arena *a = &k->files->arena;
	struct networks own = { 0 };
	char name[32];
	uint32_t pid = c->runtime == CONTAINER_PODMAN ? asset_process_of(k->files->asset, c) : 0;

	snprintf(name, sizeof(name), "proc/%u/ns/net", pid);
	if (!pid || has_plugins(c, k->networks) || host_namespace_is(k->root_fd, name, "net") ||
	    process_addresses(k->root_fd, pid, &own) < 0)
		return;
	for (size_t i = 0; i < k->networks->count; i++) {
		struct cni_network *x = &k->networks->items[i];
		str *member = NULL;

		if (is_netavarks(x) && x->member_count < CNI_MEMBERS_MAX && is_in(x, &own))
			member = ARENA_PUSH(a, x->members, x->member_count, x->member_cap);
		if (member)
			*member = c->id;
	}
}

static void look_at_networks(struct census_files *f)
{
	OWNED_FD root_fd = open(*f->root ? f->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct cni_networks n;

	if (root_fd < 0 || cni_read(root_fd, &f->arena, &n, NULL) < 0 || add_unwritten(f, &n) < 0)
		return;
	asset_each(f->asset, join_by_address, &(struct joining){ f, &n, root_fd });
	for (size_t i = 0; i < n.count; i++)
		if (n.items[i].member_count || !str_is(n.items[i].id, NETAVARK_OWN_ID))
			put_network(f, &n.items[i]);
}

void census_files_look(struct census_files *f)
{
	look_at_images(f);
	arena_init(&f->arena, LOOK_MEMORY);
	look_at_volumes(f);
	look_at_networks(f);
	arena_done(&f->arena);
}

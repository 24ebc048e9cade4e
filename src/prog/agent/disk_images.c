#include "prog/agent/disk_images.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "asset/engine_db.h"
#include "asset/place.h"
#include "base/file.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "scan/source/manifest.h"

#define LIST_MAX ((uint64_t)64 << 20)
enum { PATH_BYTES = 640, INDEXES_MAX = 4 };

/* One folder of an engine. */
struct look {
	struct disk_images *list;
	struct arena *a;
	const char *root;
	const struct place *place;
	int base_fd;
	bool of_user;
};

const struct disk_image *disk_images_by_id(const struct disk_images *l, str id)
{
	const struct disk_image *found = NULL;

	for (size_t i = 0; i < l->count; i++)
		if (str_eq(l->items[i].id, id) && (!found || found->of_user))
			found = &l->items[i];
	return found;
}

const struct disk_image *disk_images_by_digest(const struct disk_images *l, str digest)
{
	for (size_t i = 0; digest.n && i < l->count; i++)
		if (str_eq(l->items[i].digest, digest))
			return &l->items[i];
	return NULL;
}

static void add_reference(struct disk_image *d, str name)
{
	/* The CRI plugin has its images under their ids as well. */
	if (name.n && d->reference_count < DISK_IMAGE_REFERENCES_MAX &&
	    !str_starts(name, S("sha256:")))
		d->references[d->reference_count++] = name;
}

/** The image with this id and digest, made where it is new; NULL: no memory, or too many. */
static struct disk_image *image_of(struct look *k, str id, str digest)
{
	struct disk_images *l = k->list;
	struct disk_image *d;

	for (size_t i = 0; i < l->count; i++)
		if (str_eq(l->items[i].id, id) && str_eq(l->items[i].digest, digest))
			return &l->items[i];
	d = l->count < DISK_IMAGES_MAX ? ARENA_PUSH(k->a, l->items, l->count, l->cap) : NULL;
	if (d)
		*d = (struct disk_image){ .id = arena_str(k->a, id), .digest = digest };
	return d;
}

/** Says who keeps it and where; of two the first, unless that is a user. @return whether it does now */
static bool keep(const struct look *k, struct disk_image *d, const char *engine, str digest)
{
	char process[32] = "";

	if (d->target.n && (!d->of_user || k->of_user))
		return false;
	if (k->place->pid)
		snprintf(process, sizeof(process), "/proc/%u/root", k->place->pid);
	d->engine = engine;
	d->of_user = k->of_user;
	d->target = arena_printf(k->a, "%s:%s%s/%s@%.*s", engine, k->root, process, k->place->path,
				 STR_ARG(digest));
	return true;
}

static int read_below(const struct look *k, const char *name, uint64_t max, str *ret)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_FD fd = -1;
	char path[PATH_BYTES];
	int r;

	snprintf(path, sizeof(path), "%s/%s", k->place->path, name);
	fd = file_open_in_root(k->base_fd, path, O_RDONLY | O_NONBLOCK, NULL);
	r = fd < 0 ? fd : file_read_fd(fd, max, &text, NULL);
	if (r < 0)
		return r;
	*ret = arena_str(k->a, buf_str(&text));
	return ret->p ? 0 : -ENOBUFS;
}

/* ---- containerd ---- */

static int read_manifest(const struct look *k, str digest, struct manifest *ret)
{
	const struct limits limits = limits_default();
	char name[128];
	uint8_t sum[SHA256_BYTES];
	str text;
	int r = digest_parse(digest, sum, NULL);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "io.containerd.content.v1.content/blobs/sha256/%.*s",
		 STR_ARG(str_skip(digest, sizeof("sha256:") - 1)));
	r = read_below(k, name, MANIFEST_MAX_BYTES, &text);
	if (r == 0)
		r = manifest_check_digest(text, digest, NULL);
	return r < 0 ? r : manifest_parse(text, S(""), &limits, k->a, ret, NULL);
}

/** From what a name leads to, to this machine's manifest. */
static int resolve(const struct look *k, str digest, struct manifest *ret)
{
	int r = read_manifest(k, digest, ret);

	for (int i = 0; r == 0 && ret->kind == MANIFEST_INDEX && i < INDEXES_MAX; i++) {
		const struct manifest_descriptor *d;

		r = manifest_choose(ret, NULL, &d, NULL);
		if (r == 0)
			r = read_manifest(k, d->digest, ret);
	}
	return r == 0 && ret->kind != MANIFEST_IMAGE ? -EBADMSG : r;
}

static void take_containerd(struct look *k, const struct engine_db_image *i)
{
	const struct disk_image *known = disk_images_by_digest(k->list, i->digest);
	struct manifest m;
	struct disk_image *d;

	/* Docker's own namespace: it tells of them itself, by other ids. */
	if (str_is(i->name_space, "moby"))
		return;
	if (known) {
		add_reference(&k->list->items[known - k->list->items], i->name);
		return;
	}
	if (resolve(k, i->digest, &m) < 0)
		return;
	d = image_of(k, m.config.digest, i->digest);
	if (!d)
		return;
	if (keep(k, d, "containerd", i->digest)) {
		d->bytes = 0;
		for (size_t n = 0; n < m.count; n++)
			d->bytes += m.descriptors[n].bytes;
	}
	add_reference(d, i->name);
}

static void look_at_containerd(struct look *k)
{
	struct engine_db_image *names;
	char path[PATH_BYTES];
	OWNED_FD fd = -1;
	size_t count;

	snprintf(path, sizeof(path), "%s/io.containerd.metadata.v1.bolt/meta.db", k->place->path);
	fd = file_open_in_root(k->base_fd, path, O_RDONLY | O_NONBLOCK, NULL);
	if (fd < 0 || engine_db_containerd_images(fd, k->a, &names, &count, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		take_containerd(k, &names[i]);
}

/* ---- containers/storage ---- */

static void take_stored(struct look *k, const struct value *v)
{
	uint8_t sum[SHA256_BYTES];
	str id = arena_printf(k->a, "sha256:%.*s", STR_ARG(value_get_str(v, "id")));
	struct disk_image *d;

	if (digest_parse(id, sum, NULL) < 0)
		return;
	d = image_of(k, id, value_get_str(v, "digest"));
	if (!d)
		return;
	(void)keep(k, d, "containers-storage", id);
	VALUE_EACH (name, value_get(v, "names"))
		add_reference(d, value_str(name));
}

static bool is_of_user(const struct look *k)
{
	OWNED_FD fd = file_open_in_root(k->base_fd, k->place->path, O_PATH | O_DIRECTORY, NULL);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid != 0;
}

static void look_at_storage(struct look *k)
{
	static const char *const lists[] = { "overlay-images/images.json", "vfs-images/images.json",
					     "btrfs-images/images.json" };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct value list;
		str text;

		if (read_below(k, lists[i], LIST_MAX, &text) == 0 &&
		    json_parse(text, k->a, &list, NULL) == 0)
			VALUE_EACH (v, &list)
				take_stored(k, v);
	}
}

int disk_images_find(const char *root, const char *const *data_roots, struct arena *a,
		     struct disk_images *ret, struct err *e)
{
	OWNED_FD root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct places *places = ARENA_NEW(a, struct places);
	struct disk_images list = { 0 };

	if (root_fd < 0)
		return err_sys(e, errno, "cannot open '%s'", *root ? root : "/");
	if (!places)
		return err_set(e, ENOBUFS, "memory budget spent");
	places_find(root_fd, data_roots, places);
	for (size_t i = 0; i < places->count; i++) {
		struct look k = { &list, a, root, &places->list[i], -1, false };
		OWNED_FD base = k.place->outer[0] ? -1 : place_open(root_fd, k.place);

		if (base < 0)
			continue;
		k.base_fd = base;
		k.of_user = is_of_user(&k);
		if (k.place->kind == PLACE_CONTAINERD_ROOT)
			look_at_containerd(&k);
		else if (k.place->kind == PLACE_STORAGE)
			look_at_storage(&k);
	}
	*ret = list;
	return 0;
}

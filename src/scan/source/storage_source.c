/* A folder of containers/storage, as Podman and CRI-O keep it: DRIVER-images/images.json names an image's top layer,
 * DRIVER-layers/layers.json each layer's parent, and the layers lie there unpacked. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "scan/source/image_store.h"
#include "scan/source/manifest.h"
#include "scan/source/source_kinds.h"
#include "scan/source/tree_feed.h"

#define LIST_MAX ((uint64_t)64 << 20)

/* What stands of a layer where: overlay's own files, or, of drivers that copy, all the files up to it. */
static const struct driver {
	const char *name, *before, *after;
	bool is_whole;
} drivers[] = { { "overlay", "overlay", "/diff", false },
		{ "vfs", "vfs/dir", "", true },
		{ "btrfs", "btrfs/subvolumes", "", true } };

struct storage {
	int root;
	const struct driver *driver;
	struct arena *arena;
	const struct scan_options *o;
	struct value layers;
	int *fds; /* of layers, closed at the end */
	size_t fd_count;
	struct err *e;
};

static int read_list(const struct storage *s, const char *what, struct value *ret)
{
	OWNED_BUF text = BUF_INIT;
	char path[64];
	OWNED_FD fd = -1;
	str kept;
	int r;

	snprintf(path, sizeof(path), "%s-%s/%s.json", s->driver->name, what, what);
	fd = file_open_in_root(s->root, path, O_RDONLY | O_NONBLOCK, s->e);
	if (fd < 0)
		return fd;
	r = file_read_fd(fd, LIST_MAX, &text, s->e);
	if (r < 0)
		return err_wrap(s->e, r, "'%s'", path);
	kept = arena_str(s->arena, buf_str(&text));
	return kept.p ? json_parse(kept, s->arena, ret, s->e)
		      : err_set(s->e, ENOBUFS, "manifest: memory budget spent");
}

static const struct value *find_by_id(const struct value *list, str id)
{
	VALUE_EACH (v, list)
		if (str_eq(value_get_str(v, "id"), id))
			return v;
	return NULL;
}

static int find_image(struct storage *s, str id, struct value *images, const struct value **ret)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		int r;

		s->driver = &drivers[i];
		r = read_list(s, "images", images);
		*ret = r == 0 ? find_by_id(images, id) : NULL;
		if (*ret)
			return 0;
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return err_set(s->e, ENOENT, "no engine keeps image %.*s here", STR_ARG(id));
}

/* Kept under its digest, which, being no plain name, is written in Base64. */
static int read_config(struct storage *s, str id, struct image_config *ret)
{
	OWNED_BUF name = BUF_INIT, text = BUF_INIT;
	str digest = arena_printf(s->arena, "sha256:%.*s", STR_ARG(id)), kept;
	OWNED_FD fd = -1;
	int r;

	buf_printf(&name, "%s-images/%.*s/=", s->driver->name, STR_ARG(id));
	base64_encode(&name, digest);
	if (buf_error(&name))
		return err_set(s->e, ENOMEM, "no memory for a name");
	fd = file_open_in_root(s->root, buf_cstr(&name), O_RDONLY | O_NONBLOCK, s->e);
	r = fd < 0 ? fd : file_read_fd(fd, MANIFEST_MAX_BYTES, &text, s->e);
	if (r == 0)
		r = manifest_check_digest(buf_str(&text), digest, s->e);
	if (r < 0)
		return err_wrap(s->e, r, "image configuration");
	kept = arena_str(s->arena, buf_str(&text));
	return kept.p ? image_config_parse(kept, &s->o->limits, s->arena, ret, s->e)
		      : err_set(s->e, ENOBUFS, "manifest: memory budget spent");
}

/* What was kept of the archive a layer came as; layers that a container became may have none. */
static int open_tar_split(struct storage *s, str id)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s-layers/%.*s.tar-split.gz", s->driver->name, STR_ARG(id));
	fd = file_open_in_root(s->root, path, O_RDONLY | O_NONBLOCK, NULL);
	if (fd >= 0)
		s->fds[s->fd_count++] = fd;
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fd : -1;
}

static int open_layer(struct storage *s, str id, bool is_above, struct layer_job *j)
{
	struct unpacked_layer layer = { .is_above = is_above };
	char path[PATH_MAX];
	int fd;

	if (!id.n || id.n > 128 || str_find(id, '/') < id.n || id.p[0] == '.')
		return err_set(s->e, EBADMSG, "a layer's name is none");
	snprintf(path, sizeof(path), "%s/%.*s%s", s->driver->before, STR_ARG(id), s->driver->after);
	fd = file_open_in_root(s->root, path, O_RDONLY | O_DIRECTORY, s->e);
	if (fd < 0)
		return fd;
	s->fds[s->fd_count++] = fd;
	layer.folder = fd;
	layer.tar_split = is_above ? open_tar_split(s, id) : -1;
	return image_plan_unpacked(s->o, s->arena, &layer, j, s->e);
}

/* Of a whole tree the layers below are part already: they are given as empty ones. */
static int cover(struct storage *s, struct layer_job *j)
{
	struct layer *none = ARENA_NEW(s->arena, struct layer);

	if (!none)
		return err_set(s->e, ENOBUFS, "manifest: memory budget spent");
	*none = (struct layer){ .media = S("tree"), .diff_id = j->diff_id };
	j->given = none;
	return 0;
}

/* From the top down, by their parents. */
static int plan(struct storage *s, str top, const struct image_config *c, struct image_plan *p)
{
	p->jobs = ARENA_ARRAY(s->arena, c->count, struct layer_job);
	s->fds = ARENA_ARRAY(s->arena, 2 * c->count,
			     int); /* a folder and what is kept of its archive */
	if (!p->jobs || !s->fds)
		return err_set(s->e, ENOBUFS, "manifest: memory budget spent");
	p->count = c->count;
	for (size_t i = c->count; i-- > 0;) {
		const struct value *layer = find_by_id(&s->layers, top);
		struct layer_job *j = &p->jobs[i];
		struct err why = { 0 }, *kept = s->e;

		*j = (struct layer_job){ .diff_id = c->diff_ids[i],
					 .created_by = c->created_by[i],
					 .fd = -1,
					 .bytes = UINT64_MAX };
		if (s->driver->is_whole && i + 1 < c->count) {
			if (cover(s, j) < 0)
				return -ENOBUFS;
			continue;
		}
		s->e = &why;
		if (!layer)
			image_plan_missing(p, s->arena, j, c->diff_ids[i], "no such layer");
		else if (open_layer(s, top, i > 0 && !s->driver->is_whole, j) < 0)
			image_plan_missing(p, s->arena, j, c->diff_ids[i], why.text);
		s->e = kept;
		j->is_tree = j->no_cache = s->driver->is_whole;
		top = layer ? value_get_str(layer, "parent") : (str){ 0 };
	}
	return 0;
}

static int read_image(struct storage *s, str digest, struct inventory *v)
{
	const struct value *image;
	struct image_config config;
	struct image_plan p = { 0 };
	struct value images;
	str id = str_skip(digest, sizeof("sha256:") - 1);
	int r = find_image(s, id, &images, &image);

	if (r == 0)
		r = read_list(s, "layers", &s->layers);
	if (r == 0)
		r = read_config(s, id, &config);
	if (r == 0)
		r = plan(s, value_get_str(image, "layer"), &config, &p);
	if (r < 0)
		return r;
	v->image_id = arena_str(s->arena, digest);
	v->manifest_digest = value_get_str(image, "digest");
	v->platform_os = config.os;
	v->architecture = image_config_architecture(&config, s->arena);
	v->created = config.created;
	return image_plan_run(&p, s->o, s->arena, v, s->e);
}

int storage_source_read(const char *target, const struct scan_options *o, struct arena *a,
			struct inventory *ret, struct err *e)
{
	struct inventory v = { .kind = TARGET_IMAGE,
			       .name = arena_str(a, str_from(target)),
			       .source = S("containers-storage") };
	struct storage s = { .arena = a, .o = o, .e = e };
	OWNED_FD root = -1;
	str digest;
	int r = image_store_target(target, &root, &digest, e);

	s.root = root;
	if (r == 0)
		r = read_image(&s, digest, &v);
	for (size_t i = 0; i < s.fd_count; i++)
		close(s.fds[i]);
	if (r < 0)
		return err_wrap(e, r, "'%s'", target);
	*ret = v;
	return 0;
}

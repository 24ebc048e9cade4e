#include "asset/engine_db.h"

#include "asset/cri_sandbox.h"
#include "asset/record.h"
#include "base/file.h"
#include "codec/bolt.h"
#include "codec/json.h"

#define TRIES 4

struct wanted {
	str name_space, id;
};

struct reading {
	struct container *c;
	struct arena *a;
};

static int read_at(void *ctx, uint64_t offset, void *to, size_t n)
{
	return file_read_at(*(const int *)ctx, offset, to, n);
}

static int take_label(void *ctx, str key, str value)
{
	struct reading *g = ctx;
	int r = record_label(g->c, g->a, key, value);

	return r == -E2BIG ? 1 : r;
}

/* The pod's sandbox is a container as well; newer ones keep it in a bucket of its own. */
static int read_sandbox(const struct bolt *b, const struct wanted *w, struct arena *a,
			struct container *c, struct err *e)
{
	static const char *const buckets[] = { "containers", "sandboxes" };
	str id = c->pod_sandbox ? w->id : c->pod_sandbox_id, any;
	int r = -ENOENT;

	for (size_t i = 0; id.n && r == -ENOENT && i < ARRAY_LEN(buckets); i++) {
		const str path[] = {
			S("v1"), w->name_space,   str_from(buckets[i]),
			id,      S("extensions"), S("io.cri-containerd.sandbox.metadata")
		};

		r = bolt_find(b, path, ARRAY_LEN(path), a, &any, e);
	}
	/* One that cannot be understood leaves the container without what it would add. */
	if (r == 0 && cri_sandbox_take(any, a, c, NULL) < 0)
		return 0;
	return r == -ENOENT ? 0 : r;
}

/* Layout: core/metadata/buckets.go, schema version 1. */
static int read_containerd(const struct bolt *b, const struct wanted *w, struct arena *a,
			   struct container *c, struct err *e)
{
	str name_space = w->name_space, id = w->id;
	const str image[] = { S("v1"), name_space, S("containers"), id, S("image") };
	const str labels[] = { S("v1"), name_space, S("containers"), id, S("labels") };
	struct reading g = { c, a };
	str name = { NULL, 0 };
	int r = bolt_find(b, image, ARRAY_LEN(image), a, &name, e);

	if (r < 0)
		return r;
	if (name.n && !c->image.n)
		c->image = name;
	r = bolt_each(b, labels, ARRAY_LEN(labels), a, take_label, &g, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (name.n) {
		const str target[] = { S("v1"), name_space,  S("images"),
				       name,    S("target"), S("digest") };

		r = bolt_find(b, target, ARRAY_LEN(target), a, &c->image_digest, e);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	record_split_image(c, a);
	return read_sandbox(b, w, a, c, e);
}

/* Layout: libpod/boltdb_state_internal.go; the value is the container's configuration as JSON. */
static int read_podman(const struct bolt *b, const struct wanted *w, struct arena *a,
		       struct container *c, struct err *e)
{
	const str path[] = { S("ctr"), w->id, S("config") };
	struct value v;
	str text;
	int r = bolt_find(b, path, ARRAY_LEN(path), a, &text, e);

	if (r == 0)
		r = json_parse(text, a, &v, e);
	return r < 0 ? r : record_podman(&v, a, c, e);
}

/* What looks broken may be half of two states: only what was read of one counts. */
static bool is_of_two_states(const struct bolt *b, int r)
{
	return (r == 0 || r == -ENOENT || r == -EBADMSG) && !bolt_is_current(b);
}

static int unsettled(struct err *e)
{
	return err_set(e, EAGAIN, "the engine's database changes faster than it can be read");
}

static int read_settled(int fd, const struct wanted *w,
			int (*read_once)(const struct bolt *b, const struct wanted *w,
					 struct arena *a, struct container *c, struct err *e),
			struct arena *a, struct container *c, struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		struct container out = *c;
		struct bolt b;
		int r = bolt_open(&b, read_at, &fd, e);

		if (r < 0)
			return r;
		r = read_once(&b, w, a, &out, e);
		if (is_of_two_states(&b, r))
			continue;
		if (r == 0)
			*c = out;
		return r;
	}
	return unsettled(e);
}

int engine_db_containerd(int fd, str name_space, str id, struct arena *a, struct container *c,
			 struct err *e)
{
	const struct wanted w = { name_space, id };

	return read_settled(fd, &w, read_containerd, a, c, e);
}

int engine_db_podman(int fd, str id, struct arena *a, struct container *c, struct err *e)
{
	const struct wanted w = { .id = id };

	return read_settled(fd, &w, read_podman, a, c, e);
}

struct listing {
	const struct bolt *b;
	struct arena *a;
	str name_space;
	struct engine_db_image *items;
	size_t count, cap;
	struct err *e;
};

static int take_image(void *ctx, str name, str value UNUSED)
{
	struct listing *l = ctx;
	const str path[] = { S("v1"), l->name_space, S("images"), name, S("target"), S("digest") };
	struct engine_db_image *i;
	str digest;
	int r = bolt_find(l->b, path, ARRAY_LEN(path), l->a, &digest, l->e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (l->count == ENGINE_DB_IMAGES_MAX)
		return err_set(l->e, E2BIG, "containerd keeps more than %d images",
			       ENGINE_DB_IMAGES_MAX);
	i = ARENA_PUSH(l->a, l->items, l->count, l->cap);
	if (!i)
		return err_set(l->e, ENOBUFS, "memory budget spent");
	*i = (struct engine_db_image){ l->name_space, name, digest };
	return 0;
}

static int take_name_space(void *ctx, str name, str value UNUSED)
{
	struct listing *l = ctx;
	const str path[] = { S("v1"), name, S("images") };
	int r;

	l->name_space = name;
	r = bolt_each(l->b, path, ARRAY_LEN(path), l->a, take_image, l, l->e);
	return r == -ENOENT ? 0 : r;
}

int engine_db_containerd_images(int fd, struct arena *a, struct engine_db_image **ret,
				size_t *ret_count, struct err *e)
{
	const str top[] = { S("v1") };

	for (int i = 0; i < TRIES; i++) {
		struct bolt b;
		struct listing l = { .b = &b, .a = a, .e = e };
		int r = bolt_open(&b, read_at, &fd, e);

		if (r < 0)
			return r;
		r = bolt_each(&b, top, ARRAY_LEN(top), a, take_name_space, &l, e);
		if (is_of_two_states(&b, r))
			continue;
		if (r < 0 && r != -ENOENT)
			return r;
		*ret = l.items;
		*ret_count = l.count;
		return 0;
	}
	return unsettled(e);
}

#include "asset/engine_db.h"

#include "asset/cri_sandbox.h"
#include "asset/record.h"
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
	const int *fd = ctx;
	char *at = to;

	while (n) {
		ssize_t got = pread(*fd, at, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ENODATA;
		at += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
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
		if ((r == 0 || r == -ENOENT || r == -EBADMSG) && !bolt_is_current(&b))
			continue;
		if (r == 0)
			*c = out;
		return r;
	}
	return err_set(e, EAGAIN, "the engine's database changes faster than it can be read");
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

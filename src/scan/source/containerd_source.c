/* containerd's root folder: blobs lie in its content store by digest; where the CRI plugin discarded a layer's blob once it was
 * unpacked (discard_unpacked_layers), what remains is the overlayfs snapshot named by the layer's chain id. */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "codec/bolt.h"
#include "codec/digest.h"
#include "scan/source/layout_folder_priv.h"
#include "scan/source/source_kinds.h"

#define CONTENT "io.containerd.content.v1.content"
#define METADATA "io.containerd.metadata.v1.bolt/meta.db"
#define OVERLAY "io.containerd.snapshotter.v1.overlayfs"
enum { NAMESPACES_MAX = 64 };

struct containerd {
	struct layout_folder content;
	int root;
	const struct scan_options *o;
	str chain; /* of the layers planned so far */
};

static int read_db(void *ctx, uint64_t offset, void *to, size_t n)
{
	return file_read_at(*(const int *)ctx, offset, to, n);
}

/* image-spec, config.md: the layer's own digest for the lowest, then of "CHAIN DIFF_ID". */
static str next_chain(struct arena *a, str chain, str diff_id)
{
	char text[DIGEST_TEXT_BYTES];
	uint8_t sum[SHA256_BYTES];
	str both;

	if (!chain.n)
		return diff_id;
	both = arena_printf(a, "%.*s %.*s", STR_ARG(chain), STR_ARG(diff_id));
	sha256_of(both, sum);
	digest_render(sum, text);
	return arena_str(a, str_from(text));
}

struct names {
	str items[NAMESPACES_MAX];
	size_t count;
};

static int take_name(void *ctx, str key, str value UNUSED)
{
	struct names *n = ctx;

	if (n->count < NAMESPACES_MAX)
		n->items[n->count++] = key;
	return 0;
}

/* What the snapshotter calls the layers up to @p chain, whoever in whichever namespace unpacked them. */
static int snapshot_name(int root, str chain, struct arena *a, str *ret)
{
	OWNED_FD fd = file_open_in_root(root, METADATA, O_RDONLY | O_NONBLOCK, NULL);
	const str top[] = { S("v1") };
	struct names spaces = { 0 };
	struct bolt b;
	int r = fd < 0 ? fd : bolt_open(&b, read_db, &fd, NULL);

	if (r == 0)
		r = bolt_each(&b, top, 1, a, take_name, &spaces, NULL);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < spaces.count; i++) {
		const str path[] = { S("v1"),        spaces.items[i], S("snapshots"),
				     S("overlayfs"), chain,           S("name") };

		r = bolt_find(&b, path, ARRAY_LEN(path), a, ret, NULL);
	}
	return r;
}

/* encoding/binary's Uvarint. */
static bool take_varint(str bytes, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes.n && i < 9; i++) {
		v |= (uint64_t)((uint8_t)bytes.p[i] & 0x7f) << (7 * i);
		if (!((uint8_t)bytes.p[i] & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/** @return a descriptor of the layer's own files, -ENOENT, -errno */
static int open_snapshot(int root, str chain, struct arena *a)
{
	OWNED_FD fd = file_open_in_root(root, OVERLAY "/metadata.db", O_RDONLY | O_NONBLOCK, NULL);
	char path[96];
	struct bolt b;
	str name, id;
	uint64_t number = 0;
	int r = fd < 0 ? fd : snapshot_name(root, chain, a, &name);

	if (r == 0)
		r = bolt_open(&b, read_db, &fd, NULL);
	if (r == 0) {
		const str at[] = { S("v1"), S("snapshots"), name, S("id") };

		r = bolt_find(&b, at, ARRAY_LEN(at), a, &id, NULL);
	}
	if (r < 0 || !take_varint(id, &number))
		return r < 0 ? r : -EBADMSG;
	snprintf(path, sizeof(path), OVERLAY "/snapshots/%llu/fs", (unsigned long long)number);
	return file_open_in_root(root, path, O_RDONLY | O_DIRECTORY, NULL);
}

static int find_layer(void *ctx, str path, struct layer_job *job, struct err *e)
{
	struct containerd *c = ctx; /* begins with its content */
	struct arena *a = c->content.arena;
	bool is_above = c->chain.n > 0;
	int r = layout_folder_layer(&c->content, path, job, e), fd;
	int *slot;

	c->chain = next_chain(a, c->chain, job->diff_id);
	if (r != -ENOENT || !job->diff_id.n)
		return r;
	fd = open_snapshot(c->root, c->chain, a);
	if (fd < 0)
		return err_set(e, ENOENT, "neither its blob nor an unpacked snapshot is there");
	slot = ARENA_PUSH(a, c->content.fds, c->content.fd_count, c->content.fd_cap);
	if (!slot) {
		close(fd);
		return err_set(e, ENOBUFS, "manifest: memory budget spent");
	}
	*slot = fd;
	return image_plan_unpacked(c->o, a, &(struct unpacked_layer){ fd, -1, is_above }, job, e);
}

int containerd_source_read(const char *target, const struct scan_options *o, struct arena *a,
			   struct inventory *ret, struct err *e)
{
	struct inventory v = { .kind = TARGET_IMAGE,
			       .name = arena_str(a, str_from(target)),
			       .source = S("containerd") };
	struct containerd c = { .content = { .arena = a }, .o = o };
	struct image_store store = { &c, layout_folder_text, find_layer };
	struct image_plan plan = { 0 };
	OWNED_FD root = -1, content = -1;
	str digest;
	int r = image_store_target(target, &root, &digest, e);

	if (r < 0)
		return r;
	content = file_open_in_root(root, CONTENT, O_RDONLY | O_DIRECTORY, e);
	if (content < 0)
		return err_wrap(e, content, "'%s'", target);
	c.root = root;
	c.content.root = content;
	r = oci_layout_plan(&store, digest, o, a, &v, &plan, e);
	if (r == 0)
		r = image_plan_run(&plan, o, a, &v, e);
	layout_folder_done(&c.content);
	if (r < 0)
		return err_wrap(e, r, "'%s'", target);
	*ret = v;
	return 0;
}

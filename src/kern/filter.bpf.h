/** @file
 * The filter in the kernel: what rules could want of an event, in a few loads. See filter_image.h for the tables.
 *
 * Which combinations of facts and sets an event's type asks for stands in filter_image.combos; judge.bpf.h asks them.
 * filter_place_sets() says which sets a file's path satisfies.
 *
 * What a folder's path leads to in the automaton is remembered under a hash of its chain of dentries and mounts up to
 * the process's root: addresses, names and lengths, read anew each time. A folder that is renamed or mounted over has
 * another chain, so nothing needs to be forgotten; and a result is stored only under the chain it was computed from.
 *
 * Of paths that stand in calls as text the text itself is remembered: who makes names up cannot have one taken for another.
 */
#ifndef SKEP_KERN_FILTER_BPF_H
#define SKEP_KERN_FILTER_BPF_H

#include "kern/dentry.bpf.h"
#include "kern/emit.bpf.h"
#include "kern/filter_image.h"

#define FILTER_FOLDERS 16384 /* remembered, a power of two */
/* folders and mounts above; deeper ones are walked each time, and may pass */
#define FILTER_DEPTH 24
#define FILTER_NAME 64 /* longer names of files are rare: they take the slower way */

/* Both words are written without a lock. Torn pairs are told by check: the key folded into the value. */
struct filter_folder {
	__u64 check; /* key ^ found */
	__u64 found; /* path sets << 16 | state */
};

_Static_assert(SHORT_PATH_WORDS == FILTER_TEXT_WORDS, "a short path is remembered whole");

/* Read and written without a lock. */
struct filter_text {
	__u32 turn; /* changes with each write; odd: somebody is at it */
	__u32 version;
	__u64 sets;
	__u64 path[SHORT_PATH_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FILTER_SLOTS);
	__type(key, __u32);
	__type(value, struct filter_image);
} filter_images SEC(".maps");

/* Map "bss", reached as "control" is. One thing, or it would be laid out by what an object's programs use. */
static struct {
	struct filter_folder folders[FILTER_FOLDERS];
	struct filter_text texts[FILTER_TEXTS];
} filter_memory;

static __always_inline const struct filter_image *filter_image(__u32 version)
{
	__u32 slot = version & (FILTER_SLOTS - 1);

	return bpf_map_lookup_elem(&filter_images, &slot);
}

static __always_inline __u32 filter_combo(bool container, bool failed, __u32 fact)
{
	__u32 combo = (container ? FILTER_CONTAINER : 0) | (failed ? FILTER_FAILED : 0) |
		      (fact & FILTER_ANY_FACT) << FILTER_FACT_SHIFT;

	/* The compiler knows its bounds and would drop the mask at its use, which verifiers before 6.5 need. */
	barrier_var(combo);
	return combo;
}

/* The sets of two ports, for filter_ask(). */
static __always_inline __u64 filter_ports(const struct control *c, __u16 local, __u16 remote)
{
	const struct filter_image *m = filter_image(c->generation);

	return m ? m->ports[local & (FILTER_HASHED - 1)] | m->ports[remote & (FILTER_HASHED - 1)]
		 : ~0ull;
}

static __always_inline __u32 filter_step(const struct filter_image *m, __u32 s, __u32 class,
					 __u64 *hits)
{
	class &= FILTER_CLASSES - 1;
	barrier_var(
		class); /* or the sum becomes an "or", whose bounds verifiers before 6.5 do not see */
	s = m->next[(s & (FILTER_STATES - 1)) * FILTER_CLASSES + class];
	if (s & FILTER_HIT)
		*hits |= m->hits[s & (FILTER_STATES - 1)];
	return s;
}

static __always_inline __u32 filter_byte(const struct filter_image *m, __u32 s, __u8 byte,
					 __u64 *hits)
{
	return filter_step(m, s, m->classes[byte], hits);
}

/* Eight bytes of a text, from the lowest; zeros pad the last ones. Without branches. */
static __always_inline __u32 filter_bytes(const struct filter_image *m, __u32 s, __u64 word,
					  __u64 *hits)
{
#pragma unroll
	for (int i = 0; i < 8; i++) {
		__u32 class = m->classes[word >> 8 * i & 255] & (FILTER_CLASSES - 1);

		barrier_var(class);
		s = m->next[(s & (FILTER_STATES - 1)) * FILTER_CLASSES + class];
		*hits |= m->hits[s & (FILTER_STATES - 1)];
	}
	return s;
}

/* Hash and length of a name are one word, lengths in the upper half. */
static __always_inline __u64 filter_hash_len(struct dentry *d)
{
	return (__u64)d->d_name.len << 32 |
	       d->d_name.hash; /* one word, but verifiers before 6.13 see two */
}

static __always_inline __u64 filter_link_mix(__u64 chain, __u64 dentry, __u64 hash_len)
{
	return filter_mix(chain, dentry * 3 ^ hash_len);
}

/*
 * One step up by reads; done where it is the process's root, or the top of what there is.
 *
 * @return whether there is a name to put before the path: @p l is the link taken
 */
static __always_inline bool filter_climb_step(struct path_walk *p, struct dentry_link *l)
{
	struct mount *m, *up;
	struct mount_place at;
	struct vfsmount *v;

	if (p->dentry == p->root_dentry && p->mnt == p->root_mnt) {
		p->done = 1;
		return false;
	}
	if (p->dentry == p->mnt_dentry) {
		m = (void *)p->mnt - bpf_core_field_offset(struct mount, mnt);
		mount_read_place(&at, m);
		up = at.parent;
		v = (void *)up + bpf_core_field_offset(struct mount, mnt);
		if (!up || up == m) {
			p->done = 1;
			return false;
		}
		p->dentry = at.dentry;
		p->mnt_dentry = BPF_CORE_READ(v, mnt_root);
		p->mnt = v;
		p->chain = filter_mix(p->chain, (__u64)v);
		return false;
	}
	dentry_read_link(l, p->dentry);
	if (l->parent == p->dentry || !l->parent) {
		p->done = 1; /* in no tree */
		return false;
	}
	p->chain = filter_link_mix(p->chain, (__u64)p->dentry,
				   (__u64)l->name.len << 32 | l->name.hash);
	p->dentry = l->parent;
	return true;
}

static __always_inline void filter_climb_begin(struct path_walk *p, __u64 dentry, __u64 mnt,
					       __u64 root, __u64 root_mnt)
{
	struct vfsmount *v = (void *)mnt;

	p->dentry = (void *)dentry;
	p->mnt = v;
	p->mnt_dentry = BPF_CORE_READ(v, mnt_root);
	p->root_dentry = (void *)root;
	p->root_mnt = (void *)root_mnt;
	p->done = 0;
}

static long filter_chain_step(__u32 i, void *ctx)
{
	struct path_walk *p = ctx;
	struct dentry_link l;

	filter_climb_step(p, &l);
	return p->done & 1;
}

/*
 * The rest of a way up, by reads. Global functions take numbers alone and are verified once, by themselves; the frames
 * of all functions at work have 512 bytes together, so what needs space is on no way to anything else that does.
 *
 * @return the chain; 0 when it is too long
 */
__noinline __u64 filter_chain_rest(__u64 dentry, __u64 mnt, __u64 chain, __u64 root, __u64 root_mnt)
{
	struct path_walk p;

	filter_climb_begin(&p, dentry, mnt, root, root_mnt);
	p.chain = chain;
	bpf_loop(FILTER_DEPTH, filter_chain_step, &p, 0);
	return p.done ? p.chain : 0;
}

static __always_inline __u64 filter_chain_begin(__u64 root_dentry, __u64 mnt, __u32 version)
{
	return filter_mix(root_dentry ^ version, mnt);
}

/*
 * The chain of a folder, odd; 0: too deep. Up to the top of its mount, which for most containers is the top of all, by
 * pointers the verifier knows; from there on by reads, where they cannot be followed. A call, so that what it keeps on the
 * stack is gone when filter_learn() needs that.
 */
static __noinline __u64 filter_chain(struct fs_struct *fs, struct vfsmount *mnt, struct dentry *d,
				     __u32 version)
{
	const void *task = bpf_get_current_task_btf();
	__u64 number = bpf_get_current_task();
	struct dentry *top = mnt->mnt_root, *root = fs->root.dentry;
	bool root_mnt = fs->root.mnt == mnt;
	__u64 root_at = kernel_address_by(root, task, number);
	__u64 mnt_at = kernel_address_by(mnt, task, number);
	__u64 chain = filter_chain_begin(root_at, mnt_at, version);

	/* One way out of the loop: what it found is asked again below, which saves the verifier from following each. */
	for (__u32 i = 0; i < FILTER_DEPTH && d != root && d != top && d->d_parent != d; i++) {
		chain = filter_link_mix(chain, kernel_address_by(d, task, number),
					filter_hash_len(d));
		d = d->d_parent;
	}
	if (!((d == root && root_mnt) || (d != top && d->d_parent == d)))
		chain = filter_chain_rest(kernel_address_by(d, task, number), mnt_at, chain,
					  root_at, kernel_address_by(fs->root.mnt, task, number));
	return chain ? chain | 1 : 0;
}

static long filter_build_step(__u32 i, void *ctx)
{
	struct scratch *s = *(struct scratch **)ctx;
	struct path_walk *p = &s->way;
	struct dentry *d = p->dentry;
	struct dentry_link l = { 0 };
	__u64 chain = p->chain;
	__u32 n, at = p->at;

	if (!filter_climb_step(p, &l))
		return p->done & 1;
	n = l.name.len & 255;
	if (at < n + 1 || at > EMIT_WALK_BYTES) {
		p->cut = 1;
		return 1;
	}
	at = (at - n) & (EMIT_WALK_BYTES - 1);
	if (bpf_probe_read_kernel(&s->walk[at], n, l.name.name))
		p->cut = 1;
	at = (at - 1) & (EMIT_WALK_BYTES - 1);
	s->walk[at] = '/';
	p->at = at;
	/* A name is read after its hash: if that changed meanwhile, they may belong to different names. */
	dentry_read_link(&l, d);
	if (l.parent != p->dentry ||
	    filter_link_mix(chain, (__u64)d, (__u64)l.name.len << 32 | l.name.hash) != p->chain)
		p->cut = 1;
	return p->cut & 1;
}

struct filter_scan {
	const struct filter_image *m;
	const struct scratch *s;
	__u64 hits;
	__u32 at, state;
};

static long filter_scan_step(__u32 i, void *ctx)
{
	struct filter_scan *x = ctx;

	x->state = filter_byte(x->m, x->state, x->s->walk[(x->at + i) & (EMIT_WALK_BYTES - 1)],
			       &x->hits);
	return 0;
}

#define FILTER_UNKNOWN (~0ull) /* no state: every set may hold */

static __always_inline struct filter_folder *filter_slot(__u64 key)
{
	return &filter_memory.folders[key >> 40 & (FILTER_FOLDERS - 1)];
}

static __always_inline bool filter_recall(__u64 key, __u64 *found)
{
	const struct filter_folder *slot = filter_slot(key);

	*found = *(volatile const __u64 *)&slot->found;
	return (*(volatile const __u64 *)&slot->check ^ *found) == key;
}

static __always_inline void filter_keep(__u64 key, __u64 found)
{
	struct filter_folder *slot = filter_slot(key);

	slot->check = key ^ found;
	slot->found = found;
}

/* What is read before it is read before what is read after it. */
static __always_inline void filter_read_in_order(void)
{
#ifdef __TARGET_ARCH_x86
	barrier();
#else
	__u64 any = 0;

	__sync_fetch_and_add(&any, 1);
#endif
}

static __always_inline __u32 filter_text_turn(const struct filter_text *e)
{
	return *(volatile const __u32 *)&e->turn;
}

/* The sets that a path satisfies, if that is remembered. */
static __always_inline bool filter_text_recall(const __u64 *path, __u32 version, __u64 *sets)
{
	const struct filter_text *e = &filter_memory.texts[filter_text_slot(path)];
	__u32 turn = filter_text_turn(e);
	__u64 other = e->version ^ version;

	filter_read_in_order();
#pragma unroll
	for (int i = 0; i < SHORT_PATH_WORDS; i++)
		other |= e->path[i] ^ path[i];
	*sets = e->sets;
	filter_read_in_order();
	return !other && !(turn & 1) && filter_text_turn(e) == turn;
}

static __always_inline void filter_text_keep(const __u64 *path, __u32 version, __u64 sets)
{
	struct filter_text *e = &filter_memory.texts[filter_text_slot(path)];
	__u32 turn = filter_text_turn(e);

	if (turn & 1 || __sync_val_compare_and_swap(&e->turn, turn, turn + 1) != turn)
		return;
	e->version = version;
	e->sets = sets;
	__builtin_memcpy(e->path, path, sizeof(e->path));
	__sync_fetch_and_add(&e->turn, 1);
}

/* The state after the path in a scratch slot and the sets that satisfies. */
static __noinline __u64 filter_scan(const struct filter_image *m, const struct scratch *s, __u32 at)
{
	struct filter_scan x = { .m = m, .s = s, .at = at };

	x.state = filter_step(m, 0, FILTER_CLASS_BEGIN, &x.hits);
	bpf_loop(EMIT_WALK_BYTES - at, filter_scan_step, &x, 0);
	return x.hits << 16 | (x.state & 0xffff);
}

/*
 * What is found by walking a folder's path: path sets << 16 | state, or FILTER_UNKNOWN. Remembered if the way up is
 * still the one with this key.
 */
__noinline __u64 filter_learn(__u64 dentry, __u64 mnt, __u64 key, __u32 version)
{
	const struct filter_image *m = filter_image(version);
	struct task_struct *t = (void *)bpf_get_current_task();
	struct path_walk *p;
	struct emit w;
	__u64 found = FILTER_UNKNOWN;

	if (!m || !emit_begin(&w))
		return FILTER_UNKNOWN;
	p = &w.s->way;
	filter_climb_begin(p, dentry, mnt, (__u64)BPF_CORE_READ(t, fs, root.dentry),
			   (__u64)BPF_CORE_READ(t, fs, root.mnt));
	p->chain = filter_chain_begin((__u64)p->root_dentry, mnt, version);
	p->at = EMIT_WALK_BYTES;
	p->cut = 0;
	bpf_loop(512, filter_build_step, &w.s, 0);
	if (p->done && !p->cut) {
		found = filter_scan(m, w.s, p->at);
		if (p->at == EMIT_WALK_BYTES) /* the root itself */
			found |= m->tops << 16;
		if ((p->chain | 1) == key)
			filter_keep(key, found);
	}
	emit_drop(&w);
	return found;
}

struct filter_name {
	const struct filter_image *m;
	__u64 hits;
	__u32 state;
	__u64 text[FILTER_NAME / 8];
};

static long filter_name_step(__u32 i, void *ctx)
{
	struct filter_name *x = ctx;

	x->state = filter_bytes(x->m, x->state, x->text[i & (FILTER_NAME / 8 - 1)], &x->hits);
	return 0;
}

/* The sets a path satisfies, its last component read on from its folder's state. */
static __noinline __u64 filter_name(const struct filter_image *m, __u64 found, const void *name,
				    __u32 n)
{
	struct filter_name x = { .m = m, .hits = found >> 16 };

	if (n >= FILTER_NAME || bpf_probe_read_kernel(x.text, n & (FILTER_NAME - 1), name))
		return FILTER_UNKNOWN;
	x.state = filter_byte(m, found & 0xffff, '/', &x.hits);
	bpf_loop((n + 7) / 8, filter_name_step, &x, 0);
	filter_step(m, x.state, FILTER_CLASS_END, &x.hits);
	return x.hits;
}

static __always_inline __u64 filter_file_key(__u64 folder, __u64 dentry, __u64 hash_len)
{
	return filter_link_mix(folder, dentry, hash_len) | 1;
}

/*
 * What filter_recall() did not know of a file in a folder whose path leads to @p found: the sets its path satisfies.
 * Remembered if it still has the name its key was made from.
 *
 * @param file  0: not to be remembered
 */
__noinline __u64 filter_find(__u64 dentry, __u64 found, __u64 folder, __u64 file, __u32 version)
{
	const struct filter_image *m = filter_image(version);
	struct dentry_link l = { 0 };

	dentry_read_link(&l, (void *)dentry);
	if (!m || !l.parent || found == FILTER_UNKNOWN)
		return FILTER_UNKNOWN;
	found = filter_name(m, found, l.name.name, l.name.len);
	if (file && filter_file_key(folder, dentry, (__u64)l.name.len << 32 | l.name.hash) == file)
		filter_keep(file, found);
	return found;
}

/*
 * The sets that a file's path satisfies, not the first time. One call after the other, not one in the other: their frames are
 * large. What was learned of a folder just now may be of another one, if it was moved; so its files are remembered from the
 * next time on.
 *
 * @param folder  the chain of the folder it is in; 0: not known
 */
static __always_inline __u64 filter_file_sets(__u64 dentry, __u64 up, __u64 mnt, __u64 folder,
					      __u64 file, __u32 version)
{
	__u64 found;

	if (!folder || !filter_recall(folder, &found)) {
		found = filter_learn(up, mnt, folder, version);
		file = 0;
	}
	return filter_find(dentry, found, folder, file, version);
}

/* The sets that "/" satisfies. */
static __always_inline __u64 filter_root_sets(const struct filter_image *m)
{
	__u64 hits = m->tops;
	__u32 s = filter_step(m, 0, FILTER_CLASS_BEGIN, &hits);

	s = filter_byte(m, s, '/', &hits);
	filter_step(m, s, FILTER_CLASS_END, &hits);
	return hits;
}

#define FILTER_UP(m) ((__u64)WORDS(mount, m)->mnt_parent)
#define FILTER_PLACE(m) ((__u64)WORDS(mount, m)->mnt_mountpoint)
#define FILTER_TOP(m) ((__u64)WORDS(mount, m)->mnt.mnt_root)
#define FILTER_HASH_LEN(words) (((struct dentry___word *)(words))->d_name.hash_len)

/** A file on its way up to the process's root, all addresses. */
struct filter_place {
	__u64 dentry, up, mnt; /* its name, the folder that is in, and the mount */
	__u64 hash_len;
	__u64 folder; /* what that is remembered under; 0: too deep */
};

enum filter_located { FILTER_NOWHERE, FILTER_ROOT, FILTER_FOLDER };

/**
 * Finds the place of a dentry in a mount as a process with this root sees it: for kernels where CAN_FOLLOW. What
 * filter_climb_step() finds step by step by reads is here in one loop.
 *
 * @param mnt, root_mnt  as struct path has them
 * @param p              filled where it is in a folder
 */
static __always_inline enum filter_located filter_locate(struct filter_place *p, __u64 mnt,
							 __u64 dentry, __u64 root_mnt, __u64 root,
							 __u32 version)
{
	const __u64 in_mount = bpf_core_field_offset(struct mount, mnt);
	__u64 at = mnt - in_mount, root_at = root_mnt - in_mount;
	__u64 top = FILTER_TOP(at), d, above, chain;
	struct dentry *words;

	if (dentry == top) { /* its name is the one of the place it is mounted at */
		if (dentry == root && at == root_at)
			return FILTER_ROOT;
		above = FILTER_UP(at);
		if (!above || above == at)
			return FILTER_NOWHERE;
		dentry = FILTER_PLACE(at);
		at = above;
		mnt = at + in_mount;
		top = FILTER_TOP(at);
		if (dentry == top) /* one over another */
			return FILTER_NOWHERE;
	}
	if (dentry == root)
		return at == root_at ? FILTER_ROOT : FILTER_NOWHERE;
	words = WORDS(dentry, dentry);
	p->dentry = dentry;
	p->up = (__u64)words->d_parent;
	p->mnt = mnt;
	if (!p->up || p->up == dentry)
		return FILTER_NOWHERE;
	p->hash_len = FILTER_HASH_LEN(words);
	p->folder = 0;
	chain = filter_chain_begin(root, mnt, version);
	d = p->up;
	for (__u32 i = 0; i < FILTER_DEPTH; i++) {
		if (d == root && at == root_at)
			goto at_top;
		if (d == top) {
			above = FILTER_UP(at);
			if (!above || above == at)
				goto at_top;
			d = FILTER_PLACE(at);
			at = above;
			top = FILTER_TOP(at);
			chain = filter_mix(chain, at + in_mount);
			continue;
		}
		words = WORDS(dentry, d);
		above = (__u64)words->d_parent;
		if (above == d) /* so it comes to an end at what cannot be read, too: 0 */
			goto at_top;
		chain = filter_link_mix(chain, d, FILTER_HASH_LEN(words));
		d = above;
	}
	return FILTER_FOLDER;
at_top:
	p->folder = chain | 1;
	return FILTER_FOLDER;
}

/* The same where pointers alone are followed, ones the verifier knows; mount points, whose names stand elsewhere, are nowhere. */
static __always_inline enum filter_located filter_locate_known(struct filter_place *p,
							       struct fs_struct *fs,
							       struct vfsmount *mnt,
							       struct dentry *dentry, __u32 version)
{
	struct dentry *up;

	if (!fs || !mnt || !dentry)
		return FILTER_NOWHERE;
	up = dentry->d_parent;
	if (dentry == fs->root.dentry && mnt == fs->root.mnt)
		return FILTER_ROOT;
	if (up == dentry || dentry == mnt->mnt_root || dentry == fs->root.dentry)
		return FILTER_NOWHERE;
	p->dentry = kernel_address(dentry);
	p->up = kernel_address(up);
	p->mnt = kernel_address(mnt);
	p->hash_len = filter_hash_len(dentry);
	p->folder = filter_chain(fs, mnt, up, version);
	return FILTER_FOLDER;
}

/* What is remembered of a file beside its sets; @p what: not 0. */
static __always_inline __u64 filter_place_key(const struct filter_place *p, __u32 what)
{
	/* A name's length leaves the upper bits. */
	return filter_link_mix(p->folder, p->dentry, p->hash_len ^ (__u64)what << 40) | 1;
}

/* The sets that the path of a file in a folder satisfies. @param ret_known  they are those of the place, for certain */
static __always_inline __u64 filter_place_sets(const struct filter_place *p, __u32 version,
					       bool *ret_known)
{
	__u64 file = p->folder ? filter_file_key(p->folder, p->dentry, p->hash_len) : 0, found;

	*ret_known = file && filter_recall(file, &found);
	return *ret_known ? found
			  : filter_file_sets(p->dentry, p->up, p->mnt, p->folder, file, version);
}

#endif

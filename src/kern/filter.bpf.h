/** @file
 * The filter in the kernel: whether any rule could want an event, in a few loads. See filter_image.h for the tables.
 *
 *	struct filter f;
 *	switch (filter_ask(&f, control, EVENT_X, combo, task)) { ... }
 *	FILTER_NEEDS_PATH: filter_path(&f, fs, mnt, dentry) or filter_raw(&f, fs, text, n), once for each path
 *
 * What a folder's path leads to in the automaton is remembered under a hash of its chain of dentries and mounts up to
 * the process's root: addresses, names and lengths, read anew each time. A folder that is renamed or mounted over has
 * another chain, so nothing needs to be forgotten; and a result is stored only under the chain it was computed from.
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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FILTER_SLOTS);
	__type(key, __u32);
	__type(value, struct filter_image);
} filter_images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FILTER_FOLDERS);
	__type(key, __u32);
	__type(value, struct filter_folder);
} filter_folders SEC(".maps");

enum filter_answer { FILTER_DROP, FILTER_PASS, FILTER_NEEDS_PATH };

struct filter {
	const struct filter_image *m;
	struct task_struct *task;
	__u64 task_number; /* its address, as the verifier's number */
	__u64 paths;       /* any of these sets is enough */
	__u64 version;
};

static __always_inline __u32 filter_combo(bool container, bool failed, __u32 fact)
{
	__u32 combo = (container ? FILTER_CONTAINER : 0) | (failed ? FILTER_FAILED : 0) |
		      (fact & FILTER_ANY_FACT) << FILTER_FACT_SHIFT;

	/* The compiler knows its bounds and would drop the mask at its use, which verifiers before 6.5 need. */
	barrier_var(combo);
	return combo;
}

/**
 * Judges all but paths.
 *
 * @param ports  sets of the event's ports, from filter_ports(); ~0 when they are not known
 */
static __always_inline enum filter_answer filter_ask(struct filter *f, const struct control *c,
						     __u32 type, __u32 combo, __u64 ports,
						     struct task_struct *t)
{
	__u32 version = *(volatile const __u32 *)&c->generation;
	__u32 slot = version & (FILTER_SLOTS - 1);
	const struct filter_image *m = bpf_map_lookup_elem(&filter_images, &slot);
	const struct filter_combo *asks;
	__u64 comm[2];

	if (!m)
		return FILTER_PASS;
	asks = &m->combos[type & (FILTER_TYPES - 1)][combo & (FILTER_COMBOS - 1)];
	if (asks->always || (asks->ports & ports))
		return FILTER_PASS;
	if (asks->comms) {
		__builtin_memcpy(comm, t->comm, sizeof(comm));
		if (asks->comms & m->comms[filter_comm_slot(comm) & (FILTER_HASHED - 1)])
			return FILTER_PASS;
	}
	f->m = m;
	f->task = t;
	f->task_number = bpf_get_current_task();
	f->paths = asks->paths;
	f->version = version;
	return asks->paths ? FILTER_NEEDS_PATH : FILTER_DROP;
}

/* The sets of two ports, for filter_ask(). */
static __always_inline __u64 filter_ports(const struct control *c, __u16 local, __u16 remote)
{
	__u32 slot = c->generation & (FILTER_SLOTS - 1);
	const struct filter_image *m = bpf_map_lookup_elem(&filter_images, &slot);

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

static __always_inline __u64 filter_mix(__u64 h, __u64 x)
{
	h = (h ^ x) * FILTER_HASH;
	return h ^ (h >> 29);
}

/* kernel_address() without asking for the task each time. */
static __always_inline __u64 filter_address(const struct filter *f, const void *p)
{
	return kernel_address_by(p, f->task, f->task_number);
}

/* Hash and length of a name are one word, lengths in the upper half. */
static __always_inline __u64 filter_hash_len(struct dentry *d)
{
	return (__u64)d->d_name.len << 32 |
	       d->d_name.hash; /* one word, but verifiers before 6.13 see two */
}

/* A way up a tree of folders. Its pointers are numbers to the verifier. */
struct filter_climb {
	struct dentry *dentry, *root_dentry, *mnt_dentry;
	struct vfsmount *mnt, *root_mnt;
	__u64 chain;
	__u32 done; /* reached the process's root, or the top of what there is */
	__u32 cut;
	__u32 at; /* where the path begins in the scratch slot, when it is built */
	struct scratch *s;
};

static __always_inline __u64 filter_link_mix(__u64 chain, __u64 dentry, __u64 hash_len)
{
	return filter_mix(chain, dentry * 3 ^ hash_len);
}

/* One step up by reads. @return whether there is a name to put before the path: @p l is the link taken */
static __always_inline bool filter_climb_step(struct filter_climb *p, struct dentry_link *l)
{
	struct mount *m, *up;
	struct vfsmount *v;

	if (p->dentry == p->root_dentry && p->mnt == p->root_mnt) {
		p->done = 1;
		return false;
	}
	if (p->dentry == p->mnt_dentry) {
		m = (void *)p->mnt - bpf_core_field_offset(struct mount, mnt);
		up = BPF_CORE_READ(m, mnt_parent);
		v = (void *)up + bpf_core_field_offset(struct mount, mnt);
		if (!up || up == m) {
			p->done = 1;
			return false;
		}
		p->dentry = BPF_CORE_READ(m, mnt_mountpoint);
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

static __always_inline void filter_climb_begin(struct filter_climb *p, __u64 dentry, __u64 mnt)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct vfsmount *v = (void *)mnt;

	p->dentry = (void *)dentry;
	p->mnt = v;
	p->mnt_dentry = BPF_CORE_READ(v, mnt_root);
	p->root_dentry = BPF_CORE_READ(t, fs, root.dentry);
	p->root_mnt = BPF_CORE_READ(t, fs, root.mnt);
	p->done = 0;
}

static long filter_chain_step(__u32 i, void *ctx)
{
	struct filter_climb *p = ctx;
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
__noinline __u64 filter_chain_rest(__u64 dentry, __u64 mnt, __u64 chain)
{
	struct filter_climb p;

	filter_climb_begin(&p, dentry, mnt);
	p.chain = chain;
	bpf_loop(FILTER_DEPTH, filter_chain_step, &p, 0);
	return p.done ? p.chain : 0;
}

static __always_inline __u64 filter_chain_begin(__u64 root_dentry, __u64 mnt, __u32 version)
{
	return filter_mix(root_dentry ^ version, mnt);
}

/* The mount that holds a vfsmount the verifier knows, known as well. */
static __always_inline struct mount *filter_mount(struct vfsmount *mnt)
{
	return bpf_rdonly_cast((void *)mnt - bpf_core_field_offset(struct mount, mnt),
			       bpf_core_type_id_kernel(struct mount));
}

/* All the way up, by pointers the verifier knows: what filter_climb_step() finds by reads. */
static __always_inline __u64 filter_chain_known(const struct filter *f, struct fs_struct *fs,
						struct vfsmount *mnt, struct dentry *d)
{
	__u64 in_mount = bpf_core_field_offset(struct mount, mnt);
	struct dentry *root = fs->root.dentry, *top = mnt->mnt_root;
	struct mount *m = filter_mount(mnt), *up;
	__u64 root_m = filter_address(f, fs->root.mnt) - in_mount;
	__u64 chain =
		filter_chain_begin(filter_address(f, root), filter_address(f, mnt), f->version);

	for (__u32 i = 0; i < FILTER_DEPTH; i++) {
		if (d == root && filter_address(f, m) == root_m)
			return chain | 1;
		if (d == top) {
			up = m->mnt_parent;
			if (up == m || !up)
				return chain | 1;
			chain = filter_mix(chain, filter_address(f, up) + in_mount);
			d = m->mnt_mountpoint;
			m = up;
			top = m->mnt.mnt_root;
			continue;
		}
		if (d->d_parent == d || !d->d_parent)
			return chain | 1;
		chain = filter_link_mix(chain, filter_address(f, d), filter_hash_len(d));
		d = d->d_parent;
	}
	return 0;
}

/*
 * The chain of a folder, odd; 0: too deep. Up to the top of its mount, which for most containers is the top of all, by
 * pointers the verifier knows; from there on by reads, where they cannot be followed. A call, so that what it keeps on the
 * stack is gone when filter_learn() needs that.
 */
static __noinline __u64 filter_chain(const struct filter *f, struct fs_struct *fs,
				     struct vfsmount *mnt, struct dentry *d)
{
	struct dentry *top = mnt->mnt_root, *root = fs->root.dentry;
	bool root_mnt = fs->root.mnt == mnt;
	__u64 chain =
		filter_chain_begin(filter_address(f, root), filter_address(f, mnt), f->version);

	if (CAN_FOLLOW)
		return filter_chain_known(f, fs, mnt, d);
	/* One way out of the loop: what it found is asked again below, which saves the verifier from following each. */
	for (__u32 i = 0; i < FILTER_DEPTH && d != root && d != top && d->d_parent != d; i++) {
		chain = filter_link_mix(chain, filter_address(f, d), filter_hash_len(d));
		d = d->d_parent;
	}
	if (!((d == root && root_mnt) || (d != top && d->d_parent == d)))
		chain = filter_chain_rest(filter_address(f, d), filter_address(f, mnt), chain);
	return chain ? chain | 1 : 0;
}

static long filter_build_step(__u32 i, void *ctx)
{
	struct filter_climb *p = ctx;
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
	if (bpf_probe_read_kernel(&p->s->walk[at], n, l.name.name))
		p->cut = 1;
	at = (at - 1) & (EMIT_WALK_BYTES - 1);
	p->s->walk[at] = '/';
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
	__u32 i = key >> 40 & (FILTER_FOLDERS - 1);

	return bpf_map_lookup_elem(&filter_folders, &i);
}

static __always_inline bool filter_recall(__u64 key, __u64 *found)
{
	const struct filter_folder *slot = filter_slot(key);

	if (!slot)
		return false;
	*found = *(volatile const __u64 *)&slot->found;
	return (*(volatile const __u64 *)&slot->check ^ *found) == key;
}

static __always_inline void filter_keep(__u64 key, __u64 found)
{
	struct filter_folder *slot = filter_slot(key);

	if (slot) {
		slot->check = key ^ found;
		slot->found = found;
	}
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
	__u32 slot = version & (FILTER_SLOTS - 1);
	const struct filter_image *m = bpf_map_lookup_elem(&filter_images, &slot);
	struct filter_climb p;
	struct emit w;
	__u64 found = FILTER_UNKNOWN;

	if (!m || !emit_begin(&w))
		return FILTER_UNKNOWN;
	filter_climb_begin(&p, dentry, mnt);
	p.chain = filter_chain_begin((__u64)p.root_dentry, mnt, version);
	p.at = EMIT_WALK_BYTES;
	p.cut = 0;
	p.s = w.s;
	bpf_loop(512, filter_build_step, &p, 0);
	if (p.done && !p.cut) {
		found = filter_scan(m, w.s, p.at);
		if (p.at == EMIT_WALK_BYTES) /* the root itself */
			found |= m->tops << 16;
		if ((p.chain | 1) == key)
			filter_keep(key, found);
	}
	emit_drop(&w);
	return found;
}

struct filter_name {
	const struct filter_image *m;
	__u64 hits;
	__u32 state;
	__u8 text[FILTER_NAME];
};

static long filter_name_step(__u32 i, void *ctx)
{
	struct filter_name *x = ctx;

	x->state = filter_byte(x->m, x->state, x->text[i & (FILTER_NAME - 1)], &x->hits);
	return 0;
}

/* The sets a path satisfies, its last component read on from its folder's state. */
static __noinline __u64 filter_name(const struct filter_image *m, __u64 found, const void *name,
				    __u32 n)
{
	struct filter_name x = { .m = m, .hits = found >> 16 };

	if (n >= FILTER_NAME || bpf_probe_read_kernel(x.text, sizeof(x.text), name))
		return FILTER_UNKNOWN;
	x.state = filter_byte(m, found & 0xffff, '/', &x.hits);
	bpf_loop(n, filter_name_step, &x, 0);
	filter_step(m, x.state, FILTER_CLASS_END, &x.hits);
	return x.hits;
}

/**
 * The sets that the path of (mnt, dentry), as a process with these roots sees it, satisfies; all when it cannot be told.
 * The pointers must be ones the verifier knows.
 */
static __always_inline __u64 filter_path_sets(const struct filter *f, struct fs_struct *fs,
					      struct vfsmount *mnt, struct dentry *dentry)
{
	struct dentry *up;
	__u64 folder, file, name, found;

	if (!fs || !mnt || !dentry)
		return FILTER_UNKNOWN;
	up = dentry->d_parent;
	if (up == dentry || dentry == mnt->mnt_root || dentry == fs->root.dentry)
		return FILTER_UNKNOWN; /* a root or a mount point: its name stands elsewhere */
	name = filter_hash_len(dentry);
	folder = filter_chain(f, fs, mnt, up);
	file = filter_link_mix(folder, filter_address(f, dentry), name) | 1;
	if (folder && filter_recall(file, &found))
		return found;
	if (!folder || !filter_recall(folder, &found))
		found = filter_learn(filter_address(f, up), filter_address(f, mnt), folder,
				     f->version);
	if (found == FILTER_UNKNOWN)
		return FILTER_UNKNOWN;
	found = filter_name(f->m, found, dentry->d_name.name, dentry->d_name.len);
	if (folder && dentry->d_parent == up && filter_hash_len(dentry) == name)
		filter_keep(file, found);
	return found;
}

/** Whether the path satisfies what filter_ask() left open. */
static __always_inline bool filter_path(const struct filter *f, struct fs_struct *fs,
					struct vfsmount *mnt, struct dentry *dentry)
{
	return filter_path_sets(f, fs, mnt, dentry) & f->paths;
}

#endif

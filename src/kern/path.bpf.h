/** @file
 * Names of files as processes see them: from a dentry up to the root of the process, across mounts (path_resolution(7),
 * and d_path() in the kernel, which only few kinds of programs may call).
 */
#ifndef SKEP_KERN_PATH_BPF_H
#define SKEP_KERN_PATH_BPF_H

#include "kern/dentry.bpf.h"
#include "kern/emit.bpf.h"

/* components and mounts; a deeper path loses its beginning and is marked */
#define PATH_MAX_PARTS 512

static __always_inline struct dentry *path_mount_root(struct vfsmount *m)
{
	return READ_WORD(vfsmount, m, mnt_root);
}

/* From the root of a mount to where it is mounted. */
static __always_inline long path_leave_mount(struct path_walk *p)
{
	struct mount *mount = (void *)p->mnt - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = p->mnt ? READ_WORD(mount, mount, mnt_parent) : 0;
	struct vfsmount *above;

	if (mount == parent || !parent) {
		p->done = true; /* the root of all, or of a file system that is mounted nowhere */
		return 1;
	}
	p->dentry = READ_WORD(mount, mount, mnt_mountpoint);
	above = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	p->mnt = above;
	p->mnt_dentry = path_mount_root(above);
	return 0;
}

#define SHORT_NAME 32

/*
 * Puts a name before the end of the path, the short ones by words, from their ends on: what is written too much lies where the path
 * grows to next. @return false: it cannot be read
 */
static __always_inline bool path_put(struct scratch *s, __u32 end, __u64 name, __u32 n)
{
	if (!CAN_FOLLOW || n > SHORT_NAME || end < SHORT_NAME)
		return !bpf_probe_read_kernel(&s->walk[(end - n) & (EMIT_WALK_BYTES - 1)], n,
					      (const void *)name);
#pragma unroll
	for (__u32 i = 0; i < SHORT_NAME; i += 8)
		if (i < n)
			*(__u64 *)&s->walk[(end - i - 8) & (EMIT_WALK_BYTES - 1)] =
				*(__u64 *)WORDS(pt_regs, name + n - i - 8);
	return true;
}

static long path_step(__u32 i, void *ctx)
{
	struct scratch *s = *(struct scratch **)ctx;
	struct path_walk *p = &s->way;
	struct dentry_link l;
	__u32 n, at;

	if (p->dentry == p->root_dentry && p->mnt == p->root_mnt) {
		p->done = true;
		return 1;
	}
	if (p->dentry == p->mnt_dentry)
		return path_leave_mount(p);
	dentry_read_link(&l, p->dentry);
	n = l.name.len & 255;
	at = p->at;
	if (at < n + 1 || at > EMIT_WALK_BYTES) {
		p->cut = true;
		return 1;
	}
	if (!path_put(s, at, (__u64)l.name.name, n)) {
		p->cut = true;
		return 1;
	}
	at = (at - n - 1) & (EMIT_WALK_BYTES - 1);
	s->walk[at] = '/';
	p->at = at;
	if (l.parent == p->dentry) {
		p->done = true; /* in no tree: a memfd, a pipe */
		return 1;
	}
	p->dentry = l.parent;
	return 0;
}

#define PATH_CUT (1ull << 32)

/*
 * Builds a path in the walk of a scratch slot. @return where it begins, or'ed with PATH_CUT.
 * All numbers, and not static: the verifier looks at it once, not from each place and state it is called in.
 */
__noinline __u64 path_build(__u32 slot, __u64 dentry, __u64 mnt, __u64 root_dentry, __u64 root_mnt)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct path_walk *p;

	if (!s)
		return EMIT_WALK_BYTES | PATH_CUT;
	p = &s->way;
	p->dentry = (void *)dentry;
	p->mnt = (void *)mnt;
	p->root_dentry = (void *)root_dentry;
	p->root_mnt = (void *)root_mnt;
	p->mnt_dentry = mnt ? path_mount_root((void *)mnt) : 0;
	p->at = EMIT_WALK_BYTES;
	p->done = p->cut = 0;
	bpf_loop(PATH_MAX_PARTS, path_step, &s, 0);
	if (p->at == EMIT_WALK_BYTES)
		s->walk[--p->at & (EMIT_WALK_BYTES - 1)] = '/';
	return (p->at & (EMIT_WALK_BYTES - 1)) | (p->cut || !p->done ? PATH_CUT : 0);
}

/**
 * Appends the path of (mnt, dentry), their numbers, as a process with this root sees it: "/" for the root itself; for what
 * has no name in the tree (pipes, memfds) the last component alone, after a '/'.
 *
 * @param fs  known to the verifier
 * @return its bytes
 */
static __always_inline __u32 emit_path(struct emit *w, struct fs_struct *fs, __u64 mnt,
				       __u64 dentry)
{
	__u64 root = 0, root_mnt = 0, built;
	__u32 at;

	if (!dentry)
		return 0;
	if (fs) {
		root = kernel_address(fs->root.dentry);
		root_mnt = kernel_address(fs->root.mnt);
	}
	built = path_build(w->bit >> 1, dentry, mnt, root, root_mnt);
	if (built & PATH_CUT)
		emit_record(w)->marks |= EVENT_TRUNCATED;
	at = built & (EMIT_WALK_BYTES - 1);
	return emit_bytes(w, &w->s->walk[at], EMIT_WALK_BYTES - at);
}

/*
 * Appends the working directory of who does the event in a scratch slot, where that is the current task. A call that is looked at
 * once, as path_build() is.
 */
__noinline __attribute__((unused)) __u64 emit_caller_cwd(__u32 slot)
{
	struct task_struct *t = task_plain((void *)bpf_get_current_task_btf());
	struct emit w = { .bit = slot_bit(slot) };
	struct fs_struct *fs = t->fs;
	struct record_head *h;

	w.s = bpf_map_lookup_elem(&scratch, &slot);
	if (!w.s || !fs)
		return 0;
	h = emit_record(&w);
	if (h->tid == (__u32)t->pid)
		h->span[RECORD_CALLER_CWD] = emit_path(&w, fs, kernel_address(fs->pwd.mnt),
						       kernel_address(fs->pwd.dentry));
	return 0;
}

#endif

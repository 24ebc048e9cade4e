/** @file
 * Names of files as processes see them: from a dentry up to the root of the process, across mounts (path_resolution(7),
 * and d_path() in the kernel, which only few kinds of programs may call).
 */
#ifndef SKEP_KERN_PATH_BPF_H
#define SKEP_KERN_PATH_BPF_H

#include "kern/emit.bpf.h"

#define PATH_MAX_PARTS \
	512 /* components and mounts; a deeper path loses its beginning and is marked */

struct path_walk {
	struct scratch *s;
	struct dentry *dentry, *root_dentry;
	struct vfsmount *mnt, *root_mnt;
	__u32 at; /* the path is s->walk[at] to the end of EMIT_WALK_BYTES */
	bool done, cut;
};

static long path_step(__u32 i, void *ctx)
{
	struct path_walk *p = ctx;
	struct dentry *d = p->dentry, *up;
	struct vfsmount *m = p->mnt;
	struct qstr name;
	__u32 n, at;

	if (d == p->root_dentry && m == p->root_mnt) {
		p->done = true;
		return 1;
	}
	up = BPF_CORE_READ(d, d_parent);
	if (d == up || d == BPF_CORE_READ(m, mnt_root)) {
		struct mount *mount = (void *)m - bpf_core_field_offset(struct mount, mnt);
		struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

		if (!m || mount == parent || !parent) {
			p->done =
				true; /* the root of all, or of a file system that is mounted nowhere */
			return 1;
		}
		p->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		p->mnt = (void *)parent + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	name = BPF_CORE_READ(d, d_name);
	n = name.len & 255;
	at = p->at;
	if (at < n + 1 || at > EMIT_WALK_BYTES) {
		p->cut = true;
		return 1;
	}
	at = (at - n) & (EMIT_WALK_BYTES - 1);
	if (bpf_probe_read_kernel(&p->s->walk[at], n, name.name)) {
		p->cut = true;
		return 1;
	}
	at = (at - 1) & (EMIT_WALK_BYTES - 1);
	p->s->walk[at] = '/';
	p->at = at;
	p->dentry = up;
	return 0;
}

/**
 * Appends the path of (mnt, dentry) as a process with this root sees it: "/" for the root itself; for what has no
 * name in the tree (pipes, memfds) the last component alone, after a '/'.
 *
 * @return its bytes
 */
static __always_inline __u32 emit_path(struct emit *w, struct fs_struct *fs, struct vfsmount *mnt,
				       struct dentry *dentry)
{
	struct path_walk p = {
		.s = w->s,
		.dentry = dentry,
		.mnt = mnt,
		.at = EMIT_WALK_BYTES,
	};

	if (!dentry)
		return 0;
	if (fs) {
		p.root_dentry = BPF_CORE_READ(fs, root.dentry);
		p.root_mnt = BPF_CORE_READ(fs, root.mnt);
	}
	bpf_loop(PATH_MAX_PARTS, path_step, &p, 0);
	if (p.cut || !p.done)
		emit_record(w)->marks |= EVENT_TRUNCATED;
	if (p.at == EMIT_WALK_BYTES)
		w->s->walk[--p.at & (EMIT_WALK_BYTES - 1)] = '/';
	p.at &= EMIT_WALK_BYTES - 1;
	return emit_bytes(w, &w->s->walk[p.at], EMIT_WALK_BYTES - p.at);
}

#endif

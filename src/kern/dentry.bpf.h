/** @file
 * One step up a tree of folders: what a dentry (kernel.h) is called and where it hangs, in one read where that can be.
 */
#ifndef SKEP_KERN_DENTRY_BPF_H
#define SKEP_KERN_DENTRY_BPF_H

#include "kern/kernel.h"

/** A dentry's two fields that lead up. */
struct dentry_link {
	struct dentry *parent;
	struct qstr name;
};

/**
 * Reads both. They are neighbours in every kernel known; then one read does where they cannot be followed. What cannot be
 * read comes as zeros.
 *
 * @param d  may be a number to the verifier
 */
static __always_inline void dentry_read_link(struct dentry_link *l, struct dentry *d)
{
	if (CAN_FOLLOW) {
		struct dentry *words = WORDS(dentry, d);

		l->parent = words->d_parent;
		l->name.hash = words->d_name.hash;
		l->name.len = words->d_name.len;
		l->name.name = words->d_name.name;
		return;
	}
	if (bpf_core_field_offset(struct dentry, d_name) ==
		    bpf_core_field_offset(struct dentry, d_parent) + sizeof(l->parent) &&
	    bpf_core_field_size(struct dentry, d_name) == sizeof(l->name)) {
		bpf_probe_read_kernel(l, sizeof(*l),
				      (void *)d + bpf_core_field_offset(struct dentry, d_parent));
		return;
	}
	l->parent = BPF_CORE_READ(d, d_parent);
	l->name = BPF_CORE_READ(d, d_name);
}

/* Where a mount is put. */
struct mount_place {
	struct mount *parent;
	struct dentry *dentry;
};

/** As dentry_read_link(): neighbours, too. */
static __always_inline void mount_read_place(struct mount_place *at, struct mount *m)
{
	const __u32 parent = bpf_core_field_offset(struct mount, mnt_parent);

	if (bpf_core_field_offset(struct mount, mnt_mountpoint) == parent + sizeof(at->parent)) {
		at->parent = 0;
		at->dentry = 0;
		bpf_probe_read_kernel(at, sizeof(*at), (void *)m + parent);
		return;
	}
	at->parent = BPF_CORE_READ(m, mnt_parent);
	at->dentry = BPF_CORE_READ(m, mnt_mountpoint);
}

#endif

/** @file
 * What a process is: fills the exec part of a record from a task.
 */
#ifndef SKEP_KERN_TASK_BPF_H
#define SKEP_KERN_TASK_BPF_H

#include "kern/describe.bpf.h"

enum {
	EVENT_EXE_WRITABLE = 1,
	EVENT_EXE_MEMFD = 8,
	EVENT_EXE_DELETED = 16,
	EVENT_EXE_SETUID = 32,
	EVENT_EXE_SETGID = 64,
	EVENT_EXE_SCRIPT_SEEN = 128,
	EVENT_EXE_SCRIPT_UPPER = 256,
	EVENT_EXE_SCRIPT = 512,
	EVENT_EXE_INPUT_NETWORK = 1024,
	EVENT_EXE_INPUT_UPPER = 2048,
};

static __always_inline __u64 timespec_ns(__s64 s, __u64 ns)
{
	return s * 1000000000ull + ns;
}

/* From 6.13 on a bit of the nanoseconds says that somebody has read the time (I_CTIME_QUERIED). */
static __always_inline __u64 inode_ctime_ns(struct inode *i)
{
	struct inode___610 *i610 = (void *)i;
	struct inode___65 *i65 = (void *)i;

	if (bpf_core_field_exists(i->i_ctime_sec))
		return timespec_ns(i->i_ctime_sec, i->i_ctime_nsec & ~(1u << 31));
	if (bpf_core_field_exists(i610->__i_ctime))
		return timespec_ns(i610->__i_ctime.tv_sec, i610->__i_ctime.tv_nsec);
	return timespec_ns(i65->i_ctime.tv_sec, i65->i_ctime.tv_nsec);
}

static __always_inline __u64 inode_mtime_ns(struct inode *i)
{
	struct inode___610 *i610 = (void *)i;
	struct inode___67 *i67 = (void *)i;

	if (bpf_core_field_exists(i->i_mtime_sec))
		return timespec_ns(i->i_mtime_sec, i->i_mtime_nsec);
	if (bpf_core_field_exists(i67->__i_mtime))
		return timespec_ns(i67->__i_mtime.tv_sec, i67->__i_mtime.tv_nsec);
	return timespec_ns(i610->i_mtime.tv_sec, i610->i_mtime.tv_nsec);
}

/* The number of @p p in the namespace at @p level; 0 when it is not visible there. */
static __always_inline __u32 pid_at_level(struct pid *p, __u32 level)
{
	int nr = 0;

	if (!p || BPF_CORE_READ(p, level) < level)
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr),
			      (void *)p + bpf_core_field_offset(struct pid, numbers) +
				      (level & 31) * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, nr));
	return nr;
}

/* The numbers of a process in a namespace of its own, read: before 6.5 the verifier takes no varying offset from a pointer
 * it knows. */
static __noinline void task_inner_numbers(struct record_exec *x, struct task_struct *leader,
					  __u32 level)
{
	struct task_struct *parent_leader = leader->real_parent->group_leader;
	struct signal_struct *sig = leader->signal;
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);

	x->vpid = pid_at_level(pid, level);
	x->vppid = pid_at_level(BPF_CORE_READ(parent_leader, thread_pid), level);
	x->vpgid = pid_at_level(BPF_CORE_READ(sig, pids[PIDTYPE_PGID]), level);
	x->vsid = pid_at_level(BPF_CORE_READ(sig, pids[PIDTYPE_SID]), level);
	x->pid_ns = BPF_CORE_READ((struct upid *)((void *)pid +
						  bpf_core_field_offset(struct pid, numbers) +
						  (level & 31) * bpf_core_type_size(struct upid)),
				  ns, ns.inum);
}

static __always_inline void task_numbers(struct record_exec *x, struct task_struct *leader)
{
	struct signal_struct *sig = leader->signal;
	struct pid *pid = leader->thread_pid;
	__u32 level = pid->level;

	x->pgid = sig->pids[PIDTYPE_PGID]->numbers[0].nr;
	x->sid = sig->pids[PIDTYPE_SID]->numbers[0].nr;
	if (level) {
		task_inner_numbers(x, leader, level);
		return;
	}
	x->vpid = pid->numbers[0].nr;
	x->vppid = leader->real_parent->group_leader->thread_pid->numbers[0].nr;
	x->vpgid = x->pgid;
	x->vsid = x->sid;
	x->pid_ns = pid->numbers[0].ns->ns.inum;
}

static __always_inline __u32 writable_flag(const struct cred *cred, __u32 owner, __u32 group,
					   __u32 mode)
{
	bool w = mode & 0002;

	if (cred->fsuid.val == owner)
		w = mode & 0200;
	else if (cred->fsgid.val == group)
		w = mode & 0020;
	if (CAPS(cred, cap_effective) & (1ull << CAP_DAC_OVERRIDE))
		w = true;
	return w ? EVENT_EXE_WRITABLE : 0;
}

static __always_inline void task_exe_facts(struct record_exec *x, const struct cred *cred,
					   struct file *exe)
{
	struct inode *i = exe->f_inode;
	struct dentry *d = exe->f_path.dentry;
	struct super_block *sb = i->i_sb;
	unsigned long magic = sb->s_magic;
	__u32 mode = i->i_mode;
	char name[8] = { 0 };

	x->exe_inode = i->i_ino;
	x->exe_device = sb->s_dev;
	x->exe_ctime_ns = inode_ctime_ns(i);
	x->exe_mtime_ns = inode_mtime_ns(i);
	x->exe_flags =
		overlay_flag(i, magic) | writable_flag(cred, i->i_uid.val, i->i_gid.val, mode);
	if (mode & S_ISUID)
		x->exe_flags |= EVENT_EXE_SETUID;
	if (mode & S_ISGID)
		x->exe_flags |= EVENT_EXE_SETGID;
	if (!d->d_hash.pprev && d != d->d_parent)
		x->exe_flags |= EVENT_EXE_DELETED;
	/* memfd_create(2) names its files so, and nothing else makes parentless files of such names. */
	if (magic == TMPFS_MAGIC && d == d->d_parent) {
		bpf_probe_read_kernel_str(name, sizeof(name), d->d_name.name);
		if (name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' &&
		    name[4] == 'd' && name[5] == ':')
			x->exe_flags |= EVENT_EXE_MEMFD | EVENT_EXE_DELETED;
	}
}

/* Everything of the exec part that is a number. */
static __always_inline void task_facts(struct record_exec *x, struct task_struct *t)
{
	const struct cred *cred = t->cred;
	struct task_struct *leader = t->group_leader;
	struct task_struct *parent = leader->real_parent;
	struct task_struct *parent_leader = parent->group_leader;
	struct signal_struct *sig = t->signal;
	struct nsproxy *ns = t->nsproxy;
	struct tty_struct *tty = sig->tty;

	x->parent_pid = parent_leader->tgid;
	x->parent_start_ns = parent_leader->start_boottime;
	x->user = cred->euid.val;
	x->group = cred->egid.val;
	x->real_user = cred->uid.val;
	x->real_group = cred->gid.val;
	x->login_user = bpf_core_field_exists(t->loginuid) ? t->loginuid.val : ~0u;
	x->effective = CAPS(cred, cap_effective);
	x->permitted = CAPS(cred, cap_permitted);
	x->inheritable = CAPS(cred, cap_inheritable);
	if (tty)
		x->tty = (tty->driver->major << 8) + tty->driver->minor_start + tty->index;
	task_numbers(x, leader);
	if (ns) {
		x->mnt_ns = ns->mnt_ns->ns.inum;
		x->net_ns = ns->net_ns->ns.inum;
	}
	x->user_ns = cred->user_ns->ns.inum;
	__builtin_memcpy(x->comm, t->comm, sizeof(x->comm));
}

#endif

/** @file
 * The few kernel structures the BPF programs look into, by hand: libbpf finds each field's place on the running kernel
 * (CO-RE), so only names and types count here, never order or size. Fields that came, went or were renamed between 6.1
 * and today have a variant of their structure with a ___suffix, and are asked for with bpf_core_field_exists().
 *
 * Names are the kernel's. For *.bpf.c alone.
 */
#ifndef SKEP_KERN_KERNEL_H
#define SKEP_KERN_KERNEL_H

#include <stdbool.h>

typedef unsigned char __u8;
typedef signed short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;

/* Constants of the kernel's user interface, which never change. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_NO_PREALLOC = 1,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_SK_STORAGE_GET_F_CREATE = 1,
	BPF_F_CLONE = 1 << 9,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	__u32 val;
} kuid_t;
typedef struct {
	__u32 val;
} kgid_t;
typedef struct {
	__u64 val; /* two 32-bit words before 6.3: the same bytes, read with CAPS() */
} kernel_cap_t;
#define CAPS(cred, set) (*(const __u64 *)&(cred)->set)

struct list_head {
	struct list_head *next, *prev;
};

struct qstr {
	__u32 hash;
	__u32 len;
	const unsigned char *name;
};

struct qstr___word {
	__u64 hash_len; /* of both: lengths in the upper half */
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct dentry *s_root;
	struct file_system_type *s_type;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct inode {
	unsigned short i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	__s64 i_mtime_sec, i_ctime_sec; /* 6.11 and later */
	__u32 i_mtime_nsec, i_ctime_nsec;
};
struct inode___610 {
	struct timespec64 i_mtime;
	struct timespec64 __i_ctime; /* 6.6 to 6.10 */
};
struct inode___67 {
	struct timespec64 __i_mtime; /* 6.7 to 6.10 */
};
struct inode___65 {
	struct timespec64 i_ctime; /* to 6.5 */
};

struct dentry {
	unsigned int d_flags;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct dentry___word {
	struct qstr___word d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct callback_head {
	struct callback_head *next;
};

struct llist_node {
	struct llist_node *next;
};

struct file {
	struct llist_node f_llist; /* at the same place it hangs in task_works, to be closed */
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct filename {
	const char *name;
};

struct open_flags {
	int open_flag;
	unsigned short mode;
};

struct files_struct {
	unsigned int next_fd;
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root, pwd;
};

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	struct ns_common ns;
	int level;
};

struct pid_namespace {
	struct ns_common ns;
	unsigned int level;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct pid_namespace *pid_ns_for_children;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };

struct tty_driver {
	int major, minor_start;
};

struct tty_struct {
	int index;
	struct tty_driver *driver;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
};

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
	struct user_namespace *user_ns;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};

struct kernfs_node {
	__u64 id;
	const char *name;
	struct kernfs_node *parent;
};
struct kernfs_node___615 {
	struct kernfs_node *__parent; /* renamed in 6.15 */
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
	int level;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

enum cgroup_subsys_id {
	cpuset_cgrp_id =
		0, /* values are the running kernel's, asked for with bpf_core_enum_value() */
	cpu_cgrp_id,
	memory_cgrp_id,
	devices_cgrp_id,
	pids_cgrp_id,
};

enum bpf_attach_type {
	BPF_TCX_INGRESS = 46,
};

struct pt_regs {
	unsigned long r10, r9, r8, dx, si, di, orig_ax, ax;
};

struct in6_addr {
	__u8 s6_addr[16];
};

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	short type;
	struct sock *sk;
};

struct inet_sock {
	__be16 inet_sport;
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[1];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct mm_struct *mm;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	__u64 self_exec_id;
	struct css_set *cgroups;
	struct bpf_local_storage *bpf_storage;
	struct callback_head *task_works;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	const char *fdpath; /* made for execveat() */
};

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};
struct bpf_map;
struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
};

#pragma clang attribute pop

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define PF_IO_WORKER 0x10
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x4

#define S_ISUID 04000
#define S_ISGID 02000
#define S_IFMT 0170000

#define S_IFREG 0100000
#define S_IFSOCK 0140000
#define S_IFDIR 0040000
#define S_IFIFO 0010000

#define AT_FDCWD (-100)
#define O_ACCMODE 3
#define O_CREAT 0100
#define O_CLOEXEC 02000000
#define O_LARGEFILE 0100000
#define FMODE_EXEC 0x20
#define FMODE_CREATED 0x100000
#define ERRNO_LEAST (-4095)
#define O_WRONLY 01
#define O_TRUNC 01000
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_LISTEN 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define MSG_FASTOPEN 0x20000000
#define EAGAIN 11
#define EINPROGRESS 115

#define CAP_DAC_OVERRIDE 1

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/*
 * From 6.6 on any number can be followed as if the verifier knew it, at a tenth of what reading by a helper costs. Told by a kind
 * of attachment that came with 6.6, not by the version: that would be read and compared at run time each time it is asked for.
 */
#define CAN_FOLLOW bpf_core_enum_value_exists(enum bpf_attach_type, BPF_TCX_INGRESS)
#define FOLLOW(type, number) \
	((struct type *)bpf_rdonly_cast((void *)(number), bpf_core_type_id_kernel(struct type)))

/* A field, no pointer, of what a pointer or a number leads to; zero where that cannot be read. */
#define READ(type, p, field) \
	(CAN_FOLLOW ? FOLLOW(type, p)->field : BPF_CORE_READ((struct type *)(p), field))

/*
 * The same task, without the verifier's trust in it. Following a pointer out of a trusted one makes the verifier of 6.3 and
 * later look a name up among all of the kernel's types, each time it comes by: half the time of loading the programs.
 */
static __always_inline struct task_struct *task_plain(struct task_struct *t)
{
	return CAN_FOLLOW ? FOLLOW(task_struct, t) : t;
}

/*
 * The verifier keeps pointers it follows itself (quick) and numbers (to be read with a helper, ten times as slow) apart.
 * The distance of two pointers is a number, though, and of the current task there are both.
 */
static __always_inline __u64 kernel_address_by(const void *p, const void *task, __u64 task_number)
{
	asm volatile("%0 -= %1" : "+r"(p) : "r"(task));
	return (__u64)p + task_number;
}

/* The number of a pointer that the verifier knows. */
static __always_inline __u64 kernel_address(const void *p)
{
	return kernel_address_by(p, (const void *)bpf_get_current_task_btf(),
				 bpf_get_current_task());
}

/*
 * The same, whose fields come as numbers: to the verifier it is pt_regs, a row of words. For whole words within the first 160
 * bytes of what the type says.
 */
#define WORDS(type, number) \
	((struct type *)bpf_rdonly_cast((void *)(number), bpf_core_type_id_kernel(struct pt_regs)))

/* A pointer among those words, as a number. */
#define READ_WORD(type, p, field) \
	(CAN_FOLLOW ? WORDS(type, p)->field : BPF_CORE_READ((struct type *)(p), field))

static __always_inline struct cgroup *cgroup_plain(struct cgroup *g)
{
	return CAN_FOLLOW ? FOLLOW(cgroup, g) : g;
}

#endif

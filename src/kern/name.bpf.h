/** @file
 * What a process is called, as user space knows it: the name it had when it last executed a program or was forked, whatever it
 * calls itself since. Who hides behind another name is judged by the one it came with.
 *
 * Most never change their name: it is task->comm then. Of those that do, on_rename notes the name before beside the process.
 */
#ifndef SKEP_KERN_NAME_BPF_H
#define SKEP_KERN_NAME_BPF_H

#include "kern/emit.bpf.h"

struct name_note {
	__u64 comm[2];
	__u64 exec; /* task->self_exec_id when it was written: after another exec it says nothing */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct name_note);
} names SEC(".maps");

/* Two words: it would be copied byte by byte. */
static __always_inline void name_read(struct task_struct *t, __u64 comm[2])
{
	const __u64 *words = (const void *)t->comm;

	comm[0] = words[0];
	comm[1] = words[1];
	barrier(); /* a note is looked for afterwards: it is written before the name changes */
}

/*
 * What name_get() needs for the few that have something beside them; a call.
 *
 * @param comm  as task->comm has it
 * @return false: not known
 */
static __noinline __attribute__((unused)) bool name_noted(struct task_struct *leader, __u64 *comm)
{
	struct name_note *n = bpf_task_storage_get(&names, leader, 0, 0);

	if (n && n->exec == leader->self_exec_id) {
		comm[0] = n->comm[0];
		comm[1] = n->comm[1];
	}
	return n || CAN_FOLLOW; /* before 6.2 it finds nothing when it interrupted itself */
}

/* @param leader  the first of a process's threads: others' names are not the process's. @return false: not known */
static __always_inline bool name_get(struct task_struct *leader, __u64 comm[2])
{
	name_read(leader, comm);
	/* Without trust: this is only looked at, and trust costs the verifier the most of all (task_plain()). */
	if (task_plain(leader)->bpf_storage && !name_noted(leader, comm))
		return false;
	return comm[0] != 0; /* a fork without a name is told by its parent's */
}

/* Notes what a process is called before that changes. @return false: there is no room */
static __always_inline bool name_keep(struct task_struct *leader)
{
	struct name_note now = { .exec = leader->self_exec_id }, *n;

	name_read(leader, now.comm);
	n = bpf_task_storage_get(&names, leader, &now, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!n)
		return false;
	if (n->exec == now.exec)
		return true;
	n->exec = ~0ull; /* whoever reads meanwhile takes task->comm, which is still the same */
	barrier();
	n->comm[0] = now.comm[0];
	n->comm[1] = now.comm[1];
	barrier();
	n->exec = now.exec;
	return true;
}

#endif

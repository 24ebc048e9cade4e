// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Calls that few programs make: told with their arguments, whether they succeed or not.
 */
#include "kern/describe.bpf.h"
#include "kern/judge.bpf.h"

struct plain_args {
	__s64 arg[4];
	__u64 flags;
	const void *text;
	int fd;
	bool has_fd;
};

static __always_inline void plain_arguments(const struct call *k, struct plain_args *p)
{
	const __u64 *a = k->arg;
	__u32 kind = 0;

	switch (k->type) {
	case EVENT_PTRACE:
		p->arg[0] = a[0];
		p->arg[1] = (int)a[1];
		break;
	case EVENT_PROCESS_VM_READV:
	case EVENT_PROCESS_VM_WRITEV:
		p->arg[1] = (int)a[0];
		break;
	case EVENT_KILL:
		p->arg[0] = (int)a[1];
		p->arg[1] = (int)a[0];
		break;
	case EVENT_SETNS:
		p->flags = (__u32)a[1];
		p->fd = a[0];
		p->has_fd = true;
		break;
	case EVENT_UNSHARE:
		p->flags = a[0];
		break;
	case EVENT_SETUID:
	case EVENT_SETGID:
	case EVENT_SETREUID:
	case EVENT_SETREGID:
	case EVENT_SETRESUID:
	case EVENT_SETRESGID:
		p->arg[0] = (int)a[0];
		p->arg[1] = k->type == EVENT_SETUID || k->type == EVENT_SETGID ? -1 : (int)a[1];
		p->arg[2] =
			k->type == EVENT_SETRESUID || k->type == EVENT_SETRESGID ? (int)a[2] : -1;
		break;
	case EVENT_BPF:
		/* Creating a map (0) and loading a program (5) begin with its type. */
		if (a[0] == 0 || a[0] == 5)
			bpf_probe_read_user(&kind, sizeof(kind), (void *)a[1]);
		p->arg[0] = (int)a[0];
		p->arg[1] = kind;
		break;
	case EVENT_FINIT_MODULE:
		p->fd = a[0];
		p->has_fd = true;
		p->flags = (__u32)a[2];
		break;
	case EVENT_DELETE_MODULE:
		p->text = (void *)a[0];
		p->flags = (__u32)a[1];
		break;
	case EVENT_MEMFD_CREATE:
		p->text = (void *)a[0];
		p->flags = (__u32)a[1];
		break;
	case EVENT_ADD_KEY:
	case EVENT_REQUEST_KEY:
		p->text = (void *)a[1];
		break;
	case EVENT_DUP:
	case EVENT_DUP2:
	case EVENT_DUP3:
		p->fd = k->ret >= 0 ? (int)k->ret : (int)a[0];
		p->has_fd = true;
		p->arg[0] = (int)a[0];
		p->arg[1] = k->ret >= 0 ? k->ret : k->type == EVENT_DUP ? -1 : (int)a[1];
		p->flags = k->type == EVENT_DUP3 ? (__u32)a[2] : 0;
		break;
	case EVENT_PERF_EVENT_OPEN: /* the attributes' type, then process, processor, group */
		bpf_probe_read_user(&kind, sizeof(kind), (void *)a[0]);
		p->arg[0] = kind;
		p->arg[1] = (int)a[1];
		p->arg[2] = (int)a[2];
		p->arg[3] = (int)a[3];
		p->flags = a[4];
		break;
	default:
		p->arg[0] = a[0];
		p->arg[1] = a[1];
		p->arg[2] = a[2];
		p->arg[3] = a[3];
	}
}

static __noinline int tell_call(struct call *k)
{
	struct plain_args p = { 0 };
	struct record_args *a;
	struct record_head *h;
	struct record_fd *f;
	struct emit w;

	if (!judge_call(k, FILTER_ANY_FACT, ~0ull))
		return 0;
	plain_arguments(k, &p);
	if (!emit_begin(&w))
		return 0;
	h = call_head(k, &w, RECORD_ARGS | RECORD_FD);
	a = emit_part(&w, 0);
	f = emit_part(&w, RECORD_ARGS);
	f->number = -1;
	h->flags = p.flags;
	a->arg[0] = p.arg[0];
	a->arg[1] = p.arg[1];
	a->arg[2] = p.arg[2];
	a->arg[3] = p.arg[3];
	if (p.text)
		emit_user_string(&w, RECORD_TEXT, p.text);
	if (p.has_fd)
		describe_fd(k, &w, f, p.fd);
	emit_send_bulk(&w, k->c);
	return 0;
}
CALL_RETURNS(on_call, tell_call)

static __noinline int tell_capset(struct call *k)
{
	const struct cred *cred;
	struct record_caps *caps;
	struct emit w;

	if (!judge_call(k, FILTER_ANY_FACT, ~0ull) || !emit_begin(&w))
		return 0;
	call_head(k, &w, RECORD_CAPS);
	caps = emit_part(&w, 0);
	cred = k->t->cred;
	caps->effective = CAPS(cred, cap_effective);
	caps->permitted = CAPS(cred, cap_permitted);
	caps->inheritable = CAPS(cred, cap_inheritable);
	emit_send_bulk(&w, k->c);
	return 0;
}
CALL_RETURNS(on_capset, tell_capset)

/* mount(source, target, type, flags), umount2(target, flags) */
static __noinline int tell_mount(struct call *k)
{
	bool mounts;
	struct record_head *h;
	struct emit w;
	__u32 raw, end;

	if (!judge_call(k, FILTER_ANY_FACT, ~0ull) || !emit_begin(&w))
		return 0;
	mounts = k->type == EVENT_MOUNT;
	h = call_head(k, &w, 0);
	h->flags = mounts ? k->arg[3] : (__u32)k->arg[1];
	h->span[RECORD_PATH] = emit_path_at(k, &w, AT_FDCWD, (void *)k->arg[mounts ? 1 : 0], &raw);
	end = w.s->at;
	if (mounts)
		emit_user_string(&w, RECORD_PATH2, (void *)k->arg[0]);
	emit_raw_again(&w, RECORD_RAW, end, raw);
	if (mounts)
		emit_user_string(&w, RECORD_TEXT, (void *)k->arg[2]);
	emit_send_bulk(&w, k->c);
	return 0;
}
CALL_RETURNS(on_mount, tell_mount)

struct found {
	bool file;
};

static long look_at_area(struct task_struct *t, struct vm_area_struct *v, struct found *f)
{
	f->file = BPF_CORE_READ(v, vm_file) != 0;
	return 0;
}

#define WRITES_CODE (PROT_WRITE | PROT_EXEC)

/* The start of a program makes two dozen such calls, none of which does. */
static __always_inline bool writes_code(const struct pt_regs *regs, long ret, __u32 type)
{
	return (regs->dx & WRITES_CODE) == WRITES_CODE;
}

/* mmap and mprotect that make anonymous memory writable and executable at once. */
static __noinline int tell_memory(struct call *k)
{
	struct found found = { 0 };
	struct record_args *a;
	struct record_head *h;
	struct emit w;

	if (k->type == EVENT_MMAP && !(k->arg[3] & MAP_ANONYMOUS))
		return 0;
	if (k->type == EVENT_MPROTECT)
		bpf_find_vma((void *)bpf_get_current_task_btf(), k->arg[0], look_at_area, &found,
			     0);
	if (found.file || !judge_call(k, FILTER_ANY_FACT, ~0ull) || !emit_begin(&w))
		return 0;
	h = call_head(k, &w, RECORD_ARGS);
	a = emit_part(&w, 0);
	a->arg[0] = k->arg[1];
	a->arg[1] = k->arg[2];
	h->flags = k->type == EVENT_MMAP ? k->arg[3] : 0;
	emit_send_bulk(&w, k->c);
	return 0;
}
CALL_RETURNS_IF(on_memory, writes_code, tell_memory)

/* clang-format off */
CALL_FEXIT(dup, DUP, tell_call)
CALL_FEXIT(dup2, DUP2, tell_call)
CALL_FEXIT(dup3, DUP3, tell_call)
CALL_FEXIT(ptrace, PTRACE, tell_call)
CALL_FEXIT(process_vm_readv, PROCESS_VM_READV, tell_call)
CALL_FEXIT(process_vm_writev, PROCESS_VM_WRITEV, tell_call)
CALL_FEXIT(kill, KILL, tell_call)
CALL_FEXIT(setns, SETNS, tell_call)
CALL_FEXIT(unshare, UNSHARE, tell_call)
CALL_FEXIT(setuid, SETUID, tell_call)
CALL_FEXIT(setreuid, SETREUID, tell_call)
CALL_FEXIT(setresuid, SETRESUID, tell_call)
CALL_FEXIT(setgid, SETGID, tell_call)
CALL_FEXIT(setregid, SETREGID, tell_call)
CALL_FEXIT(setresgid, SETRESGID, tell_call)
CALL_FEXIT(bpf, BPF, tell_call)
CALL_FEXIT(init_module, INIT_MODULE, tell_call)
CALL_FEXIT(finit_module, FINIT_MODULE, tell_call)
CALL_FEXIT(delete_module, DELETE_MODULE, tell_call)
CALL_FEXIT(userfaultfd, USERFAULTFD, tell_call)
CALL_FEXIT(memfd_create, MEMFD_CREATE, tell_call)
CALL_FEXIT(kexec_load, KEXEC_LOAD, tell_call)
CALL_FEXIT(kexec_file_load, KEXEC_FILE_LOAD, tell_call)
CALL_FEXIT(add_key, ADD_KEY, tell_call)
CALL_FEXIT(request_key, REQUEST_KEY, tell_call)
CALL_FEXIT(keyctl, KEYCTL, tell_call)
CALL_FEXIT(io_uring_setup, IO_URING_SETUP, tell_call)
CALL_FEXIT(perf_event_open, PERF_EVENT_OPEN, tell_call)
CALL_FEXIT(capset, CAPSET, tell_capset)
CALL_FEXIT(mount, MOUNT, tell_mount)
CALL_FEXIT(umount, UMOUNT2, tell_mount)
CALL_FEXIT_IF(mmap, MMAP, writes_code, tell_memory)
CALL_FEXIT_IF(mprotect, MPROTECT, writes_code, tell_memory)
/* clang-format on */

#include "kern/record.h"

_Static_assert(sizeof(struct record_head) == 88 && sizeof(struct record_args) == 32 &&
		       sizeof(struct record_fd) == 64 && sizeof(struct record_caps) == 24 &&
		       sizeof(struct record_exec) == 168,
	       "as doc/formats/sensor-record.md says");
_Static_assert((int)EVENT_FILE_UPPER == (int)EVENT_EXE_UPPER &&
		       (int)EVENT_FILE_LOWER == (int)EVENT_EXE_LOWER,
	       "overlay_flag() tells both");

/* What remains of the record, taken from its front. */
static const void *take(str *rest, size_t n)
{
	const void *p = rest->p;

	if (rest->n < n)
		return NULL;
	*rest = str_skip(*rest, n);
	return p;
}

static bool take_text(str *rest, size_t n, str *ret)
{
	if (rest->n < n)
		return false;
	*ret = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	return true;
}

static void set_end(struct event_end *end, const uint8_t *ip, uint16_t port)
{
	memcpy(end->ip, ip, sizeof(end->ip));
	end->port = port;
}

static void set_fd(struct event_fd *fd, const struct record_fd *r)
{
	fd->number = r->number;
	fd->kind = r->kind;
	fd->protocol = r->protocol;
	fd->role = r->role;
	fd->connected = r->connected;
	fd->file_flags = r->file_flags;
	fd->domain = r->domain;
	set_end(&fd->local, r->local, r->local_port);
	set_end(&fd->remote, r->remote, r->remote_port);
	fd->inode = r->inode;
	fd->device = r->device;
}

static void set_exec(struct event_exec *x, const struct record_exec *r)
{
	*x = (struct event_exec){
		.parent = { r->parent_pid, r->parent_start_ns },
		.comm = { r->comm, strnlen(r->comm, sizeof(r->comm) - 1) },
		.exe_inode = r->exe_inode,
		.exe_ctime_ns = r->exe_ctime_ns,
		.exe_mtime_ns = r->exe_mtime_ns,
		.exe_device = r->exe_device,
		.exe_flags = r->exe_flags,
		.user = r->user,
		.group = r->group,
		.real_user = r->real_user,
		.real_group = r->real_group,
		.login_user = r->login_user,
		.tty = r->tty,
		.vpid = r->vpid,
		.vppid = r->vppid,
		.vpgid = r->vpgid,
		.vsid = r->vsid,
		.pgid = r->pgid,
		.sid = r->sid,
		.pid_ns = r->pid_ns,
		.mnt_ns = r->mnt_ns,
		.net_ns = r->net_ns,
		.user_ns = r->user_ns,
		.caps = { r->effective, r->permitted, r->inheritable },
	};
}

static bool set_parts(struct event *v, struct event_exec *x, const struct record_head *h, str *rest,
		      const struct record_exec **ret_exec)
{
	if (h->parts & RECORD_ARGS) {
		const struct record_args *a = take(rest, sizeof(*a));

		if (!a)
			return false;
		for (size_t i = 0; i < EVENT_MAX_ARGS; i++)
			v->arg[i] = a->arg[i];
	}
	if (h->parts & RECORD_FD) {
		const struct record_fd *f = take(rest, sizeof(*f));

		if (!f)
			return false;
		set_fd(&v->fd, f);
	}
	if (h->parts & RECORD_CAPS) {
		const struct record_caps *c = take(rest, sizeof(*c));

		if (!c)
			return false;
		v->caps = (struct event_caps){ c->effective, c->permitted, c->inheritable };
	}
	if (h->parts & RECORD_EXEC) {
		const struct record_exec *r = take(rest, sizeof(*r));

		if (!r)
			return false;
		set_exec(x, r);
		v->exec = x;
		*ret_exec = r;
	}
	return true;
}

static bool set_texts(struct event *v, struct event_exec *x, const struct record_head *h, str *rest,
		      const struct record_exec *exec)
{
	str *texts[RECORD_SPANS] = { &v->path, &v->path2,   &v->raw, &v->raw2,
				     &v->text, &v->fd.path, &v->cwd };
	str *more[RECORD_EXEC_SPANS] = { &x->exe_path, &x->args, &x->env, &x->cwd };

	for (size_t i = 0; i < RECORD_SPANS; i++)
		if (!take_text(rest, h->span[i], texts[i]))
			return false;
	for (size_t i = 0; exec && i < RECORD_EXEC_SPANS; i++)
		if (!take_text(rest, exec->span[i], more[i]))
			return false;
	/* A file in memory has a name and no place; rules know it as "memfd:NAME". */
	if (exec && exec->exe_flags & EVENT_EXE_MEMFD && str_starts(x->exe_path, S("/")))
		x->exe_path = str_skip(x->exe_path, 1);
	return true;
}

int record_parse(str bytes, int64_t boot_ns, struct event *ret, struct event_exec *exec,
		 struct err *e)
{
	const struct record_head *h;
	const struct record_exec *x = NULL;
	struct event v = { .fd.number = -1 };
	str rest = bytes;

	h = take(&rest, sizeof(*h));
	if (!h || h->bytes % 8 || h->bytes < sizeof(*h) || h->bytes > bytes.n)
		return err_set(e, EBADMSG, "sensor record: length is wrong");
	if (h->type >= EVENT_TYPE_COUNT)
		return err_set(e, EBADMSG, "sensor record: type %u is unknown", h->type);
	rest = str_take(rest, h->bytes - sizeof(*h));
	v.type = (enum event_type)h->type;
	v.marks = h->marks;
	v.time_ns = h->time_ns + (uint64_t)boot_ns;
	v.task = (struct process_key){ h->pid, h->start_ns };
	v.tid = h->tid;
	v.cpu = h->cpu;
	v.threads = h->threads;
	v.user = h->user;
	v.group = h->group;
	v.cgroup_id = h->cgroup_id;
	v.res = h->res;
	v.flags = h->flags;
	v.mode = h->mode;
	if (!set_parts(&v, exec, h, &rest, &x) || !set_texts(&v, exec, h, &rest, x))
		return err_set(e, EBADMSG, "sensor record: a part is longer than the record");
	if (event_type_family(v.type) == EVENT_FAMILY_EXEC)
		v.path = v.raw;
	*ret = v;
	return 0;
}

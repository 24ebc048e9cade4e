#include "watch/event_argument.h"

#include "watch/event_target_priv.h"
#include "watch/flag_name.h"

/* Where an argument comes from and how it is shown. */
enum source {
	NONE,
	RES,
	FD,
	PATH,
	PATH2,
	TARGET,
	TEXT,
	TUPLE,
	LOCAL,
	REMOTE,
	DEVICE,
	INODE,
	FLAGS,
	OPEN_FLAGS,
	CLONE_FLAGS,
	RENAME_FLAGS,
	LINK_FLAGS,
	UNLINK_FLAGS,
	CHOWN_FLAGS,
	MOUNT_FLAGS,
	UMOUNT_FLAGS,
	MEMFD_FLAGS,
	MMAP_FLAGS,
	PROT1,
	MODE,
	MKNOD_MODE,
	DOMAIN0,
	PTRACE0,
	BPF0,
	SIGNAL0,
	DNS0,
	ARG0,
	ARG1,
	ARG2,
	ARG3,
	UID0,
	UID1,
	UID2,
	GID0,
	GID1,
	GID2,
	EXE,
	EXEC_ARGS,
	COMM,
	CWD,
	ENV,
	EXE_PATH,
	EXE_FLAGS,
	EXE_INODE,
	TID,
	PID,
	PARENT,
	VPID,
	VPGID,
	TTY,
	LOGIN,
	USER,
	GROUP,
	CAP_I,
	CAP_P,
	CAP_E,
	SET_I,
	SET_P,
	SET_E
};

struct argument {
	const char *name;
	enum source source;
};

static const struct argument *const arguments[EVENT_TYPE_COUNT] = {
#define X(id, ...) [EVENT_##id] = (const struct argument[]){ __VA_ARGS__, { NULL, NONE } },
#include "watch/event_argument.def"
#undef X
};

static int count_of(enum event_type t)
{
	int n = 0;

	while (arguments[t] && arguments[t][n].name)
		n++;
	return n;
}

static const char *name_of(enum event_type t, int i)
{
	return arguments[t][i].name;
}

int event_argument_find(enum event_type t, str name)
{
	int n = count_of(t);
	uint64_t at;

	for (int i = 0; i < n; i++)
		if (str_is(name, arguments[t][i].name))
			return i;
	return str_u64(name, &at) == 0 && at < (uint64_t)n ? (int)at : -1;
}

/* Which of the event's own arguments a source is; -1: none. */
static int argument_of(enum source s)
{
	switch (s) {
	case DOMAIN0:
	case PTRACE0:
	case BPF0:
	case SIGNAL0:
	case DNS0:
	case ARG0:
	case UID0:
	case GID0:
		return 0;
	case PROT1:
	case ARG1:
	case UID1:
	case GID1:
		return 1;
	case ARG2:
	case UID2:
	case GID2:
		return 2;
	case ARG3:
		return 3;
	default:
		return -1;
	}
}

/* The number behind a source; false when it is a text. */
static bool number_of(const struct event_target *t, enum source s, int64_t *ret)
{
	const struct event *v = t->event;
	int argument = argument_of(s);

	if (argument >= 0) {
		*ret = v->arg[argument];
		return true;
	}
	switch (s) {
	case RES:
		*ret = v->res;
		return true;
	case FD:
		*ret = v->fd.number;
		return true;
	case DEVICE:
		*ret = v->fd.device;
		return true;
	case INODE:
		*ret = (int64_t)v->fd.inode;
		return true;
	case FLAGS ... MMAP_FLAGS:
		*ret = (int64_t)v->flags;
		return true;
	case MODE:
	case MKNOD_MODE:
		*ret = v->mode;
		return true;
	case TID:
		*ret = v->tid ? v->tid : v->task.pid;
		return true;
	case PID:
		*ret = v->task.pid;
		return true;
	case USER:
		*ret = v->user;
		return true;
	case GROUP:
		*ret = v->group;
		return true;
	default:
		return false;
	}
}

/* Numbers and sets that only the process's record has. */
static bool process_number(const struct event_target *t, enum source s, int64_t *ret)
{
	const struct process *p = t->process;

	switch (s) {
	case PARENT:
		*ret = p->parent_key.pid;
		return true;
	case VPID:
		*ret = p->vpid;
		return true;
	case VPGID:
		*ret = p->vpgid;
		return true;
	case TTY:
		*ret = p->tty;
		return true;
	case LOGIN:
		*ret = process_login(p);
		return true;
	case EXE_FLAGS:
		*ret = t->program ? t->program->exe_flags : 0;
		return t->program != NULL;
	case EXE_INODE:
		*ret = t->program ? (int64_t)t->program->exe_inode : 0;
		return t->program != NULL;
	default:
		return false;
	}
}

static bool text_of(const struct event_target *t, enum source s, str *ret)
{
	const struct event *v = t->event;

	switch (s) {
	case PATH:
		*ret = v->path.n ? v->path : v->raw;
		return true;
	case PATH2:
		*ret = v->path2.n ? v->path2 : v->raw2;
		return true;
	case TARGET:
		*ret = v->raw.n ? v->raw : v->path;
		return true;
	case TEXT:
		*ret = v->text;
		return true;
	case TUPLE:
	case LOCAL:
	case REMOTE:
		*ret = event_target_fd_name(t);
		return true;
	default:
		return false;
	}
}

static bool program_text(const struct event_target *t, enum source s, str *ret)
{
	const struct program_table *p = process_tree_programs(t->world->tree);

	switch (s) {
	case EXE:
		*ret = program_exe(p, t->program);
		return true;
	case EXEC_ARGS:
		*ret = program_args(p, t->program);
		return true;
	case COMM:
		*ret = program_comm(p, t->program);
		return true;
	case CWD:
		*ret = program_cwd(p, t->program);
		return true;
	case ENV:
		*ret = program_env(p, t->program);
		return true;
	case EXE_PATH:
		*ret = program_path(p, t->program);
		return true;
	default:
		return false;
	}
}

static void add_caps(const struct event_target *t, enum source s, struct scratch_text *out)
{
	const struct event_caps *c = s >= SET_I ? &t->event->caps : &t->process->caps;

	switch (s) {
	case CAP_I:
	case SET_I:
		flag_names_add(FLAG_SET_CAPABILITY, c->inheritable, ' ', out);
		break;
	case CAP_P:
	case SET_P:
		flag_names_add(FLAG_SET_CAPABILITY, c->permitted, ' ', out);
		break;
	case CAP_E:
	case SET_E:
		flag_names_add(FLAG_SET_CAPABILITY, c->effective, ' ', out);
		break;
	default:
		break;
	}
}

/* The set whose names a number has; FLAG_SET_COUNT when it has none. */
static enum flag_set set_of(enum source s)
{
	switch (s) {
	case OPEN_FLAGS:
		return FLAG_SET_OPEN;
	case CLONE_FLAGS:
		return FLAG_SET_CLONE;
	case RENAME_FLAGS:
		return FLAG_SET_RENAME;
	case LINK_FLAGS:
		return FLAG_SET_LINK;
	case UNLINK_FLAGS:
		return FLAG_SET_UNLINK;
	case CHOWN_FLAGS:
		return FLAG_SET_CHOWN;
	case MOUNT_FLAGS:
		return FLAG_SET_MOUNT;
	case UMOUNT_FLAGS:
		return FLAG_SET_UMOUNT;
	case MEMFD_FLAGS:
		return FLAG_SET_MEMFD;
	case MMAP_FLAGS:
		return FLAG_SET_MMAP;
	case PROT1:
		return FLAG_SET_PROT;
	case MODE:
		return FLAG_SET_MODE;
	case MKNOD_MODE:
		return FLAG_SET_MKNOD;
	case EXE_FLAGS:
		return FLAG_SET_EXE;
	case DOMAIN0:
		return FLAG_SET_DOMAIN;
	case PTRACE0:
		return FLAG_SET_PTRACE;
	case BPF0:
		return FLAG_SET_BPF;
	case SIGNAL0:
		return FLAG_SET_SIGNAL;
	case DNS0:
		return FLAG_SET_DNS;
	default:
		return FLAG_SET_COUNT;
	}
}

static void add_fd(const struct event_target *t, struct scratch_text *out)
{
	enum event_fd_kind kind = t->fd_kind;
	uint8_t protocol = t->event->fd.protocol;
	str name = event_target_fd_name(t);

	/* The name was made where this text would have begun. */
	*out = scratch_text(out->in);
	if (!name.n) {
		scratch_int(out, t->event->fd.number);
		return;
	}
	scratch_byte(out, '<');
	scratch_byte(out, (char)kind);
	if (kind == EVENT_FD_IPV4 || kind == EVENT_FD_IPV6)
		scratch_add(out, protocol == 6 ? S("t") : protocol == 17 ? S("u") : S("i"));
	scratch_byte(out, '>');
	scratch_add(out, name);
}

static void add_user(const struct event_target *t, enum source s, int64_t n,
		     struct scratch_text *out)
{
	const enum account_part part = s >= GID0 && s <= GID2 ? ACCOUNT_GROUP_NAME : ACCOUNT_NAME;
	str name;

	if (n >= 0 && event_target_account(t, part, (uint32_t)n, &name) == POLICY_KNOWN)
		scratch_add(out, name);
	else
		scratch_int(out, n);
}

static void add_number(const struct event_target *t, enum source s, int64_t n, bool plain,
		       struct scratch_text *out)
{
	enum flag_set set = plain ? FLAG_SET_COUNT : set_of(s);
	size_t before = out->in->n;

	if (set < FLAG_SET_DOMAIN)
		flag_names_add(set,
			       s == OPEN_FLAGS
				       ? flag_name_open((uint64_t)n, t->event->fd.file_flags)
				       : (uint64_t)n,
			       '|', out);
	else if (set < FLAG_SET_COUNT)
		scratch_add(out, flag_name_find(set, (uint64_t)n));
	if (out->in->n != before)
		return;
	if (!plain && n < 0 && n > -4096 && (s == RES || s == FD) && strerrorname_np((int)-n))
		scratch_add(out, str_from(strerrorname_np((int)-n)));
	else if (!plain && s == FD)
		add_fd(t, out);
	else if (!plain && s >= UID0 && s <= GID2)
		add_user(t, s, n, out);
	else if (!plain && (s == MODE || s == MKNOD_MODE))
		scratch_octal(out, (uint64_t)n);
	else
		scratch_int(out, n);
}

void event_argument_get(const struct event_target *t, int i, bool plain, struct policy_value *ret)
{
	enum source s = arguments[t->event->type][i].source;
	struct scratch_text out = scratch_text(t->world->scratch);
	int64_t n;
	str text;

	if (text_of(t, s, &text)) {
		value_string(ret, text);
		return;
	}
	if (s >= EXE && s <= EXE_PATH) {
		if (t->program && program_text(t, s, &text))
			value_string(ret, text);
		else
			value_unknown(ret);
		return;
	}
	if (number_of(t, s, &n) || (t->process && process_number(t, s, &n))) {
		add_number(t, s, n, plain, &out);
	} else if (s >= SET_I || (s >= CAP_I && t->process)) {
		add_caps(t, s, &out);
	} else {
		value_unknown(ret);
		return;
	}
	value_string(ret, scratch_str(&out));
}

str event_argument_all(const struct event_target *t)
{
	enum { MOST = 32 };
	str texts[MOST];
	int n = MIN(count_of(t->event->type), (int)MOST);
	struct scratch_text out;

	for (int i = 0; i < n; i++) {
		struct policy_value v = { 0 };

		event_argument_get(t, i, false, &v);
		texts[i] = v.state == POLICY_KNOWN ? v.string : S("<NA>");
	}
	out = scratch_text(t->world->scratch);
	for (int i = 0; i < n; i++) {
		if (i)
			scratch_byte(&out, ' ');
		scratch_add(&out, str_from(name_of(t->event->type, i)));
		scratch_byte(&out, '=');
		scratch_add(&out, texts[i]);
	}
	return scratch_str(&out);
}

#include "watch/event_argument.h"
#include "watch/event_target_priv.h"
#include "watch/flag_name.h"
#include "watch/script.h"

#include <fcntl.h>

#include "base/clock.h"
#include "policy/event_origin.h"

static bool is_open(const struct event *v)
{
	return event_type_family(v->type) == EVENT_FAMILY_OPEN;
}

/* creat(2) has no flags: it is an open for writing that creates. */
static uint64_t open_flags(const struct event *v)
{
	return v->type == EVENT_CREAT ? v->flags | O_CREAT | O_WRONLY | O_TRUNC : v->flags;
}

static bool opens_read(const struct event *v)
{
	uint64_t access = open_flags(v) & O_ACCMODE;

	return is_open(v) && (access == O_RDONLY || access == O_RDWR);
}

bool event_fields_opens_write(const struct event *v)
{
	uint64_t access = open_flags(v) & O_ACCMODE;

	return is_open(v) && (access == O_WRONLY || access == O_RDWR);
}

static bool creates(const struct event *v)
{
	return is_open(v) && (open_flags(v) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
}

/* What fails makes nothing; where the file was gone before it could be looked at nobody knows. */
static bool get_created(const struct event *v, struct policy_value *ret)
{
	if (is_open(v) && v->res >= 0 && !(v->fd.file_flags & EVENT_FILE_SEEN))
		return value_unknown(ret);
	return value_bool(ret, is_open(v) && v->res >= 0 && v->fd.file_flags & EVENT_FILE_CREATED);
}

/* Whether what is opened is what the process was started to run. */
static bool get_script(const struct event_target *t, struct policy_value *ret)
{
	const struct program_table *table = process_tree_programs(t->world->tree);
	const struct event *v = t->event;

	if (!is_open(v) || v->res < 0)
		return value_bool(ret, false);
	if (!t->program || t->program->partial)
		return value_unknown(ret);
	return value_bool(ret, script_is_named(program_args(table, t->program),
					       program_cwd(table, t->program),
					       v->raw.n ? v->raw : v->path));
}

static str category(enum event_family f)
{
	switch (f) {
	case EVENT_FAMILY_OPEN ... EVENT_FAMILY_SETXATTR:
	case EVENT_FAMILY_MOUNT:
	case EVENT_FAMILY_CHROOT:
		return S("file");
	case EVENT_FAMILY_SOCKET ... EVENT_FAMILY_RECV:
	case EVENT_FAMILY_DNS:
		return S("net");
	case EVENT_FAMILY_EXEC:
	case EVENT_FAMILY_FORK:
	case EVENT_FAMILY_EXIT:
	case EVENT_FAMILY_PTRACE:
	case EVENT_FAMILY_PROCESS_VM:
		return S("process");
	case EVENT_FAMILY_KILL:
		return S("signal");
	case EVENT_FAMILY_SETID:
		return S("user");
	case EVENT_FAMILY_MEMORY:
	case EVENT_FAMILY_MEMFD:
		return S("memory");
	case EVENT_FAMILY_CGROUP:
	case EVENT_FAMILY_CONTAINER:
	case EVENT_FAMILY_USAGE:
	case EVENT_FAMILY_LOSS:
		return S("internal");
	default:
		return S("system");
	}
}

static bool has_result(const struct event *v)
{
	enum event_family f = event_type_family(v->type);

	return event_type_is_of_process(v->type) && f != EVENT_FAMILY_EXIT && f != EVENT_FAMILY_DNS;
}

static bool get_result(const struct event_target *t, struct policy_value *ret)
{
	int64_t r = t->event->res;
	const char *name = r < 0 && r > -4096 ? strerrorname_np((int)-r) : NULL;
	struct scratch_text out;

	if (!has_result(t->event))
		return value_absent(ret);
	if (r >= 0)
		return value_string(ret, S("SUCCESS"));
	if (name)
		return value_string(ret, str_from(name));
	out = scratch_text(t->world->scratch);
	scratch_byte(&out, 'E');
	scratch_uint(&out, 0 - (uint64_t)r);
	return value_string(ret, scratch_str(&out));
}

static bool get_argument(const struct event_target *t, const struct policy_ref *ref, bool plain,
			 struct policy_value *ret)
{
	int i = event_argument_find(t->event->type, ref->key);

	if (i < 0)
		return value_absent(ret);
	event_argument_get(t, i, plain, ret);
	return true;
}

static bool get_buffer(const struct event *v, struct policy_value *ret)
{
	enum event_family f = event_type_family(v->type);

	if ((f != EVENT_FAMILY_RECV && f != EVENT_FAMILY_SEND) || v->res < 0)
		return value_absent(ret);
	return v->text.n || !v->res ? value_string(ret, v->text) : value_unknown(ret);
}

static bool get_length(const struct event *v, struct policy_value *ret)
{
	enum event_family f = event_type_family(v->type);

	if ((f != EVENT_FAMILY_RECV && f != EVENT_FAMILY_SEND) || v->res < 0)
		return value_absent(ret);
	return value_uint(ret, (uint64_t)v->res);
}

/* What every event has, whatever it is of. */
static bool get_of_all(const struct event_target *t, uint16_t field, struct policy_value *ret)
{
	const struct event *v = t->event;

	switch (field) {
	case FIELD_EVT_NUM:
		return value_uint(ret, v->number);
	case FIELD_EVT_COUNT:
		return value_uint(ret, 1);
	case FIELD_EVT_TIME:
	case FIELD_EVT_TIME_S:
	case FIELD_EVT_TIME_ISO8601:
	case FIELD_EVT_DATETIME:
	case FIELD_EVT_DATETIME_S:
	case FIELD_EVT_RAWTIME:
		return value_int(ret, (int64_t)v->time_ns);
	case FIELD_EVT_RAWTIME_S:
		return value_uint(ret, v->time_ns / SECOND_NS);
	case FIELD_EVT_RAWTIME_NS:
		return value_uint(ret, v->time_ns % SECOND_NS);
	case FIELD_EVT_LATENCY:
		return value_absent(ret);
	case FIELD_EVT_DIR:
		return value_string(ret, S("<"));
	case FIELD_EVT_TYPE:
		return value_string(ret, str_from(event_type_name(v->type)));
	case FIELD_SYSCALL_TYPE:
		return has_result(v) ? value_string(ret, str_from(event_type_name(v->type)))
				     : value_absent(ret);
	case FIELD_EVT_CATEGORY:
		return value_string(ret, category(event_type_family(v->type)));
	case FIELD_EVT_CPU:
		return value_int(ret, v->cpu);
	case FIELD_EVT_HOSTNAME:
		return value_string(ret, t->world->hostname);
	case FIELD_EVT_SOURCE:
		return value_string(ret, S("syscall"));
	case FIELD_EVT_IS_IO_URING:
		return value_bool(ret, v->marks & EVENT_IO_URING);
	case FIELD_EVT_IS_TRUNCATED:
		return value_bool(ret, v->marks & EVENT_TRUNCATED ||
					       (t->program && t->program->truncated));
	case FIELD_EVT_IS_RACY:
		return value_bool(ret, v->marks & EVENT_RACY);
	case FIELD_EVT_IS_REPLAYED:
		return value_bool(ret, v->marks & EVENT_REPLAYED);
	default:
		return false;
	}
}

bool event_fields_get(const struct event_target *t, const struct policy_ref *ref,
		      struct policy_value *ret)
{
	const struct event *v = t->event;

	switch (ref->field) {
	case FIELD_EVT_ARGS:
	case FIELD_EVT_INFO:
		return value_string(ret, event_argument_all(t));
	case FIELD_EVT_ARG:
		return get_argument(t, ref, false, ret);
	case FIELD_EVT_RAWARG:
		return get_argument(t, ref, true, ret);
	case FIELD_EVT_BUFFER:
		return get_buffer(v, ret);
	case FIELD_EVT_BUFLEN:
		return get_length(v, ret);
	case FIELD_EVT_RES:
		return get_result(t, ret);
	case FIELD_EVT_RAWRES:
		return has_result(v) ? value_int(ret, v->res) : value_absent(ret);
	case FIELD_EVT_FAILED:
		return has_result(v) ? value_bool(ret, v->res < 0) : value_absent(ret);
	case FIELD_EVT_IS_OPEN_READ:
		return value_bool(ret, opens_read(v));
	case FIELD_EVT_IS_OPEN_WRITE:
		return value_bool(ret, event_fields_opens_write(v));
	case FIELD_EVT_IS_OPEN_EXEC:
		return value_bool(ret, creates(v) && v->mode & 0111);
	case FIELD_EVT_IS_OPEN_CREATE:
		return value_bool(ret, creates(v));
	case FIELD_EVT_IS_OPEN_CREATED:
		return get_created(v, ret);
	case FIELD_EVT_IS_OPEN_SCRIPT:
		return get_script(t, ret);
	default:
		return get_of_all(t, ref->field, ret);
	}
}

/* Packed, so that it is all there: kind of descriptor and protocol, error, flags of an open or a fork. What has no room is not told. */
bool event_fields_origin(const struct event_target *t, struct policy_origin *ret)
{
	const struct event *v = t->event;
	uint64_t error = v->res < 0 ? 0 - (uint64_t)v->res : 0;
	bool fork = event_type_family(v->type) == EVENT_FAMILY_FORK;
	uint64_t flags = is_open(v) || fork ? v->flags : 0;
	uint64_t file_flags = is_open(v) ? v->fd.file_flags : 0;
	bool executable = is_open(v) && v->mode & 0111;

	/* Success is one result only where no descriptor comes of it: who asks for the number of one asks for more. */
	if (v->res > 0 && event_origin_has_result((uint16_t)v->type))
		return false;
	if (error >= 1 << 12 || flags >> 28 || file_flags >> 4)
		return false;
	ret->number = file_flags << 60 | flags << 32 | error << 20 | (uint64_t)executable << 17 |
		      (uint64_t)v->fd.connected << 16 | (uint64_t)v->fd.protocol << 8 |
		      (uint64_t)t->fd_kind;
	return true;
}

#include "watch/event_target_priv.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "policy/event_origin.h"

/* Whether the event's type has a descriptor at all. */
static bool applies(const struct event_target *t)
{
	switch (event_type_family(t->event->type)) {
	case EVENT_FAMILY_OPEN:
	case EVENT_FAMILY_SOCKET:
	case EVENT_FAMILY_CONNECT:
	case EVENT_FAMILY_ACCEPT:
	case EVENT_FAMILY_BIND:
	case EVENT_FAMILY_LISTEN:
	case EVENT_FAMILY_SEND:
	case EVENT_FAMILY_RECV:
	case EVENT_FAMILY_DUP:
		return true;
	default:
		return t->event->fd.kind != EVENT_FD_NONE;
	}
}

static enum event_fd_kind kind_of(const struct event *v)
{
	if (event_type_family(v->type) == EVENT_FAMILY_OPEN && v->fd.kind == EVENT_FD_NONE)
		return EVENT_FD_FILE;
	return fd_ends_kind(&v->fd);
}

str fd_fields_type(enum event_fd_kind k)
{
	switch (k) {
	case EVENT_FD_NONE:
		return (str){ 0 };
	case EVENT_FD_FILE:
		return S("file");
	case EVENT_FD_DIRECTORY:
		return S("directory");
	case EVENT_FD_IPV4:
		return S("ipv4");
	case EVENT_FD_IPV6:
		return S("ipv6");
	case EVENT_FD_UNIX:
		return S("unix");
	case EVENT_FD_PIPE:
		return S("pipe");
	case EVENT_FD_EVENT:
		return S("event");
	case EVENT_FD_SIGNAL:
		return S("signalfd");
	case EVENT_FD_EPOLL:
		return S("eventpoll");
	case EVENT_FD_INOTIFY:
		return S("inotify");
	case EVENT_FD_TIMER:
		return S("timerfd");
	case EVENT_FD_MEMFD:
		return S("memfd");
	case EVENT_FD_BPF:
		return S("bpf");
	case EVENT_FD_USERFAULT:
		return S("userfaultfd");
	case EVENT_FD_IO_URING:
		return S("io_uring");
	case EVENT_FD_OTHER:
		break;
	}
	return S("unknown");
}

static bool is_internet(enum event_fd_kind k)
{
	return k == EVENT_FD_IPV4 || k == EVENT_FD_IPV6;
}

static bool is_named(enum event_fd_kind k)
{
	return k == EVENT_FD_FILE || k == EVENT_FD_DIRECTORY;
}

/* Who called whom; where nobody told, the higher port called. */
static bool we_serve(const struct event *v)
{
	if (v->fd.role)
		return fd_ends_serves(&v->fd);
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_ACCEPT:
	case EVENT_FAMILY_BIND:
	case EVENT_FAMILY_LISTEN:
		return true;
	case EVENT_FAMILY_CONNECT:
	case EVENT_FAMILY_SEND:
		return false;
	default:
		return fd_ends_serves(&v->fd);
	}
}

void fd_fields_init(struct event_target *t)
{
	t->fd_kind = kind_of(t->event);
	if (is_internet(t->fd_kind))
		t->ends = fd_ends_of(&t->event->fd, we_serve(t->event));
}

static str internet_name(const struct event_target *t)
{
	struct scratch_text out = scratch_text(t->world->scratch);
	char text[FD_ENDS_BYTES];

	scratch_add(&out, fd_ends_text(&t->ends, text));
	return scratch_str(&out);
}

static str path_of(const struct event *v)
{
	if (v->fd.path.n)
		return v->fd.path;
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_OPEN:
		return v->path.n ? v->path : v->raw;
	case EVENT_FAMILY_CHMOD:
	case EVENT_FAMILY_CHOWN:
	case EVENT_FAMILY_TRUNCATE:
	case EVENT_FAMILY_MODULE:
		return v->path;
	default:
		return (str){ 0 };
	}
}

str event_target_fd_name(const struct event_target *t)
{
	return is_internet(t->fd_kind) ? internet_name(t) : path_of(t->event);
}

static bool get_directory(const struct event_target *t, enum event_fd_kind k,
			  struct policy_value *ret)
{
	str path = path_of(t->event);
	size_t slash = str_find_last(path, '/');

	if (!is_named(k))
		return value_absent(ret);
	if (!path.n)
		return value_unknown(ret);
	if (k == EVENT_FD_DIRECTORY)
		return value_string(ret, path);
	return value_string(ret, slash && slash < path.n ? str_take(path, slash) : S("/"));
}

static bool get_filename(const struct event_target *t, enum event_fd_kind k,
			 struct policy_value *ret)
{
	str path = path_of(t->event);
	size_t slash = str_find_last(path, '/');

	if (k != EVENT_FD_FILE)
		return value_absent(ret);
	if (!path.n)
		return value_unknown(ret);
	return value_string(ret, slash < path.n ? str_skip(path, slash + 1) : path);
}

/* The container's id before a value, "3ad7b26ded6d:/etc/passwd". */
static bool with_container(const struct event_target *t, struct policy_value *ret)
{
	struct scratch_text out;
	str s = ret->string;

	if (ret->state != POLICY_KNOWN)
		return true;
	if (!t->container)
		return value_unknown(ret);
	out = scratch_text(t->world->scratch);
	scratch_add(&out, container_short_id(t->container));
	scratch_byte(&out, ':');
	scratch_add(&out, s);
	return value_string(ret, scratch_str(&out));
}

static bool get_name(const struct event_target *t, enum event_fd_kind k, struct policy_value *ret)
{
	str name = event_target_fd_name(t);

	if (name.n)
		return value_string(ret, name);
	/* A socket that leads nowhere yet has no name; a file always has one. */
	return is_named(k) ? value_unknown(ret) : value_absent(ret);
}

static bool get_protocol(const struct event_target *t, enum event_fd_kind k,
			 struct policy_value *ret)
{
	if (!is_internet(k))
		return value_absent(ret);
	switch (t->event->fd.protocol) {
	case IPPROTO_TCP:
		return value_string(ret, S("tcp"));
	case IPPROTO_UDP:
		return value_string(ret, S("udp"));
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return value_string(ret, S("icmp"));
	case IPPROTO_RAW:
		return value_string(ret, S("raw"));
	default:
		return value_absent(ret);
	}
}

static bool get_type_char(enum event_fd_kind k, struct policy_value *ret)
{
	static const char letters[] = "fd46upeslitmbro";
	const char *at = k && k < 128 ? strchr(letters, (char)k) : NULL;

	if (k == EVENT_FD_USERFAULT)
		return value_string(ret, S("u"));
	return at ? value_string(ret, (str){ at, 1 }) : value_absent(ret);
}

static bool get_number(const struct event *v, struct policy_value *ret)
{
	bool failed = event_type_family(v->type) == EVENT_FAMILY_OPEN && v->res < 0;

	return value_int(ret, failed ? -1 : v->fd.number);
}

/* This event gave the descriptor its name: a connection, or a datagram to someone else than before. */
static bool changes_name(const struct event *v)
{
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_CONNECT:
	case EVENT_FAMILY_ACCEPT:
	case EVENT_FAMILY_BIND:
		return true;
	case EVENT_FAMILY_SEND:
	case EVENT_FAMILY_RECV:
		return !v->fd.connected;
	default:
		return false;
	}
}

static bool put_ip(const struct fd_end *e, struct policy_value *ret)
{
	if (!e->there)
		return value_absent(ret);
	ret->ip[0] = e->ip;
	return value_known(ret);
}

static bool put_port(const struct fd_end *e, struct policy_value *ret)
{
	if (!e->there)
		return value_absent(ret);
	ret->port[0] = e->port;
	return value_known(ret);
}

/* Both ends; an address that is nowhere (0.0.0.0 of a datagram's socket) is left out where the other says something. */
static bool put_ends(const struct fd_ends *e, bool ports, struct policy_value *ret)
{
	const struct fd_end *both[2] = { &e->client, &e->server };

	ret->count = 0;
	for (int i = 0; i < 2; i++) {
		if (!both[i]->there)
			continue;
		if (ports)
			ret->port[ret->count++] = both[i]->port;
		else if (fd_end_has_address(both[i]) || !fd_end_has_address(both[1 - i]))
			ret->ip[ret->count++] = both[i]->ip;
	}
	ret->state = ret->count ? POLICY_KNOWN : POLICY_ABSENT;
	return true;
}

static bool get_end(const struct event_target *t, enum event_fd_kind k, uint16_t field,
		    struct policy_value *ret)
{
	const struct fd_ends *e = &t->ends;

	if (!is_internet(k))
		return value_absent(ret);
	switch (field) {
	case FIELD_FD_IP:
	case FIELD_FD_NET:
		return put_ends(e, false, ret);
	case FIELD_FD_PORT:
		return put_ends(e, true, ret);
	case FIELD_FD_CIP:
	case FIELD_FD_CNET:
	case FIELD_FD_CIP_NAME:
		return put_ip(&e->client, ret);
	case FIELD_FD_SIP:
	case FIELD_FD_SNET:
	case FIELD_FD_SIP_NAME:
		return put_ip(&e->server, ret);
	case FIELD_FD_LIP:
	case FIELD_FD_LNET:
	case FIELD_FD_LIP_NAME:
		return put_ip(&e->local, ret);
	case FIELD_FD_RIP:
	case FIELD_FD_RNET:
	case FIELD_FD_RIP_NAME:
		return put_ip(&e->remote, ret);
	case FIELD_FD_CPORT:
		return put_port(&e->client, ret);
	case FIELD_FD_SPORT:
		return put_port(&e->server, ret);
	case FIELD_FD_LPORT:
		return put_port(&e->local, ret);
	case FIELD_FD_RPORT:
		return put_port(&e->remote, ret);
	default:
		return value_bool(ret, e->server_side);
	}
}

/* Which of an event's paths each fs.path field is. */
static bool get_path(const struct event *v, uint16_t field, struct policy_value *ret)
{
	bool raw = field == FIELD_FS_PATH_NAMERAW || field == FIELD_FS_PATH_SOURCERAW ||
		   field == FIELD_FS_PATH_TARGETRAW;
	bool name = field == FIELD_FS_PATH_NAME || field == FIELD_FS_PATH_NAMERAW;
	bool source = field == FIELD_FS_PATH_SOURCE || field == FIELD_FS_PATH_SOURCERAW;
	bool two, second;

	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_RENAME:
	case EVENT_FAMILY_LINK:
		two = true;
		second = !source;
		break;
	case EVENT_FAMILY_SYMLINK:
	case EVENT_FAMILY_MOUNT:
		two = true;
		second = source;
		break;
	case EVENT_FAMILY_OPEN:
	case EVENT_FAMILY_UNLINK ... EVENT_FAMILY_SETXATTR:
	case EVENT_FAMILY_CHROOT:
	case EVENT_FAMILY_EXEC:
		two = second = false;
		break;
	default:
		return value_absent(ret);
	}
	if (two == name)
		return value_absent(ret);
	if (raw)
		return value_string_opt(ret, second ? v->raw2 : v->raw);
	if (second)
		return value_string_opt(ret, v->path2.n ? v->path2 : v->raw2);
	return value_string_opt(ret, v->path.n ? v->path : v->raw);
}

/* Which layer of an overlay the file is in, which opens tell. */
static bool get_layer(const struct event *v, enum event_fd_kind k, uint8_t flag,
		      struct policy_value *ret)
{
	if (!is_named(k) || (event_type_family(v->type) == EVENT_FAMILY_OPEN && v->res < 0))
		return value_absent(ret);
	if (!(v->fd.file_flags & EVENT_FILE_SEEN))
		return value_unknown(ret);
	return value_bool(ret, v->fd.file_flags & flag);
}

static bool get_of_fd(const struct event_target *t, enum event_fd_kind k, uint16_t field,
		      struct policy_value *ret)
{
	const struct event *v = t->event;
	bool file = is_named(k) && (v->fd.inode || v->fd.device);

	switch (field) {
	case FIELD_FD_NUM:
		return get_number(v, ret);
	case FIELD_FD_TYPE:
		return value_string_opt(ret, fd_fields_type(k));
	case FIELD_FD_TYPECHAR:
		return get_type_char(k, ret);
	case FIELD_FD_NAME:
		return get_name(t, k, ret);
	case FIELD_FD_NAMERAW:
		return value_string_opt(ret, v->raw.n || !is_named(k) ? v->raw : path_of(v));
	case FIELD_FD_DIRECTORY:
		return get_directory(t, k, ret);
	case FIELD_FD_FILENAME:
		return get_filename(t, k, ret);
	case FIELD_FD_CONTAINERNAME:
		get_name(t, k, ret);
		return with_container(t, ret);
	case FIELD_FD_CONTAINERDIRECTORY:
		get_directory(t, k, ret);
		return with_container(t, ret);
	case FIELD_FD_L4PROTO:
		return get_protocol(t, k, ret);
	case FIELD_FD_SOCKFAMILY:
		return value_string_opt(ret, is_internet(k)       ? S("ip")
					     : k == EVENT_FD_UNIX ? S("unix")
								  : (str){ 0 });
	case FIELD_FD_CONNECTED:
		return is_internet(k) || k == EVENT_FD_UNIX ? value_bool(ret, v->fd.connected)
							    : value_absent(ret);
	case FIELD_FD_NAME_CHANGED:
		return value_bool(ret, changes_name(v));
	case FIELD_FD_INO:
		return file ? value_uint(ret, v->fd.inode) : value_absent(ret);
	case FIELD_FD_DEV:
		return file ? value_uint(ret, v->fd.device) : value_absent(ret);
	case FIELD_FD_DEV_MAJOR:
		return file ? value_uint(ret, major(v->fd.device)) : value_absent(ret);
	case FIELD_FD_DEV_MINOR:
		return file ? value_uint(ret, minor(v->fd.device)) : value_absent(ret);
	case FIELD_FD_IS_UPPER_LAYER:
		return get_layer(v, k, EVENT_FILE_UPPER, ret);
	case FIELD_FD_IS_LOWER_LAYER:
		return get_layer(v, k, EVENT_FILE_LOWER, ret);
	default:
		return get_end(t, k, field, ret);
	}
}

/* Where a file comes to be or is changed, if the call does that when it succeeds. */
static bool get_written(const struct event *v, struct policy_value *ret)
{
	str path;

	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_OPEN:
		if (!event_fields_opens_write(v))
			return value_absent(ret);
		path = path_of(v);
		break;
	case EVENT_FAMILY_RENAME:
	case EVENT_FAMILY_LINK:
	case EVENT_FAMILY_SYMLINK:
		path = v->path2.n ? v->path2 : v->raw2;
		break;
	case EVENT_FAMILY_MKDIR:
	case EVENT_FAMILY_MKNOD:
	case EVENT_FAMILY_TRUNCATE:
		path = v->path.n ? v->path : v->raw;
		break;
	default:
		return value_absent(ret);
	}
	return path.n ? value_string(ret, path) : value_unknown(ret);
}

bool fd_fields_get(const struct event_target *t, const struct policy_ref *ref,
		   struct policy_value *ret)
{
	if (ref->field < FIELD_FD_NUM || ref->field > FIELD_FS_PATH_WRITTEN)
		return false;
	if (ref->field == FIELD_FS_PATH_WRITTEN)
		return get_written(t->event, ret);
	if (ref->field >= FIELD_FS_PATH_NAME)
		return get_path(t->event, ref->field, ret);
	if (!applies(t))
		return value_absent(ret);
	return get_of_fd(t, t->fd_kind, ref->field, ret);
}

/* Two texts as one, which no others are: neither has a NUL in it. @return false: there is no room */
static bool join(const struct event_target *t, str a, str b, str *ret)
{
	char *bytes;

	*ret = a;
	if (!b.n)
		return true;
	bytes = scratch_take(t->world->scratch, a.n + 1 + b.n);
	if (!bytes)
		return false;
	*ret = (str){ bytes, a.n + 1 + b.n };
	if (a.n)
		memcpy(bytes, a.p, a.n);
	bytes[a.n] = '\0';
	memcpy(bytes + a.n + 1, b.p, b.n);
	return true;
}

bool fd_fields_origin(const struct event_target *t, struct policy_origin *ret)
{
	const struct event *v = t->event;
	uint64_t marks = (uint64_t)t->fd_kind | (uint64_t)event_fields_opens_write(v) << 16;
	str first, second = { 0 };

	if (is_internet(t->fd_kind))
		return false;
	if (event_origin_has_paths((uint16_t)v->type)) {
		if (v->fd.kind != EVENT_FD_NONE || v->fd.path.n)
			return false;
		first = v->path.n ? v->path : v->raw;
		second = v->path2.n ? v->path2 : v->raw2;
	} else {
		first = path_of(v);
		if (event_type_family(v->type) == EVENT_FAMILY_OPEN) {
			marks |= str_eq(v->raw, first) ? 1 << 17 : 0;
			second = marks >> 17 ? (str){ 0 } : v->raw;
		}
	}
	ret->number = marks;
	return join(t, first, second, &ret->text);
}

/* Only where we called: of who is called each time by another port there is little to remember. */
bool fd_fields_ends_origin(const struct event_target *t, struct policy_origin *ret)
{
	enum { EACH = sizeof(struct policy_ip) };
	const struct fd_end *local = &t->ends.local, *remote = &t->ends.remote;
	char *bytes;

	static_assert(EACH == 17, "without padding");
	if (!is_internet(t->fd_kind)) {
		ret->number = 1;
		return true;
	}
	bytes = t->ends.server_side ? NULL : scratch_take(t->world->scratch, 2 * EACH);
	if (!bytes)
		return false;
	memcpy(bytes, &local->ip, EACH);
	memcpy(bytes + EACH, &remote->ip, EACH);
	ret->text = (str){ bytes, 2 * EACH };
	ret->number = 2 | (uint64_t)local->there << 2 | (uint64_t)remote->there << 3 |
		      (uint64_t)remote->port << 16;
	return true;
}

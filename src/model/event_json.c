#include "model/event_json.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "model/field_priv.h"

#define TEXT_MAX ((size_t)128 * 1024)
#define ARGS_MAX 4096

/* X(member, key): the plain members by their kinds. */
#define EVENT_U32(X) \
	X(marks, "marks") \
	X(tid, "tid") \
	X(cpu, "cpu") X(threads, "threads") X(user, "user") X(group, "group") X(mode, "mode")
#define EVENT_U64(X) X(time_ns, "time") X(number, "number") X(cgroup_id, "cgroup") X(flags, "flags")
#define EVENT_STR(X) \
	X(path, "path") \
	X(path2, "path2") X(raw, "raw") X(raw2, "raw2") X(text, "text") X(cwd, "cwd")
#define EXEC_U32(X) \
	X(exe_device, "exeDevice") \
	X(exe_flags, "exeFlags") \
	X(user, "user") \
	X(group, "group") \
	X(real_user, "realUser") \
	X(real_group, "realGroup") \
	X(tty, "tty") \
	X(vpid, "vpid") \
	X(vppid, "vppid") X(vpgid, "vpgid") X(vsid, "vsid") X(pgid, "pgid") X(sid, "sid")
#define EXEC_U64(X) \
	X(exe_inode, "exeInode") \
	X(exe_ctime_ns, "exeCtime") \
	X(exe_mtime_ns, "exeMtime") \
	X(pid_ns, "pidNs") X(mnt_ns, "mntNs") X(net_ns, "netNs") X(user_ns, "userNs")
#define EXEC_STR(X) X(comm, "comm") X(exe_path, "exePath") X(cwd, "cwd")
#define USAGE_U32(X) \
	X(interval_ms, "intervalMs") \
	X(cpu_percent, "cpuPercent") \
	X(forks, "forks") \
	X(execs, "execs") \
	X(threads_now, "threads") \
	X(opens_write, "opensWrite") \
	X(renames, "renames") \
	X(unlinks, "unlinks") \
	X(connects, "connects") \
	X(connects_failed, "connectsFailed") \
	X(distinct_ports, "distinctPorts") \
	X(distinct_peers, "distinctPeers") \
	X(dns_queries, "dnsQueries") X(dns_names, "dnsNames") X(dns_longest, "dnsLongest")

#define OUT_UINT(m, key) \
	if (of->m) \
		json_put_uint(j, key, of->m);
#define OUT_STR(m, key) json_opt_str(j, key, of->m);

static void render_key(struct json_out *j, const char *key, struct process_key k)
{
	if (!k.pid)
		return;
	json_key(j, key);
	json_object_open(j);
	json_put_uint(j, "pid", k.pid);
	json_put_uint(j, "start", k.start_ns);
	json_object_close(j);
}

static void render_caps(struct json_out *j, const struct event_caps *c)
{
	if (!c->effective && !c->permitted && !c->inheritable)
		return;
	json_key(j, "caps");
	json_object_open(j);
	json_put_uint(j, "effective", c->effective);
	json_put_uint(j, "permitted", c->permitted);
	json_put_uint(j, "inheritable", c->inheritable);
	json_object_close(j);
}

/* Strings with NULs behind them, as an array. */
static void render_list(struct json_out *j, const char *key, str s)
{
	if (!s.n)
		return;
	json_key(j, key);
	json_array_open(j);
	if (s.p[s.n - 1] == '\0')
		s.n--;
	for (bool more = true; more;) {
		more = str_find(s, '\0') < s.n;
		json_str(j, str_cut(&s, '\0'));
	}
	json_array_close(j);
}

static void render_exec(struct json_out *j, const struct event_exec *of)
{
	json_key(j, "exec");
	json_object_open(j);
	render_key(j, "parent", of->parent);
	EXEC_STR(OUT_STR)
	render_list(j, "args", of->args);
	render_list(j, "env", of->env);
	EXEC_U32(OUT_UINT)
	EXEC_U64(OUT_UINT)
	/* 0 is root; nobody is left out. */
	if (of->login_user != UINT32_MAX)
		json_put_uint(j, "loginUser", of->login_user);
	render_caps(j, &of->caps);
	json_object_close(j);
}

static void render_end(struct json_out *j, const char *key, const struct event_fd *f,
		       const struct event_end *e)
{
	static const struct event_end none;
	char ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 10];

	if (memcmp(e->ip, none.ip, sizeof(none.ip)) == 0 && !e->port)
		return;
	inet_ntop(f->kind == EVENT_FD_IPV4 ? AF_INET : AF_INET6, e->ip, ip, sizeof(ip));
	snprintf(text, sizeof(text), f->kind == EVENT_FD_IPV4 ? "%s:%u" : "[%s]:%u", ip, e->port);
	json_put_cstr(j, key, text);
}

static void render_fd(struct json_out *j, const struct event_fd *of)
{
	if (of->kind == EVENT_FD_NONE && of->number <= 0 && !of->path.n)
		return;
	json_key(j, "fd");
	json_object_open(j);
	json_put_int(j, "number", of->number);
	if (of->kind) {
		char kind[2] = { (char)(of->kind & 127), '\0' };

		json_put_cstr(j, "kind", of->kind == EVENT_FD_USERFAULT ? "U" : kind);
	}
	OUT_UINT(protocol, "protocol")
	if (of->role)
		json_put_str(j, "role", of->role == 's' ? S("server") : S("client"));
	if (of->connected)
		json_put_bool(j, "connected", true);
	OUT_UINT(domain, "domain")
	render_end(j, "local", of, &of->local);
	render_end(j, "remote", of, &of->remote);
	OUT_STR(path, "path")
	OUT_UINT(inode, "inode")
	OUT_UINT(device, "device")
	OUT_UINT(file_flags, "fileFlags")
	json_object_close(j);
}

static void render_args(struct json_out *j, const int64_t arg[EVENT_MAX_ARGS])
{
	int n = EVENT_MAX_ARGS;

	while (n && !arg[n - 1])
		n--;
	if (!n)
		return;
	json_key(j, "args");
	json_array_open(j);
	for (int i = 0; i < n; i++)
		json_int(j, arg[i]);
	json_array_close(j);
}

static void render_usage(struct json_out *j, const struct event_usage *of)
{
	json_key(j, "usage");
	json_object_open(j);
	USAGE_U32(OUT_UINT)
	json_object_close(j);
}

void event_render(const struct event *of, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "type", event_type_name(of->type));
	render_key(j, "task", of->task);
	EVENT_U64(OUT_UINT)
	EVENT_U32(OUT_UINT)
	if (of->res)
		json_put_int(j, "res", of->res);
	EVENT_STR(OUT_STR)
	render_args(j, of->arg);
	render_fd(j, &of->fd);
	render_caps(j, &of->caps);
	if (of->exec)
		render_exec(j, of->exec);
	if (of->usage)
		render_usage(j, of->usage);
	json_object_close(j);
}

static void parse_int(struct fields *f, const char *key, int64_t *ret)
{
	const struct value *v = f->error ? NULL : value_get(f->object, key);

	if (!v || v->kind == VALUE_NULL)
		return;
	if (v->kind != VALUE_NUMBER || (double)v->integer != v->number)
		field_fail(f, EBADMSG, "field '%s' is no whole number", key);
	else
		*ret = v->integer;
}

static void parse_u64(struct fields *f, const char *key, uint64_t *ret)
{
	int64_t n = (int64_t)*ret;

	parse_int(f, key, &n);
	if (n < 0)
		field_fail(f, EBADMSG, "field '%s' is negative", key);
	else
		*ret = (uint64_t)n;
}

static void parse_bounded(struct fields *f, const char *key, uint64_t most, uint64_t *ret)
{
	parse_u64(f, key, ret);
	if (!f->error && *ret > most)
		field_fail(f, EBADMSG, "field '%s' is too large", key);
}

static void parse_u32(struct fields *f, const char *key, uint32_t *ret)
{
	uint64_t n = *ret;

	parse_bounded(f, key, UINT32_MAX, &n);
	if (!f->error)
		*ret = (uint32_t)n;
}

static struct fields object_at(struct fields *f, const char *key)
{
	const struct value *v = f->error ? NULL : value_get(f->object, key);

	if (!v || v->kind == VALUE_NULL)
		return (struct fields){ .what = key, .error = f->error, .e = f->e };
	return fields_of(v, key, f->arena, f->e);
}

static void parse_key(struct fields *f, const char *key, struct process_key *ret)
{
	struct fields o = object_at(f, key);

	if (o.object || o.error) {
		parse_u32(&o, "pid", &ret->pid);
		parse_u64(&o, "start", &ret->start_ns);
	}
	field_check(f, o.error);
}

static void parse_caps(struct fields *f, struct event_caps *ret)
{
	struct fields o = object_at(f, "caps");

	if (o.object || o.error) {
		parse_u64(&o, "effective", &ret->effective);
		parse_u64(&o, "permitted", &ret->permitted);
		parse_u64(&o, "inheritable", &ret->inheritable);
	}
	field_check(f, o.error);
}

/* An array to strings with NULs behind them. */
static void parse_list(struct fields *f, const char *key, str *ret)
{
	const struct value *list = field_array(f, key, ARGS_MAX);
	size_t bytes = 0, at = 0;
	char *out;

	VALUE_EACH (item, list) {
		bytes += value_str(item).n + 1;
		if (item->kind != VALUE_STRING)
			field_fail(f, EBADMSG, "field '%s' has an element that is no string", key);
	}
	if (f->error || !bytes)
		return;
	if (bytes > TEXT_MAX) {
		field_fail(f, E2BIG, "field '%s' is too long", key);
		return;
	}
	out = arena_alloc(f->arena, bytes);
	if (!out) {
		field_fail(f, ENOBUFS, "memory budget spent");
		return;
	}
	VALUE_EACH (item, list) {
		str s = value_str(item);

		if (s.n)
			memcpy(out + at, s.p, s.n);
		at += s.n + 1;
	}
	*ret = (str){ out, bytes };
}

#define IN_U32(m, key) parse_u32(&o, key, &ret->m);
#define IN_U64(m, key) parse_u64(&o, key, &ret->m);
#define IN_STR(m, key) field_str_max(&o, key, TEXT_MAX, &ret->m);

static void parse_exec(struct fields *f, const struct event_exec **ret_exec)
{
	struct fields o = object_at(f, "exec");
	struct event_exec *ret;

	if (!o.object) {
		field_check(f, o.error);
		return;
	}
	ret = ARENA_NEW(f->arena, struct event_exec);
	if (!ret) {
		field_fail(f, ENOBUFS, "memory budget spent");
		return;
	}
	ret->login_user = UINT32_MAX;
	parse_key(&o, "parent", &ret->parent);
	EXEC_STR(IN_STR)
	parse_list(&o, "args", &ret->args);
	parse_list(&o, "env", &ret->env);
	EXEC_U32(IN_U32)
	IN_U32(login_user, "loginUser")
	EXEC_U64(IN_U64)
	parse_caps(&o, &ret->caps);
	field_check(f, o.error);
	*ret_exec = ret;
}

static void parse_usage(struct fields *f, const struct event_usage **ret_usage)
{
	struct fields o = object_at(f, "usage");
	struct event_usage *ret;

	if (!o.object) {
		field_check(f, o.error);
		return;
	}
	ret = ARENA_NEW(f->arena, struct event_usage);
	if (!ret) {
		field_fail(f, ENOBUFS, "memory budget spent");
		return;
	}
	USAGE_U32(IN_U32)
	field_check(f, o.error);
	*ret_usage = ret;
}

/* "10.0.0.1:80" or "[::1]:80" */
static void parse_end(struct fields *f, const char *key, uint16_t kind, struct event_end *ret)
{
	char ip[INET6_ADDRSTRLEN] = "";
	str text = { 0 }, address;
	uint32_t port;
	size_t colon;

	field_str_max(f, key, 64, &text);
	if (f->error || !text.n)
		return;
	colon = str_find_last(text, ':');
	address = str_take(text, colon);
	if (kind == EVENT_FD_IPV6 && str_starts(address, S("[")) && str_ends(address, S("]")))
		address = str_take(str_skip(address, 1), address.n - 2);
	if (address.n < sizeof(ip))
		memcpy(ip, address.p, address.n);
	if (colon == text.n || str_u32(str_skip(text, colon + 1), &port) < 0 || port > UINT16_MAX ||
	    inet_pton(kind == EVENT_FD_IPV4 ? AF_INET : AF_INET6, ip, ret->ip) != 1) {
		field_fail(f, EBADMSG, "field '%s' is no address and port", key);
		return;
	}
	ret->port = (uint16_t)port;
}

static void parse_kind(struct fields *f, uint16_t *ret)
{
	static const char letters[] = "fd46upeslitmbroU";
	str kind = { 0 };

	field_str_max(f, "kind", 16, &kind);
	if (f->error || !kind.n)
		return;
	if (kind.n != 1 || !kind.p[0] || !strchr(letters, kind.p[0]))
		field_fail(f, EBADMSG, "field 'kind' is none of %s", letters);
	else
		*ret = kind.p[0] == 'U' ? EVENT_FD_USERFAULT : (uint16_t)kind.p[0];
}

static void parse_fd(struct fields *f, struct event_fd *ret)
{
	struct fields o = object_at(f, "fd");
	int64_t number = -1;
	uint64_t protocol = 0, domain = 0, file_flags = 0;
	str role = { 0 };

	ret->number = -1;
	if (!o.object) {
		field_check(f, o.error);
		return;
	}
	parse_int(&o, "number", &number);
	if (number < INT32_MIN || number > INT32_MAX)
		field_fail(&o, EBADMSG, "field 'number' is too large");
	parse_kind(&o, &ret->kind);
	parse_bounded(&o, "protocol", UINT8_MAX, &protocol);
	parse_bounded(&o, "domain", UINT16_MAX, &domain);
	parse_bounded(&o, "fileFlags", UINT8_MAX, &file_flags);
	field_str_max(&o, "role", 16, &role);
	field_bool(&o, "connected", &ret->connected);
	parse_end(&o, "local", ret->kind, &ret->local);
	parse_end(&o, "remote", ret->kind, &ret->remote);
	IN_STR(path, "path")
	IN_U64(inode, "inode")
	IN_U32(device, "device")
	ret->number = (int32_t)number;
	ret->protocol = (uint8_t)protocol;
	ret->domain = (uint16_t)domain;
	ret->file_flags = (uint8_t)file_flags;
	ret->role = str_is(role, "server") ? 's' : str_is(role, "client") ? 'c' : 0;
	field_check(f, o.error);
}

static void parse_args(struct fields *f, int64_t ret[EVENT_MAX_ARGS])
{
	const struct value *list = field_array(f, "args", EVENT_MAX_ARGS);
	size_t i = 0;

	VALUE_EACH (item, list) {
		if (item->kind != VALUE_NUMBER)
			field_fail(f, EBADMSG, "field 'args' has an element that is no number");
		ret[i++] = value_int(item, 0);
	}
}

int event_parse(const struct value *v, struct arena *a, struct event *ret_event, struct err *e)
{
	struct fields o = fields_of(v, "event", a, e);
	struct event out = { 0 }, *ret = &out;
	str type = { 0 };

	field_str_needed(&o, "type", &type);
	out.type = event_type_find(type);
	if (!o.error && out.type == EVENT_TYPE_COUNT)
		field_fail(&o, EBADMSG, "no type is called '%.*s'", STR_ARG(type));
	parse_key(&o, "task", &out.task);
	EVENT_U64(IN_U64)
	EVENT_U32(IN_U32)
	EVENT_STR(IN_STR)
	parse_int(&o, "res", &out.res);
	parse_args(&o, out.arg);
	parse_fd(&o, &out.fd);
	parse_caps(&o, &out.caps);
	parse_exec(&o, &out.exec);
	parse_usage(&o, &out.usage);
	if (!o.error)
		*ret_event = out;
	return o.error;
}

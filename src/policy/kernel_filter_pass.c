#include <fcntl.h>

#include "policy/kernel_filter_priv.h"

/* How an open opens, as struct kernel_clause's open_modes. */
static uint8_t open_mode(const struct event *v)
{
	uint64_t flags = v->flags;
	uint8_t mode;

	if (v->type == EVENT_CREAT)
		flags |= O_CREAT | O_WRONLY;
	mode = (flags & O_ACCMODE) == O_RDONLY ? 1 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 3;
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) && v->mode & 0111)
		mode |= 4;
	return mode;
}

static bool test_holds(const struct kernel_path *t, str path)
{
	size_t slash = str_find_last(path, '/');

	switch (t->test) {
	case KERNEL_PATH_EXACT:
		return str_eq(path, t->text);
	case KERNEL_PATH_PREFIX:
		return str_starts(path, t->text);
	case KERNEL_PATH_DIR:
		return str_starts(path, t->text) &&
		       (path.n == t->text.n || path.p[t->text.n] == '/');
	case KERNEL_PATH_SUFFIX:
		return str_ends(path, t->text);
	case KERNEL_PATH_BASENAME:
		return str_eq(slash < path.n ? str_skip(path, slash + 1) : path, t->text);
	case KERNEL_PATH_TOP:
		return slash == 0 || slash >= path.n;
	case KERNEL_PATH_CONTAINS:
		return str_search(path, t->text) < path.n;
	}
	return true;
}

/* A cut path may have lost what the test looks for. */
static bool one_path_passes(const struct kernel_clause *c, const struct event *v, str path)
{
	for (size_t i = 0; path.n && i < c->path_count; i++)
		if (test_holds(c->paths[i], path))
			return true;
	return path.n && v->marks & EVENT_TRUNCATED;
}

/* A path as the program gave it: relative, or with empty components, it is compared as no literal is written. */
static bool is_odd(str raw)
{
	return raw.n && (raw.p[0] != '/' || str_search(raw, S("//")) < raw.n);
}

/* Each path resolved, or as given where that is all there is; none at all is not known and passes. */
static bool paths_pass(const struct kernel_clause *c, const struct event *v)
{
	enum event_family f = event_type_family(v->type);
	bool two = f == EVENT_FAMILY_RENAME || f == EVENT_FAMILY_LINK || f == EVENT_FAMILY_SYMLINK;
	str first = v->path.n ? v->path : v->raw, second = v->path2.n ? v->path2 : v->raw2;

	if ((!first.n && !v->fd.path.n) || (two && !second.n))
		return true;
	if (f != EVENT_FAMILY_SYMLINK && !v->path.n && is_odd(v->raw))
		return true;
	if (!v->path2.n && is_odd(v->raw2))
		return true;
	return one_path_passes(c, v, first) || one_path_passes(c, v, second) ||
	       one_path_passes(c, v, v->fd.path) ||
	       (f == EVENT_FAMILY_SYMLINK && one_path_passes(c, v, v->raw));
}

static bool may_climb(const struct event *v)
{
	str given = v->raw.n ? v->raw : v->path;

	return !given.n || v->marks & EVENT_TRUNCATED || str_search(given, S("..")) < given.n;
}

/* Of what fails there is no file. One that was gone before it could be looked at may have been. */
static bool may_be_upper(const struct event *v)
{
	return v->res < 0 || !(v->fd.file_flags & EVENT_FILE_SEEN) ||
	       v->fd.file_flags & EVENT_FILE_UPPER;
}

static uint8_t family_of(const struct event *v)
{
	switch (v->fd.kind) {
	case EVENT_FD_IPV4:
		return v->fd.local.ip[0] == 127 && v->fd.remote.ip[0] == 127 ? KERNEL_LOOPBACK
									     : KERNEL_IPV4;
	case EVENT_FD_IPV6:
		return KERNEL_IPV6;
	case EVENT_FD_UNIX:
		return KERNEL_UNIX;
	default:
		return KERNEL_INTERNET | KERNEL_UNIX; /* not known */
	}
}

static bool has_port(const struct kernel_clause *c, const struct event *v)
{
	for (size_t i = 0; i < c->port_count; i++)
		if (c->ports[i] == v->fd.local.port || c->ports[i] == v->fd.remote.port)
			return true;
	return false;
}

static bool has_comm(const struct kernel_clause *c, str comm)
{
	for (size_t i = 0; comm.n && i < c->comm_count; i++)
		if (str_eq(c->comms[i], comm))
			return true;
	return !comm.n;
}

static bool clause_passes(const struct kernel_clause *c, const struct event *v, str comm,
			  bool in_container)
{
	if ((c->container_only && !in_container) || (c->host_only && in_container))
		return false;
	if ((c->failed_only && v->res >= 0) || (c->success_only && v->res < 0))
		return false;
	if (c->open_modes && !(c->open_modes & open_mode(v)))
		return false;
	if (c->families && !(c->families & family_of(v)))
		return false;
	if (c->climbs && !may_climb(v))
		return false;
	if (c->upper && !may_be_upper(v))
		return false;
	if (c->unconnected && v->fd.connected)
		return false;
	if (c->port_count && !has_port(c, v))
		return false;
	if (c->comm_count && !has_comm(c, comm))
		return false;
	return !c->paths_any || paths_pass(c, v);
}

bool kernel_filter_passes(const struct kernel_filter *f, const struct event *v, str comm,
			  bool in_container)
{
	for (size_t i = 0; i < f->clause_count[v->type]; i++)
		if (clause_passes(&f->clauses[v->type][i], v, comm, in_container))
			return true;
	return false;
}

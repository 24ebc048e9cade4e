#include "kern/record_complete.h"

static bool is_normal(str path)
{
	for (size_t i = 0; i < path.n; i++) {
		str rest = str_skip(path, i);

		if (path.p[i] != '/')
			continue;
		if (str_starts(rest, S("//")) || str_starts(rest, S("/./")) ||
		    str_starts(rest, S("/../")) || str_is(rest, "/.") || str_is(rest, "/..") ||
		    (rest.n == 1 && path.n > 1))
			return false;
	}
	return true;
}

str record_normal_path(str path, char *to)
{
	size_t n = 0;

	if (!path.n || path.p[0] != '/' || path.n >= RECORD_NORMAL_BYTES || is_normal(path))
		return path;
	while (path.n) {
		str part = str_cut(&path, '/');

		if (!part.n || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (n && to[--n] != '/')
				;
			continue;
		}
		to[n++] = '/';
		memcpy(to + n, part.p, part.n);
		n += part.n;
	}
	if (!n)
		to[n++] = '/';
	return (str){ to, n };
}

static bool complete_dns(struct record_room *room, struct event *v)
{
	struct dns_question q;

	if (dns_question_parse(v->raw, room->name, &q, NULL))
		return false;
	v->raw = (str){ NULL, 0 };
	v->text = q.name;
	v->arg[0] = q.type;
	return true;
}

bool record_complete(struct event *v, struct record_room *room)
{
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_SYMLINK: /* its path is the target's text, as it is */
		v->path2 = record_normal_path(v->path2, room->paths[1]);
		return true;
	case EVENT_FAMILY_OPEN:
		v->path = record_normal_path(v->path, room->paths[0]);
		v->fd.path = v->path;
		return true;
	case EVENT_FAMILY_DNS:
		return complete_dns(room, v);
	case EVENT_FAMILY_EXEC:
	case EVENT_FAMILY_CGROUP:
		return true;
	case EVENT_FAMILY_MODULE:
		v->path = v->fd.path;
		return true;
	case EVENT_FAMILY_CHMOD:
	case EVENT_FAMILY_CHOWN:
	case EVENT_FAMILY_TRUNCATE:
	case EVENT_FAMILY_SETXATTR:
		if (v->fd.number >= 0)
			v->fd.path = v->path;
		break;
	default:
		break;
	}
	v->path = record_normal_path(v->path, room->paths[0]);
	v->path2 = record_normal_path(v->path2, room->paths[1]);
	return true;
}

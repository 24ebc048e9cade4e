#include "policy/falco_field.h"

enum why { OTHERWISE, CALL, BEGAN, FIGURE, PLUGIN, ADDRESS, CLUSTER };

static const struct missed {
	const char *name, *nearest;
	enum why why;
} fields[] = {
#define X(name, nearest, why) { name, nearest, why },
#include "policy/falco_field.def"
#undef X
};

static int tell(const struct missed *m, str name, struct err *e)
{
	switch (m->why) {
	case OTHERWISE:
		return err_set(e, ENOENT,
			       "Falco has a field '%.*s', Skep has not; the nearest is '%s'",
			       STR_ARG(name), m->nearest);
	case CALL:
		return err_set(
			e, ENOENT,
			"Falco has a field '%.*s', Skep has not: it is of calls that are not "
			"told (read, write, poll)",
			STR_ARG(name));
	case BEGAN:
		return err_set(
			e, ENOENT,
			"Falco has a field '%.*s', Skep has not: when a call began is not told",
			STR_ARG(name));
	case FIGURE:
		return err_set(
			e, ENOENT,
			"Falco has a field '%.*s', Skep has not: how much a process uses is not "
			"told, how much a container does is (usage.*)",
			STR_ARG(name));
	case PLUGIN:
		return err_set(e, ENOENT,
			       "Falco has a field '%.*s', Skep has not: it is of plugins' events",
			       STR_ARG(name));
	case ADDRESS:
		return err_set(
			e, ENOENT,
			"Falco has a field '%.*s', Skep has not: addresses of containers are not "
			"known, those of connections are (fd.lip, fd.rip)",
			STR_ARG(name));
	case CLUSTER:
		return err_set(e, ENOENT,
			       "Falco has a field '%.*s', Skep has not: the agent does not ask "
			       "Kubernetes, it knows of pods what engines do (k8s.*)",
			       STR_ARG(name));
	}
	return 0;
}

int falco_field_missed(str name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		str known = str_from(fields[i].name);

		if (str_starts(name, known) && (name.n == known.n || name.p[known.n] == '.'))
			return tell(&fields[i], name, e);
	}
	return 0;
}

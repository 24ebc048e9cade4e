#include "asset/probe_spec.h"

#include "codec/json.h"

#define MAX_WORDS 256

/* The words of a list from the @p first on, parted by blanks; empty where one is no word or there are too many. */
static str join(const struct value *list, size_t first, struct arena *a)
{
	str out = { NULL, 0 };
	size_t i = 0;

	if (!list || list->kind != VALUE_ARRAY || list->count > MAX_WORDS)
		return out;
	VALUE_EACH (word, list) {
		if (i++ < first)
			continue;
		if (word->kind != VALUE_STRING)
			return (str){ NULL, 0 };
		out = i - 1 == first ? value_str(word)
				     : arena_printf(a, "%.*s %.*s", STR_ARG(out),
						    STR_ARG(value_str(word)));
	}
	return out;
}

static void take_test(const struct value *test, str shell, struct arena *a, struct container *c)
{
	str kind = value_str(value_at(test, 0)), line = value_str(value_at(test, 1));

	c->known |= CONTAINER_HEALTHCHECK;
	if (str_is(kind, "CMD"))
		c->healthcheck = join(test, 1, a);
	else if (str_is(kind, "CMD-SHELL") && line.n)
		c->healthcheck = arena_printf(
			a, "%.*s %.*s", STR_ARG(shell.n ? shell : S("/bin/sh -c")), STR_ARG(line));
}

void probe_spec_docker(const struct value *config, struct arena *a, struct container *c)
{
	take_test(value_path(config, "Healthcheck.Test"), join(value_get(config, "Shell"), 0, a), a,
		  c);
}

void probe_spec_podman(const struct value *healthcheck, struct arena *a, struct container *c)
{
	take_test(value_get(healthcheck, "Test"), (str){ NULL, 0 }, a, c);
}

void probe_spec_pod(str pod, str name, struct arena *a, struct container *c)
{
	struct value v;

	if (!pod.n || !name.n || json_parse(pod, a, &v, NULL) < 0)
		return;
	VALUE_EACH (of, value_path(&v, "spec.containers")) {
		if (!str_eq(value_get_str(of, "name"), name))
			continue;
		c->liveness_probe = join(value_path(of, "livenessProbe.exec.command"), 0, a);
		c->readiness_probe = join(value_path(of, "readinessProbe.exec.command"), 0, a);
		c->known |= CONTAINER_PROBES;
		return;
	}
}

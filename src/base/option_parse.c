#include "base/option.h"

#include "base/suggest.h"

static int push_arg(struct option_set *s, const char *arg, struct err *e)
{
	/* One place beyond the count stays NULL: arena memory is zeroed. */
	if (s->arg_count + 1 >= s->arg_cap) {
		const char **args =
			arena_grow(s->arena, s->args, s->arg_count, &s->arg_cap, sizeof(*s->args));

		if (!args)
			return err_set(e, ENOBUFS, "options: memory budget spent");
		s->args = args;
	}
	s->args[s->arg_count++] = arg;
	s->args[s->arg_count] = NULL;
	return 0;
}

static int unknown_long(const struct option_set *s, str name, struct err *e)
{
	struct suggestion near = suggestion_for(name);

	for (size_t i = 0; i < s->count; i++)
		suggestion_offer(&near, str_from(s->values[i].def->name));
	if (near.best.n)
		return err_set(e, EINVAL, "unknown option '--%.*s'; did you mean '--%.*s'?",
			       STR_ARG(name), STR_ARG(near.best));
	return err_set(e, EINVAL, "unknown option '--%.*s'; --help lists those there are",
		       STR_ARG(name));
}

/** @return words taken from @p next: 0 or 1 */
static int take_long(struct option_set *s, const char *arg, const char *next, struct err *e)
{
	const char *equals = strchr(arg, '=');
	str name = equals ? (str){ arg, (size_t)(equals - arg) } : str_from(arg);
	struct option_value *v = option_set_find(s, name);
	int r;

	if (!v)
		return unknown_long(s, name, e);
	if (equals)
		return option_set_assign(s, v, equals + 1, OPTION_ARGV, "flag", e);
	if (!option_takes_value(v->def))
		return option_set_assign(s, v, "1", OPTION_ARGV, "flag", e);
	if (!next)
		return err_set(e, EINVAL, "option '--%s' needs a value: --%s %s", v->def->name,
			       v->def->name, v->def->arg);
	r = option_set_assign(s, v, next, OPTION_ARGV, "flag", e);
	return r < 0 ? r : 1;
}

static struct option_value *find_letter(const struct option_set *s, char letter)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->values[i].def->letter == letter)
			return &s->values[i];
	return NULL;
}

/** @return words taken from @p next: 0 or 1 */
static int take_cluster(struct option_set *s, const char *letters, const char *next, struct err *e)
{
	int r;

	for (; *letters; letters++) {
		struct option_value *v = find_letter(s, *letters);

		if (!v)
			return err_set(e, EINVAL,
				       "unknown option '-%c'; --help lists those there are",
				       *letters);
		if (!option_takes_value(v->def)) {
			r = option_set_assign(s, v, "1", OPTION_ARGV, "flag", e);
			if (r < 0)
				return r;
			continue;
		}
		if (letters[1]) {
			const char *text = letters + 1 + (letters[1] == '=');

			return option_set_assign(s, v, text, OPTION_ARGV, "flag", e);
		}
		if (!next)
			return err_set(e, EINVAL, "option '-%c' needs a value: -%c %s", *letters,
				       *letters, v->def->arg);
		r = option_set_assign(s, v, next, OPTION_ARGV, "flag", e);
		return r < 0 ? r : 1;
	}
	return 0;
}

int option_set_parse(struct option_set *s, int argc, const char *const *argv, struct err *e)
{
	bool only_words = false;

	for (int i = 0; i < argc; i++) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		int r;

		if (only_words || arg[0] != '-' || !arg[1]) {
			r = push_arg(s, arg, e);
		} else if (strcmp(arg, "--") == 0) {
			only_words = true;
			continue;
		} else if (arg[1] == '-') {
			r = take_long(s, arg + 2, next, e);
		} else {
			r = take_cluster(s, arg + 1, next, e);
		}
		if (r < 0)
			return r;
		i += r;
	}
	return 0;
}

#include "prog/skep/config.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/suggest.h"
#include "codec/yaml.h"

#define CONFIG_MAX_BYTES (1 << 20)
#define CONFIG_MAX_FILES 4

struct config_file {
	const char *path;
	str text;
};

/* The files looked for, nearest first, NULL-terminated. */
static const char *const *config_paths(struct invocation *v)
{
	const char **paths = ARENA_ARRAY(v->arena, CONFIG_MAX_FILES, const char *);
	const char *home = getenv("XDG_CONFIG_HOME"), *below = "skep/config.yaml";
	size_t n = 0;

	if (!paths)
		return NULL;
	if (option_text(&v->options, "config")) {
		paths[0] = option_text(&v->options, "config");
		return paths;
	}
	paths[n++] = "./.skep.yaml";
	if (!home || !*home) {
		home = getenv("HOME");
		below = ".config/skep/config.yaml";
	}
	if (home && *home) {
		str path = arena_printf(v->arena, "%s/%s", home, below);

		if (!path.p)
			return NULL;
		paths[n++] = path.p;
	}
	paths[n++] = "/etc/skep/skep.yaml";
	return paths;
}

struct place {
	uint32_t line, column;
};

/** Finds where the text says "key:"; a value tree does not keep the columns of keys. */
static struct place key_place(const struct config_file *f, str key, uint32_t from_line)
{
	str rest = f->text;

	for (uint32_t no = 1; rest.n; no++) {
		str line = str_line(&rest), at = line;

		while (at.n &&
		       (at.p[0] == ' ' || at.p[0] == '"' || at.p[0] == '\'' || at.p[0] == '{'))
			at = str_skip(at, 1);
		if (no >= from_line && str_starts(at, key))
			return (struct place){ no, (uint32_t)(line.n - at.n) + 1 };
	}
	return (struct place){ MAX(from_line, 1), 1 };
}

static const struct option_def *find_in(const struct option_def *table, str name)
{
	for (; table && table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

/** The option's entry in the global table or any command's. */
static const struct option_def *find_anywhere(str name, struct suggestion *near)
{
	const struct option_def *found = find_in(global_options, name);

	for (const struct option_def *d = global_options; d->name; d++)
		suggestion_offer(near, str_from(d->name));
	for (const struct command *const *c = commands; *c; c++)
		for (size_t i = 0; (*c)->options[i]; i++) {
			if (!found)
				found = find_in((*c)->options[i], name);
			for (const struct option_def *d = (*c)->options[i]; d->name; d++)
				suggestion_offer(near, str_from(d->name));
		}
	return found;
}

static int unknown_key(struct invocation *v, const struct config_file *f, str key, uint32_t line)
{
	struct suggestion near = suggestion_for(key);
	struct place at = key_place(f, key, line);

	find_anywhere(key, &near);
	if (near.best.n && !str_eq(near.best, key))
		return err_set(&v->err, EINVAL,
			       "%s:%u:%u: unknown key '%.*s'; did you mean '%.*s'?", f->path,
			       at.line, at.column, STR_ARG(key), STR_ARG(near.best));
	return err_set(&v->err, EINVAL, "%s:%u:%u: unknown key '%.*s'", f->path, at.line, at.column,
		       STR_ARG(key));
}

static int assign_text(struct invocation *v, struct option_value *o, str text, const char *where)
{
	str copy = arena_str(v->arena, text);

	if (!copy.p)
		return err_set(&v->err, ENOBUFS, "configuration: memory budget spent");
	return option_set_assign(&v->options, o, copy.p, OPTION_FILE, where, &v->err);
}

static int assign(struct invocation *v, const struct config_file *f, str key,
		  const struct value *value)
{
	struct option_value *o = option_set_find(&v->options, key);
	struct place at = key_place(f, key, 0);
	str where = arena_printf(v->arena, "%s:%u", f->path, at.line);
	int r = 0;

	/* A nearer file, the environment or a flag has spoken; or this command has no such option. */
	if (!o || o->origin >= OPTION_FILE)
		return 0;
	if (!where.p)
		return err_set(&v->err, ENOBUFS, "configuration: memory budget spent");
	if (value->kind == VALUE_ARRAY) {
		for (size_t i = 0; r >= 0 && i < value->count; i++)
			r = assign_text(v, o, value_str(&value->items[i]), where.p);
	} else if (value->kind == VALUE_OBJECT) {
		VALUE_MEMBERS (m, value) {
			str pair = arena_printf(v->arena, "%.*s=%.*s", STR_ARG(m->key),
						STR_ARG(value_str(&m->value)));

			r = r < 0 ? r : assign_text(v, o, pair, where.p);
		}
	} else if (value->kind != VALUE_NULL) {
		r = assign_text(v, o, value_str(value), where.p);
	}
	return r;
}

/** Options for one command alone win over the file's general ones, so they are taken first. */
static int apply_sections(struct invocation *v, const struct config_file *f,
			  const struct value *document)
{
	VALUE_MEMBERS (m, document) {
		bool mine = v->command && str_is(m->key, v->command->name);

		if (m->value.kind != VALUE_OBJECT || !command_find(m->key))
			continue;
		VALUE_MEMBERS (inner, &m->value) {
			struct suggestion near = suggestion_for(inner->key);
			int r = 0;

			if (!find_anywhere(inner->key, &near))
				return unknown_key(v, f, inner->key, key_place(f, m->key, 0).line);
			if (mine)
				r = assign(v, f, inner->key, &inner->value);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int apply_document(struct invocation *v, const struct config_file *f,
			  const struct value *document)
{
	int r = apply_sections(v, f, document);

	if (r < 0)
		return r;
	if (document->kind != VALUE_OBJECT && document->kind != VALUE_NULL)
		return err_set(&v->err, EINVAL, "%s:1:1: expected 'option: value' lines", f->path);
	VALUE_MEMBERS (m, document) {
		struct suggestion near = suggestion_for(m->key);

		if (m->value.kind == VALUE_OBJECT && command_find(m->key))
			continue;
		if (!find_anywhere(m->key, &near))
			return unknown_key(v, f, m->key, 0);
		r = assign(v, f, m->key, &m->value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_file(struct invocation *v, const char *path, bool required)
{
	struct buf bytes = { .max = CONFIG_MAX_BYTES };
	struct config_file f = { .path = path };
	struct value document = { 0 };
	int r = file_read(AT_FDCWD, path, CONFIG_MAX_BYTES, &bytes, &v->err);

	if (r < 0) {
		buf_done(&bytes);
		if (!required && (r == -ENOENT || r == -ENOTDIR || r == -EACCES))
			return 0;
		err_wrap(&v->err, r, "configuration '%s'", path);
		return -EINVAL;
	}
	f.text = arena_str(v->arena, buf_str(&bytes));
	buf_done(&bytes);
	if (!f.text.p)
		return err_set(&v->err, ENOBUFS, "configuration: memory budget spent");
	if (yaml_parse(f.text, v->arena, &document, &v->err) < 0) {
		err_wrap(&v->err, -EINVAL, "%s", path);
		return -EINVAL;
	}
	return apply_document(v, &f, &document);
}

int config_apply(struct invocation *v)
{
	const char *const *paths;

	if (option_flag(&v->options, "help"))
		return 0;
	paths = config_paths(v);
	if (!paths)
		return err_set(&v->err, ENOBUFS, "configuration: memory budget spent");
	for (; *paths; paths++) {
		int r = apply_file(v, *paths, option_text(&v->options, "config") != NULL);

		if (r < 0)
			return r;
	}
	v->err = (struct err){ .translate = v->err.translate };
	return 0;
}

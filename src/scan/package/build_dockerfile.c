#include "scan/package/build_dockerfile.h"

#include <ctype.h>

#include "base/buf.h"

struct variable {
	str name, value;
};

struct reader {
	struct arena *a;
	struct variable *variables;
	size_t count, cap;
	str component, architecture;
	struct err *e;
};

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "build Dockerfile: memory budget spent");
}

/* The next instruction: lines joined where they end in a backslash, without the comments in between. */
static str next_instruction(str *rest, struct buf *joined)
{
	buf_reset(joined);
	while (rest->n) {
		str line = str_trim(str_line(rest));

		if (str_starts(line, S("#")))
			continue;
		if (!str_ends(line, S("\\"))) {
			buf_add(joined, line);
			break;
		}
		buf_add(joined, str_take(line, line.n - 1));
		buf_byte(joined, ' ');
	}
	return str_trim(buf_str(joined));
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "$NAME" or "${NAME}" at the start of @p s; an unknown one is nothing. @return how many bytes it takes */
static size_t expand(const struct reader *r, str s, struct buf *out)
{
	bool braces = s.n > 1 && s.p[1] == '{';
	size_t from = braces ? 2 : 1, n = from;
	str name;

	while (n < s.n && is_name_byte(s.p[n]))
		n++;
	name = str_take(str_skip(s, from), n - from);
	for (size_t i = r->count; i-- > 0;)
		if (str_eq(r->variables[i].name, name)) {
			buf_add(out, r->variables[i].value);
			break;
		}
	/* What follows in braces (":-word") is no name. */
	while (braces && n < s.n && s.p[n] != '}')
		n++;
	return MIN(n + (braces ? 1 : 0), s.n);
}

/* The next word of a list of KEY=VALUE, quotes taken off. @return whether it had a '=' outside of quotes */
static bool next_pair(const struct reader *r, str *rest, struct buf *key, struct buf *value)
{
	struct buf *out = key;
	char quote = 0;
	size_t i = 0;
	str s = *rest = str_trim(*rest);

	buf_reset(key);
	buf_reset(value);
	while (i < s.n && (quote || !isspace((unsigned char)s.p[i]))) {
		char c = s.p[i];

		if (quote ? c == quote : (c == '"' || c == '\'')) {
			quote = quote ? 0 : c;
			i++;
		} else if (c == '\\' && quote != '\'' && i + 1 < s.n) {
			buf_byte(out, s.p[i + 1]);
			i += 2;
		} else if (c == '$' && quote != '\'') {
			i += expand(r, str_skip(s, i), out);
		} else if (c == '=' && !quote && out == key) {
			out = value;
			i++;
		} else {
			buf_byte(out, c);
			i++;
		}
	}
	*rest = str_skip(s, i);
	return out == value;
}

static int set_variable(struct reader *r, str name, str value)
{
	struct variable *v;

	if (r->count == BUILD_DOCKERFILE_MAX_VARIABLES)
		return err_set(r->e, E2BIG, "build Dockerfile: more than %d variables",
			       BUILD_DOCKERFILE_MAX_VARIABLES);
	v = ARENA_PUSH(r->a, r->variables, r->count, r->cap);
	if (!v)
		return spent(r->e);
	v->name = arena_str(r->a, name);
	v->value = arena_str(r->a, value);
	return v->name.p && v->value.p ? 0 : spent(r->e);
}

static int set_label(struct reader *r, str name, str value)
{
	str *to = NULL;

	if (str_eq_nocase(name, S("com.redhat.component")) || str_eq_nocase(name, S("BZComponent")))
		to = &r->component;
	else if (str_eq_nocase(name, S("architecture")))
		to = &r->architecture;
	if (!to)
		return 0;
	*to = arena_str(r->a, value);
	return to->p ? 0 : spent(r->e);
}

static int read_pairs(struct reader *r, str rest, int (*set)(struct reader *, str, str))
{
	OWNED_BUF key = { .max = BUILD_DOCKERFILE_MAX_WORD_BYTES };
	OWNED_BUF value = { .max = BUILD_DOCKERFILE_MAX_WORD_BYTES };

	while (rest.n) {
		bool is_pair = next_pair(r, &rest, &key, &value);
		int error = buf_error(&key) < 0 ? buf_error(&key) : buf_error(&value), code;

		if (error == -E2BIG)
			return err_set(r->e, E2BIG, "build Dockerfile: a word over %d bytes",
				       BUILD_DOCKERFILE_MAX_WORD_BYTES);
		if (error < 0)
			return spent(r->e);
		/* "ENV NAME the rest of the line", as it was written first. */
		code = is_pair ? set(r, buf_str(&key), buf_str(&value))
			       : set(r, buf_str(&key), str_trim(rest));
		if (code < 0 || !is_pair)
			return code;
	}
	return 0;
}

static int read_instruction(struct reader *r, str line)
{
	str rest = line, word = str_cut(&rest, ' ');

	if (str_eq_nocase(word, S("LABEL")))
		return read_pairs(r, rest, set_label);
	if (str_eq_nocase(word, S("ENV")) || str_eq_nocase(word, S("ARG")))
		return read_pairs(r, rest, set_variable);
	return 0;
}

/* "8.0-122" of "Dockerfile-ubi8-8.0-122". */
static str version_of(str path)
{
	str name = str_skip(path,
			    str_find_last(path, '/') < path.n ? str_find_last(path, '/') + 1 : 0);
	size_t release = str_find_last(name, '-');
	size_t version = str_find_last(str_take(name, release), '-');

	return release < name.n && version < release ? str_skip(name, version + 1) : (str){ 0 };
}

/* Part of the name of a build: no blanks, nothing that is no text. */
static bool is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= 256;
}

int build_dockerfile_parse(str path, str text, struct arena *a, str *ret, struct err *e)
{
	struct reader r = { .a = a, .e = e };
	str version = version_of(path), build = { 0 };
	OWNED_BUF line = BUF_INIT;

	if (!is_plain(version))
		return err_set(e, EBADMSG,
			       "build Dockerfile: its name ends in no version and release");
	while (text.n) {
		int code = read_instruction(&r, next_instruction(&text, &line));

		if (code < 0)
			return code;
		if (buf_error(&line) < 0)
			return spent(e);
	}
	if (is_plain(r.component) && is_plain(r.architecture)) {
		build = arena_printf(a, "%.*s-%.*s-%.*s", STR_ARG(r.component), STR_ARG(version),
				     STR_ARG(r.architecture));
		if (!build.p)
			return spent(e);
	}
	*ret = build;
	return 0;
}

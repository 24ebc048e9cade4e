#include "base/option.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/quantity.h"
#include "base/word.h"

bool option_takes_value(const struct option_def *d)
{
	return d->type != OPTION_FLAG && d->type != OPTION_COUNT;
}

void option_set_init(struct option_set *s, struct arena *a)
{
	*s = (struct option_set){ .arena = a };
}

struct option_value *option_set_find(const struct option_set *s, str name)
{
	for (size_t i = 0; i < s->count; i++)
		if (str_is(name, s->values[i].def->name))
			return &s->values[i];
	return NULL;
}

static const char *const no_items[] = { NULL };

int option_set_add(struct option_set *s, const struct option_def *table, struct err *e)
{
	for (const struct option_def *d = table; d->name; d++) {
		struct option_value *v;

		assert(!option_set_find(s, str_from(d->name)));
		v = ARENA_PUSH(s->arena, s->values, s->count, s->cap);
		if (!v)
			return err_set(e, ENOBUFS, "options: memory budget spent");
		v->def = d;
		if (!d->fallback)
			continue;

		int r = option_set_assign(s, v, d->fallback, OPTION_DEFAULT, "default", e);

		assert(r != -EINVAL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_bool(str text, uint64_t *ret)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0", "" };

	bool is_yes = WORD_FIND_NOCASE(yes, text) >= 0;

	if (!is_yes && WORD_FIND_NOCASE(no, text) < 0)
		return -EBADMSG;
	*ret = is_yes;
	return 0;
}

static int parse_number(enum option_type type, str text, uint64_t *ret)
{
	switch (type) {
	case OPTION_FLAG:
		return parse_bool(text, ret);
	case OPTION_BYTES:
		return quantity_bytes(text, ret);
	case OPTION_DURATION:
		return quantity_seconds(text, ret);
	case OPTION_COUNT:
	case OPTION_U64:
		return str_u64(text, ret);
	default:
		return 0;
	}
}

static bool is_choice(const char *choices, str text)
{
	str rest = str_from(choices);

	while (rest.n)
		if (str_eq(str_cut(&rest, '|'), text))
			return true;
	return false;
}

static int refuse(const struct option_value *v, const char *text, const char *where, struct err *e)
{
	const struct option_def *d = v->def;
	bool flag = strcmp(where, "flag") == 0;
	const char *source = flag ? "" : where, *sep = flag ? "" : ": ";

	if (d->type == OPTION_CHOICE)
		return err_set(e, EINVAL, "%s%s--%s: '%s' is none of %s", source, sep, d->name,
			       text, d->choices);
	switch (d->type) {
	case OPTION_FLAG:
		return err_set(e, EINVAL, "%s%s--%s: '%s' is not true or false", source, sep,
			       d->name, text);
	case OPTION_BYTES:
		return err_set(e, EINVAL, "%s%s--%s: '%s' is not a size such as 512MiB", source,
			       sep, d->name, text);
	case OPTION_DURATION:
		return err_set(e, EINVAL, "%s%s--%s: '%s' is not a duration such as 90s, 12h or 7d",
			       source, sep, d->name, text);
	default:
		return err_set(e, EINVAL, "%s%s--%s: '%s' is not a whole number", source, sep,
			       d->name, text);
	}
}

static int push_item(struct option_set *s, struct option_value *v, str item)
{
	const char **at;

	item = arena_str(s->arena, item);
	if (!item.p)
		return -ENOBUFS;
	/* One place beyond the count stays NULL. */
	if (v->count + 1 >= v->cap) {
		const char **items =
			arena_grow(s->arena, v->items, v->count, &v->cap, sizeof(*v->items));

		if (!items)
			return -ENOBUFS;
		v->items = items;
	}
	at = &v->items[v->count++];
	at[0] = item.p;
	at[1] = NULL;
	return 0;
}

static int push_items(struct option_set *s, struct option_value *v, str text)
{
	if (v->def->type == OPTION_MULTI)
		return push_item(s, v, text);
	while (text.n) {
		str item = str_trim(str_cut(&text, ','));
		int r = item.n ? push_item(s, v, item) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int option_set_assign(struct option_set *s, struct option_value *v, const char *text,
		      enum option_origin origin, const char *where, struct err *e)
{
	enum option_type type = v->def->type;
	uint64_t number = 0;

	if (origin < v->origin)
		return 0;
	if (parse_number(type, str_from(text), &number) < 0)
		return refuse(v, text, where, e);
	if (type == OPTION_CHOICE && !is_choice(v->def->choices, str_from(text)))
		return refuse(v, text, where, e);
	if (type == OPTION_LIST || type == OPTION_MULTI) {
		if (origin > v->origin)
			v->count = 0;
		if (push_items(s, v, str_from(text)) < 0)
			return err_set(e, ENOBUFS, "options: memory budget spent");
	}
	if (type == OPTION_COUNT && origin == OPTION_ARGV && v->origin == OPTION_ARGV)
		number += v->number;
	v->number = number;
	v->text = option_takes_value(v->def) ? text : NULL;
	v->origin = origin;
	v->where = where;
	return 0;
}

/** What tells where an option was given: nothing for a flag, and one that was not given. */
static const char *source_of(const struct option_value *v, const char **ret_sep)
{
	const bool is_told = v->where && strcmp(v->where, "flag") != 0;

	*ret_sep = is_told ? ": " : "";
	return is_told ? v->where : "";
}

int option_blame(const struct option_set *s, const char *name, struct err *e)
{
	const struct option_value *v = option_set_find(s, str_from(name));
	const char *sep, *source = source_of(v, &sep);

	return err_wrap(e, -EINVAL, "%s%s--%s", source, sep, name);
}

/* A pipe nobody writes to would keep us waiting. @return -errno */
static int open_place(const struct option_set *s, const struct option_def *d, const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK |
			  (d->complete == OPTION_COMPLETE_DIR ? O_DIRECTORY : 0);
	const char *root = d->within ? option_text(s, d->within) : NULL;
	OWNED_FD root_fd = -1;
	int fd;

	if (d->within) {
		root_fd = open(root && root[0] ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return root_fd < 0 ? -errno : file_open_in_root(root_fd, path, flags, NULL);
	}
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

static int check_place(const struct option_set *s, const struct option_value *v, const char *path,
		       struct err *e)
{
	const bool is_dir = v->def->complete == OPTION_COMPLETE_DIR;
	const char *sep, *source = source_of(v, &sep);
	OWNED_FD fd = open_place(s, v->def, path);
	struct stat st;
	int error = fd < 0 ? -fd : 0;

	if (!error && !is_dir && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		error = EISDIR;
	if (!error)
		return 0;
	if (is_dir)
		(void)!err_sys(e, error, "%s%s--%s: name a folder that can be read: '%s'", source,
			       sep, v->def->name, path);
	else
		(void)!err_sys(e, error, "%s%s--%s: name a file that can be read: '%s'", source,
			       sep, v->def->name, path);
	return -EINVAL;
}

/** Cuts the last name off: "a/b" to "a", "/a" to "/", "a" to ".". @return false: nothing is above it */
static bool cut_name(char *path)
{
	char *slash = strrchr(path, '/');

	if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
		return false;
	if (slash && slash > path)
		*slash = '\0';
	else
		memcpy(path, slash ? "/" : ".", 2);
	return true;
}

/** Whether folders can be made as far as @p path, which is changed. @return 0, or an errno */
static int folder_trouble(char *path)
{
	struct stat st;

	while (stat(path, &st) < 0)
		if (errno != ENOENT || !cut_name(path))
			return errno;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/** Whether a file can be written there, or made in the folder it is to be in. @p path is changed. @return 0, or an errno */
static int file_trouble(char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return EISDIR;
		/* Where it points may be another's to say: what writes these follows none. */
		if (S_ISLNK(st.st_mode))
			return ELOOP;
		return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0 ? errno : 0;
	}
	if (errno != ENOENT || !cut_name(path))
		return errno;
	if (stat(path, &st) < 0)
		return errno;
	return S_ISDIR(st.st_mode) ? folder_trouble(path) : ENOTDIR;
}

static int check_made(const struct option_value *v, struct err *e)
{
	const bool is_dir = v->def->complete == OPTION_COMPLETE_DIR;
	const char *sep, *source = source_of(v, &sep);
	size_t n = strlen(v->text);
	char path[PATH_MAX];
	int error = n == 0 ? ENOENT : n >= sizeof(path) ? ENAMETOOLONG : 0;

	if (!error) {
		memcpy(path, v->text, n + 1);
		error = is_dir ? folder_trouble(path) : file_trouble(path);
	}
	if (!error)
		return 0;
	if (is_dir)
		(void)!err_sys(e, error, "%s%s--%s: name a folder that can be written: '%s'",
			       source, sep, v->def->name, v->text);
	else
		(void)!err_sys(e, error, "%s%s--%s: name a file that can be written: '%s'", source,
			       sep, v->def->name, v->text);
	return -EINVAL;
}

static int check_places(const struct option_set *s, const struct option_value *v, struct err *e)
{
	int r = 0;

	for (size_t k = 0; k < v->count && r == 0; k++)
		if (v->items[k][0])
			r = check_place(s, v, v->items[k], e);
	return r;
}

int option_set_check_places(const struct option_set *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->count && r == 0; i++) {
		const struct option_value *v = &s->values[i];
		const char *text = v->text;

		if (v->def->is_made && v->origin > OPTION_DEFAULT)
			r = check_made(v, e);
		if (!v->def->must_exist || v->origin <= OPTION_DEFAULT)
			continue;
		if (v->def->type == OPTION_MULTI)
			r = check_places(s, v, e);
		else if (!text || !text[0])
			continue;
		else if (v->def->complete != OPTION_COMPLETE_NONE)
			r = check_place(s, v, text, e);
		else if (text[0] == '@')
			r = check_place(s, v, text + 1, e);
	}
	return r;
}

/* "SKEP_MAX_DB_AGE" for prefix "SKEP" and name "max-db-age". */
static const char *env_name(struct arena *a, const char *prefix, const char *name)
{
	size_t prefix_n = strlen(prefix), n = strlen(name);
	char *out = arena_alloc(a, prefix_n + n + 2);

	if (!out)
		return NULL;
	memcpy(out, prefix, prefix_n);
	out[prefix_n] = '_';
	for (size_t i = 0; i < n; i++) {
		char c = name[i];

		out[prefix_n + 1 + i] = c == '-'               ? '_'
					: c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A')
							       : c;
	}
	return out;
}

int option_set_environment(struct option_set *s, const char *prefix, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		struct option_value *v = &s->values[i];
		const char *name = env_name(s->arena, prefix, v->def->name);
		const char *text = name ? getenv(name) : NULL;
		int r;

		if (!name)
			return err_set(e, ENOBUFS, "options: memory budget spent");
		/* An empty variable is how a shell script says "not set". */
		if (!text || !*text)
			continue;
		r = option_set_assign(s, v, text, OPTION_ENV, name, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct option_value *must_find(const struct option_set *s, const char *name)
{
	const struct option_value *v = option_set_find(s, str_from(name));

	assert(v);
	return v;
}

bool option_is_given(const struct option_set *s, const char *name)
{
	return must_find(s, name)->origin > OPTION_DEFAULT;
}

bool option_flag(const struct option_set *s, const char *name)
{
	return must_find(s, name)->number != 0;
}

const char *option_text(const struct option_set *s, const char *name)
{
	return must_find(s, name)->text;
}

uint64_t option_number(const struct option_set *s, const char *name, uint64_t otherwise)
{
	const struct option_value *v = must_find(s, name);

	return v->origin == OPTION_UNSET ? otherwise : v->number;
}

const char *const *option_list(const struct option_set *s, const char *name, size_t *ret_count)
{
	const struct option_value *v = must_find(s, name);

	if (ret_count)
		*ret_count = v->count;
	return v->count ? (const char *const *)v->items : no_items;
}

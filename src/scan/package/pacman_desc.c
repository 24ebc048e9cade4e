#include "scan/package/pacman_desc.h"

struct field {
	str key;
	size_t at;
};

static const struct field fields[] = {
	{ S("%NAME%"), offsetof(struct package, name) },
	{ S("%VERSION%"), offsetof(struct package, version) },
	{ S("%BASE%"), offsetof(struct package, source_name) },
	{ S("%ARCH%"), offsetof(struct package, arch) },
	{ S("%LICENSE%"), offsetof(struct package, license) },
	{ S("%PACKAGER%"), offsetof(struct package, vendor) },
};

static str *value_of(struct package *p, const struct field *f)
{
	return (str *)(void *)((char *)p + f->at);
}

static bool is_word(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

/* Of a field with several values the first is taken. */
static void scan_fields(str text, struct package *p)
{
	const struct field *open = NULL;

	while (text.n) {
		str line = str_trim(str_line(&text));

		if (open && line.n && !value_of(p, open)->n)
			*value_of(p, open) = line;
		open = NULL;
		for (size_t i = 0; i < ARRAY_LEN(fields) && !open; i++)
			if (str_eq(line, fields[i].key))
				open = &fields[i];
	}
}

int pacman_desc_parse(str text, str db_path, struct arena *a, struct package *ret, struct err *e)
{
	struct package p = { .type = S("alpm"), .db_path = db_path, .line = 1 };

	scan_fields(text, &p);
	if (!is_word(p.name) || !is_word(p.version))
		return err_set(e, EBADMSG, "the package has no name or version");
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		str *value = value_of(&p, &fields[i]);

		if (value->n > PACMAN_DESC_MAX_FIELD)
			return err_set(e, EBADMSG, "%s is too long", fields[i].key.p);
		*value = arena_str(a, *value);
		if (!value->p)
			return err_set(e, ENOBUFS, "pacman database: memory budget spent");
	}
	if (!p.source_name.n)
		p.source_name = p.name;
	p.source_version = p.version;
	*ret = p;
	return 0;
}

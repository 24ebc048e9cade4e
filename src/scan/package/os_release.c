#include "scan/package/os_release.h"

#include "scan/package/eol.h"

enum format {
	FORMAT_VARIABLES, /* KEY=value lines */
	FORMAT_VERSION,   /* the version alone */
	FORMAT_SENTENCE,  /* "CentOS Linux release 7.9.2009 (Core)" */
	FORMAT_SUSE,      /* a sentence, then "VERSION = 11" */
	FORMAT_PRESENCE,  /* that it exists is all it says */
};

struct release_file {
	str path;
	enum format format;
	const char *id; /* for VERSION and PRESENCE */
};

/* The most telling first. A distribution's own file stands before those it carries for its relatives' sake. */
static const struct release_file files[] = {
	{ S("etc/os-release"), FORMAT_VARIABLES, NULL },
	{ S("usr/lib/os-release"), FORMAT_VARIABLES, NULL },
	{ S("etc/alpine-release"), FORMAT_VERSION, "alpine" },
	{ S("etc/oracle-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/almalinux-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/rocky-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/centos-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/fedora-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/photon-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/mariner-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/azurelinux-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/SuSE-release"), FORMAT_SUSE, NULL },
	{ S("etc/system-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/redhat-release"), FORMAT_SENTENCE, NULL },
	{ S("etc/lsb-release"), FORMAT_VARIABLES, NULL },
	{ S("etc/debian_version"), FORMAT_VERSION, "debian" },
	{ S("etc/arch-release"), FORMAT_PRESENCE, "arch" },
};

/* How the sentences begin; the longer of two with the same beginning first. */
static const struct {
	const char *words;
	const char *id;
} sentences[] = {
	{ "AlmaLinux", "almalinux" },
	{ "Amazon Linux", "amzn" },
	{ "Azure Linux", "azurelinux" },
	{ "Microsoft Azure Linux", "azurelinux" },
	{ "CBL-Mariner", "mariner" },
	{ "CentOS", "centos" },
	{ "Fedora", "fedora" },
	{ "Oracle Linux", "ol" },
	{ "Red Hat Enterprise Linux", "rhel" },
	{ "Rocky Linux", "rocky" },
	{ "SUSE Linux Enterprise Server", "sles" },
	{ "SUSE Linux Enterprise Desktop", "sled" },
	{ "VMware Photon", "photon" },
	{ "openSUSE", "opensuse" },
};

static size_t file_of(str path)
{
	size_t i = 0;

	while (i < ARRAY_LEN(files) && !str_eq(path, files[i].path))
		i++;
	return i;
}

bool os_release_wants(str path)
{
	return file_of(path) < ARRAY_LEN(files);
}

str os_release_path(size_t i)
{
	return i < ARRAY_LEN(files) ? files[i].path : (str){ NULL, 0 };
}

/* A value as a shell would read it (os-release(5)): in single or double quotes, with backslashes, or bare. */
static str unquote(str v, struct arena *a)
{
	char text[OS_RELEASE_MAX_VALUE];
	size_t n = 0;
	char quote = '\0';

	v = str_trim(v);
	for (size_t i = 0; i < v.n && n < sizeof(text); i++) {
		char c = v.p[i];

		if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (quote && c == quote)
			quote = '\0';
		else if (c == '\\' && quote != '\'' && i + 1 < v.n)
			text[n++] = v.p[++i];
		else if ((unsigned char)c >= ' ')
			text[n++] = c;
	}
	return arena_str(a, (str){ text, n });
}

static str lower(str s, struct arena *a)
{
	char text[OS_RELEASE_MAX_VALUE];

	s = str_take(s, sizeof(text));
	for (size_t i = 0; i < s.n; i++)
		text[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
	return arena_str(a, (str){ text, s.n });
}

static void read_variables(str text, struct arena *a, struct os *o)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{ "ID", offsetof(struct os, id) },
		{ "DISTRIB_ID", offsetof(struct os, id) },
		{ "VERSION_ID", offsetof(struct os, version_id) },
		{ "DISTRIB_RELEASE", offsetof(struct os, version_id) },
		{ "VERSION_CODENAME", offsetof(struct os, codename) },
		{ "DISTRIB_CODENAME", offsetof(struct os, codename) },
		{ "ID_LIKE", offsetof(struct os, id_like) },
		{ "PRETTY_NAME", offsetof(struct os, pretty_name) },
		{ "DISTRIB_DESCRIPTION", offsetof(struct os, pretty_name) },
		{ "VARIANT_ID", offsetof(struct os, variant_id) },
		{ "CPE_NAME", offsetof(struct os, cpe_name) },
	};
	str version = { NULL, 0 };

	while (text.n) {
		str value = str_trim(str_line(&text));
		str key = str_cut(&value, '=');

		if (str_is(key, "VERSION"))
			version = unquote(value, a);
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (str_is(key, keys[i].key))
				*(str *)(void *)((char *)o + keys[i].at) = unquote(value, a);
	}
	o->id = lower(o->id, a);
	/* Until Debian 9 the code name stood only here: VERSION="8 (jessie)". */
	if (!o->codename.n && str_is(o->id, "debian")) {
		str_cut(&version, '(');
		o->codename = str_trim(str_cut(&version, ')'));
	}
}

static str first_word(str s)
{
	s = str_trim(s);
	return str_take(s, MIN(str_find(s, ' '), str_find(s, '\t')));
}

/* "x.y.z" to "x.y" */
static str two_parts(str version)
{
	size_t dot = str_find(version, '.');

	return str_take(version, dot + 1 + str_find(str_skip(version, dot + 1), '.'));
}

/* The first word that begins with a digit. */
static str number_in(str s)
{
	while (s.n) {
		str word = str_cut(&s, ' ');

		if (word.n && word.p[0] >= '0' && word.p[0] <= '9')
			return word;
	}
	return (str){ NULL, 0 };
}

static void read_sentence(str text, struct arena *a, struct os *o)
{
	str line = str_take(str_trim(str_line(&text)), OS_RELEASE_MAX_VALUE);
	str version = number_in(line);

	for (size_t i = 0; i < ARRAY_LEN(sentences) && !o->id.n; i++)
		if (str_starts(line, str_from(sentences[i].words)))
			o->id = str_from(sentences[i].id);
	/* os-release of these says "2.0" where the sentence says "2.0.20220226". */
	if (str_is(o->id, "mariner") || str_is(o->id, "azurelinux"))
		version = two_parts(version);
	o->version_id = arena_str(a, version);
	o->pretty_name = arena_str(a, line);
}

/* "VERSION = 11" and "PATCHLEVEL = 4" make "11.4". */
static void read_suse(str text, struct arena *a, struct os *o)
{
	str version = { NULL, 0 }, patch = { NULL, 0 };

	read_sentence(text, a, o);
	while (text.n) {
		str value = str_line(&text);
		str key = str_trim(str_cut(&value, '='));

		value = str_take(str_trim(value), 64);
		if (str_is(key, "VERSION"))
			version = value;
		else if (str_is(key, "PATCHLEVEL") && !str_is(value, "0"))
			patch = value;
	}
	if (version.n)
		o->version_id =
			patch.n ? arena_printf(a, "%.*s.%.*s", STR_ARG(version), STR_ARG(patch))
				: arena_str(a, version);
}

static void read_version(str text, struct arena *a, struct os *o)
{
	str version = str_take(first_word(str_line(&text)), 64);

	/* debian_version of testing and unstable: "trixie/sid" */
	if (version.n && (version.p[0] < '0' || version.p[0] > '9')) {
		o->codename = arena_str(a, str_take(version, str_find(version, '/')));
		return;
	}
	o->version_id = arena_str(a, version);
}

int os_release_read(str path, str text, struct arena *a, struct os *ret, struct err *e)
{
	size_t i = file_of(path);
	struct os o = { 0 };

	if (i == ARRAY_LEN(files))
		return err_set(e, ENOENT, "%.*s is no release file", STR_ARG(path));
	o.path = files[i].path;
	o.id = str_from(files[i].id);
	switch (files[i].format) {
	case FORMAT_VARIABLES:
		read_variables(text, a, &o);
		break;
	case FORMAT_VERSION:
		read_version(text, a, &o);
		break;
	case FORMAT_SENTENCE:
		read_sentence(text, a, &o);
		break;
	case FORMAT_SUSE:
		read_suse(text, a, &o);
		break;
	case FORMAT_PRESENCE:
		break;
	}
#define WHOLE(field, key) \
	if (!o.field.p && o.field.n) \
		return err_set(e, ENOBUFS, "release file: memory budget spent");
	OS_FIELDS(WHOLE)
#undef WHOLE
	if (!o.id.n)
		return err_set(e, ENOENT, "%.*s names no system", STR_ARG(path));
	*ret = o;
	return 0;
}

static void fill(struct os *o, const struct os *from)
{
#define FILL(field, key) \
	if (!o->field.n) \
		o->field = from->field;
	OS_FIELDS(FILL)
#undef FILL
}

bool os_choose(const struct evidence *const *evidence, size_t count, struct os *ret)
{
	struct os o = { 0 };
	str branch = { NULL, 0 };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		for (size_t k = 0; k < count; k++) {
			const struct evidence *v = evidence[k];

			if (v->kind != EVIDENCE_OS_RELEASE || !str_eq(v->path, files[i].path))
				continue;
			if (!o.id.n)
				o = v->os;
			else if (str_eq(o.id, v->os.id))
				fill(&o, &v->os);
		}
	for (size_t k = 0; k < count; k++)
		if (evidence[k]->kind == EVIDENCE_APK_REPOSITORIES)
			branch = evidence[k]->os.repository;
	if (!o.repository.n)
		o.repository = branch;
	if (o.id.n && !o.version_id.n)
		o.version_id = eol_release_of_codename(o.id, o.codename);
	*ret = o;
	return o.id.n > 0;
}

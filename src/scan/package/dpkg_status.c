#include "scan/package/dpkg_status.h"

#include "base/word.h"

enum state { STATE_PRESENT, STATE_ABSENT, STATE_UNKNOWN };

struct stanza {
	bool open;
	enum state state;
	struct dpkg_package package;
	str origin, maintainer;
};

static bool is_continuation(str line)
{
	return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

static size_t count_stanzas(str text)
{
	size_t count = 0;
	bool open = false;

	while (text.n) {
		bool blank = str_trim(str_line(&text)).n == 0;

		count += !blank && !open;
		open = !blank;
	}
	return count;
}

static enum state state_of(str status)
{
	static const char *const present[] = { "installed",        "unpacked",
					       "half-installed",   "half-configured",
					       "triggers-awaited", "triggers-pending" };
	str words[3];
	size_t n = 0;

	while (status.n) {
		str word = str_cut(&status, ' ');

		if (!word.n)
			continue;
		if (n == ARRAY_LEN(words))
			return STATE_UNKNOWN;
		words[n++] = word;
	}
	if (n != ARRAY_LEN(words))
		return STATE_UNKNOWN;
	if (str_is(words[2], "not-installed") || str_is(words[2], "config-files"))
		return STATE_ABSENT;
	return WORD_FIND(present, words[2]) < 0 ? STATE_UNKNOWN : STATE_PRESENT;
}

/* "name" or "name (version)" */
static void take_source(struct dpkg_package *p, str value)
{
	size_t paren = str_find(value, '(');
	str version = str_skip(value, paren + 1);

	p->source = str_trim(str_take(value, paren));
	p->source_version = str_trim(str_take(version, str_find(version, ')')));
}

static void take_field(struct stanza *s, str line)
{
	str value = line;
	str name = str_trim(str_cut(&value, ':'));

	value = str_trim(value);
	if (str_eq_nocase(name, S("Package")))
		s->package.name = str_cut(&value, ':');
	else if (str_eq_nocase(name, S("Version")))
		s->package.version = str_take(value, str_find(value, ' '));
	else if (str_eq_nocase(name, S("Architecture")))
		s->package.arch = value;
	else if (str_eq_nocase(name, S("Source")))
		take_source(&s->package, value);
	else if (str_eq_nocase(name, S("Status")))
		s->state = state_of(value);
	else if (str_eq_nocase(name, S("Origin")))
		s->origin = value;
	else if (str_eq_nocase(name, S("Maintainer")))
		s->maintainer = value;
}

static bool is_word(str s)
{
	if (s.n > DPKG_STATUS_MAX_FIELD)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool is_usable(const struct stanza *s)
{
	const struct dpkg_package *p = &s->package;

	return s->state == STATE_PRESENT && p->name.n && p->version.n && is_word(p->name) &&
	       is_word(p->version) && is_word(p->arch) && is_word(p->source) &&
	       is_word(p->source_version);
}

static void close_stanza(struct stanza *s, struct dpkg_status *out)
{
	struct dpkg_package *p = &s->package;

	if (!s->open)
		return;
	s->open = false;
	if (s->state == STATE_ABSENT)
		return;
	if (!is_usable(s)) {
		out->first_skip = out->skipped++ ? out->first_skip : p->line;
		return;
	}
	if (!p->source.n)
		p->source = p->name;
	if (!p->source_version.n)
		p->source_version = p->version;
	p->vendor = str_take(s->origin.n ? s->origin : s->maintainer, DPKG_STATUS_MAX_FIELD);
	out->packages[out->count++] = *p;
}

int dpkg_status_parse(str text, struct arena *a, struct dpkg_status *ret, struct err *e)
{
	struct dpkg_status out = { 0 };
	struct stanza s = { 0 };
	size_t bound = count_stanzas(text);

	if (bound > DPKG_STATUS_MAX_PACKAGES)
		return err_set(e, E2BIG, "dpkg status: more than %d packages",
			       DPKG_STATUS_MAX_PACKAGES);
	out.packages = ARENA_ARRAY(a, bound, struct dpkg_package);
	if (!out.packages)
		return err_set(e, ENOBUFS, "dpkg status: memory budget spent");

	for (uint32_t no = 1; text.n; no++) {
		str line = str_line(&text);

		if (str_trim(line).n == 0) {
			close_stanza(&s, &out);
			continue;
		}
		if (!s.open)
			s = (struct stanza){ .open = true, .package.line = no };
		if (!is_continuation(line))
			take_field(&s, line);
	}
	close_stanza(&s, &out);

	*ret = out;
	return 0;
}

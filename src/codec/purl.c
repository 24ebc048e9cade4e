#include "codec/purl.h"

#include "base/text.h"

/* What a type's definition asks of its names beyond the syntax. golang and npm ask for lower case too, but their
 * registries tell names apart by case, so that a lowered name is another package: those keep it. */
static const struct type_rule {
	const char *type;
	bool lower_namespace;
	bool lower_name;
	bool dashed_name; /* PEP 503: runs of '-', '_' and '.' become one '-' */
} type_rules[] = {
	{ "alpm", true, true, false },      { "apk", true, true, false },
	{ "bitbucket", true, true, false }, { "bitnami", false, true, false },
	{ "composer", true, true, false },  { "deb", true, true, false },
	{ "github", true, true, false },    { "githubactions", true, true, false },
	{ "hex", true, true, false },       { "luarocks", true, true, false },
	{ "oci", false, true, false },      { "pub", false, true, false },
	{ "pypi", false, true, true },      { "qpkg", true, false, false },
	{ "rpm", true, false, false },
};

static const struct type_rule *rule_of(str type)
{
	static const struct type_rule none = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(type_rules); i++)
		if (str_is(type, type_rules[i].type))
			return &type_rules[i];
	return &none;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_alpha(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A letter, then letters, digits and @p others. */
static bool is_word(str s, const char *others)
{
	if (!s.n || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && (!s.p[i] || !strchr(others, s.p[i])))
			return false;
	return true;
}

static void put_lower(struct buf *out, str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_byte(out, lower(s.p[i]));
}

static void put_name(struct buf *out, const struct type_rule *rule, str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool dash = rule->dashed_name && (c == '-' || c == '_' || c == '.');

		if (!dash)
			buf_byte(out, rule->lower_name ? lower(c) : c);
		else if (!out->n || out->p[out->n - 1] != '-')
			buf_byte(out, '-');
	}
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the bytes @p s stands for. @return 0 or -EBADMSG */
static int decode(str s, struct buf *out, struct err *e)
{
	size_t start = out->n;

	for (size_t i = 0; i < s.n; i++) {
		int high, low;

		if (s.p[i] == '\0')
			return err_set(e, EBADMSG, "purl: it holds a NUL byte");
		if (s.p[i] != '%') {
			buf_byte(out, s.p[i]);
			continue;
		}
		high = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
		low = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return err_set(e, EBADMSG, "purl: '%.*s' has a '%%' without two hex digits",
				       STR_ARG(s));
		buf_byte(out, (char)(high * 16 + low));
		i += 2;
	}
	if (text_ill_formed(str_skip(buf_str(out), start)) < out->n - start)
		return err_set(e, EBADMSG, "purl: '%.*s' is not UTF-8", STR_ARG(s));
	return 0;
}

static bool stays_plain(char c)
{
	return is_alpha(c) || is_digit(c) || (c && strchr(".-_~:", c));
}

static void encode(str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		if (stays_plain(s.p[i]))
			buf_byte(out, s.p[i]);
		else
			buf_printf(out, "%%%02X", (unsigned int)(unsigned char)s.p[i]);
}

static str strip_slashes(str s)
{
	s = str_skip_slashes(s);
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

/* Copies what @p b holds into the arena and empties it. */
static int keep(struct buf *b, struct arena *a, str *ret, struct err *e)
{
	*ret = (str){ 0 };
	if (buf_error(b))
		return err_set(e, -buf_error(b), "purl: out of memory");
	if (b->n) {
		*ret = arena_str(a, buf_str(b));
		if (!ret->p)
			return err_set(e, ENOBUFS, "purl: memory budget spent");
	}
	buf_reset(b);
	return 0;
}

/* The segments of a namespace or, when @p is_path, of a subpath, where "." and ".." mean nothing. */
static int take_segments(str text, bool is_path, struct buf *out, struct err *e)
{
	while (text.n) {
		str segment = str_cut(&text, '/');
		size_t start;
		str decoded;
		int r;

		if (!segment.n)
			continue;
		if (out->n)
			buf_byte(out, '/');
		start = out->n;
		r = decode(segment, out, e);
		if (r < 0)
			return r;
		decoded = str_skip(buf_str(out), start);
		if (str_find(decoded, '/') < decoded.n)
			return err_set(e, EBADMSG, "purl: segment '%.*s' holds an encoded '/'",
				       STR_ARG(segment));
		if (is_path && (str_is(decoded, ".") || str_is(decoded, "..")))
			out->n = start ? start - 1 : 0;
	}
	return 0;
}

static int take_qualifiers(str text, struct buf *b, struct arena *a, struct purl *p, struct err *e)
{
	while (text.n) {
		str value = str_cut(&text, '&');
		str raw_key = str_cut(&value, '='), key, decoded;
		int r;

		if (!value.n)
			continue;
		if (!is_word(raw_key, ".-_"))
			return err_set(e, EBADMSG, "purl: '%.*s' is no qualifier's key",
				       STR_ARG(raw_key));
		put_lower(b, raw_key);
		r = keep(b, a, &key, e);
		if (r < 0)
			return r;
		r = decode(value, b, e);
		if (r < 0)
			return r;
		r = keep(b, a, &decoded, e);
		if (r < 0)
			return r;
		for (size_t i = 0; i < p->qualifier_count; i++)
			if (str_eq(p->qualifiers[i].key, key))
				return err_set(e, EBADMSG, "purl: qualifier '%.*s' comes twice",
					       STR_ARG(key));
		if (purl_set(p, key, decoded) < 0)
			return err_set(e, E2BIG, "purl: more than %d qualifiers",
				       PURL_MAX_QUALIFIERS);
	}
	return 0;
}

/* Cuts what stands behind the last @p sep off the end of @p text. */
static str cut_tail(str *text, char sep)
{
	size_t at = str_find_last(*text, sep);
	str tail = str_skip(*text, at + 1);

	*text = str_take(*text, at);
	return tail;
}

/* Versions begin at the last '@', but an npm scope may come with its own unencoded: it begins a segment and is not
 * in the last one. */
static str cut_version(str *text)
{
	size_t at = str_find_last(*text, '@');
	str version = str_skip(*text, at + 1);

	if (at == text->n)
		return (str){ 0 };
	if ((at == 0 || text->p[at - 1] == '/') && str_find(version, '/') < version.n)
		return (str){ 0 };
	*text = str_take(*text, at);
	return version;
}

/* Type, namespace, name and version: what stands between "pkg:" and '?'. */
static int take_path(str text, struct buf *b, struct arena *a, struct purl *p, struct err *e)
{
	str type = str_cut(&text, '/'), version, name;
	const struct type_rule *rule;
	int r;

	if (!is_word(type, ".-+"))
		return err_set(e, EBADMSG, "purl: '%.*s' is no package type", STR_ARG(type));
	put_lower(b, type);
	r = keep(b, a, &p->type, e);
	if (r < 0)
		return r;
	rule = rule_of(p->type);

	text = strip_slashes(text);
	version = cut_version(&text);
	r = decode(version, b, e);
	if (r == 0)
		r = keep(b, a, &p->version, e);
	if (r < 0)
		return r;

	text = strip_slashes(text);
	name = str_find_last(text, '/') == text.n ? text : cut_tail(&text, '/');
	if (name.p == text.p)
		text.n = 0;
	r = decode(name, b, e);
	if (r == 0)
		r = keep(b, a, &name, e);
	if (r < 0)
		return r;
	if (!name.n)
		return err_set(e, EBADMSG, "purl: the package's name is missing");
	put_name(b, rule, name);
	r = keep(b, a, &p->name, e);
	if (r < 0)
		return r;

	r = take_segments(text, false, b, e);
	if (r < 0)
		return r;
	for (size_t i = 0; rule->lower_namespace && i < b->n; i++)
		b->p[i] = lower(b->p[i]);
	return keep(b, a, &p->namespace, e);
}

int purl_parse(str text, struct arena *a, struct purl *ret, struct err *e)
{
	OWNED_BUF b = BUF_INIT;
	struct purl p = { 0 };
	str rest = text, subpath = { 0 }, qualifiers = { 0 };
	int r;

	if (!str_eq_nocase(str_take(rest, 4), S("pkg:")))
		return err_set(e, EBADMSG, "purl: '%.*s' does not begin with 'pkg:'",
			       STR_ARG(text));
	rest = strip_slashes(str_skip(rest, 4));
	if (str_find_last(rest, '#') < rest.n)
		subpath = cut_tail(&rest, '#');
	if (str_find_last(rest, '?') < rest.n)
		qualifiers = cut_tail(&rest, '?');

	r = take_segments(subpath, true, &b, e);
	if (r == 0)
		r = keep(&b, a, &p.subpath, e);
	if (r == 0)
		r = take_qualifiers(qualifiers, &b, a, &p, e);
	if (r == 0)
		r = take_path(rest, &b, a, &p, e);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

static void render_segments(str text, bool is_lower, bool is_path, struct buf *out)
{
	bool first = true;

	while (text.n) {
		str segment = str_cut(&text, '/');

		if (!segment.n || (is_path && (str_is(segment, ".") || str_is(segment, ".."))))
			continue;
		if (!first)
			buf_byte(out, '/');
		first = false;
		for (size_t i = 0; i < segment.n; i++) {
			char c = is_lower ? lower(segment.p[i]) : segment.p[i];

			encode((str){ &c, 1 }, out);
		}
	}
}

void purl_render(const struct purl *p, struct buf *out)
{
	const struct type_rule *rule = rule_of(p->type);
	OWNED_BUF name = BUF_INIT;
	size_t start;

	assert(p->type.n && p->name.n);
	buf_add(out, S("pkg:"));
	put_lower(out, p->type);
	buf_byte(out, '/');
	start = out->n;
	render_segments(p->namespace, rule->lower_namespace, false, out);
	if (out->n > start)
		buf_byte(out, '/');
	put_name(&name, rule, p->name);
	if (buf_error(&name))
		out->error = buf_error(&name);
	encode(buf_str(&name), out);
	if (p->version.n) {
		buf_byte(out, '@');
		encode(p->version, out);
	}
	for (size_t i = 0; i < p->qualifier_count; i++) {
		buf_byte(out, i ? '&' : '?');
		buf_add(out, p->qualifiers[i].key);
		buf_byte(out, '=');
		encode(p->qualifiers[i].value, out);
	}
	if (p->subpath.n) {
		size_t hash = out->n;

		buf_byte(out, '#');
		render_segments(p->subpath, false, true, out);
		if (out->n == hash + 1)
			out->n = hash;
	}
}

int purl_set(struct purl *p, str key, str value)
{
	size_t at = 0;

	if (!value.n)
		return 0;
	while (at < p->qualifier_count && str_cmp(p->qualifiers[at].key, key) < 0)
		at++;
	if (at < p->qualifier_count && str_eq(p->qualifiers[at].key, key)) {
		p->qualifiers[at].value = value;
		return 0;
	}
	if (p->qualifier_count == PURL_MAX_QUALIFIERS)
		return -E2BIG;
	memmove(&p->qualifiers[at + 1], &p->qualifiers[at],
		(p->qualifier_count - at) * sizeof(p->qualifiers[0]));
	p->qualifiers[at].key = key;
	p->qualifiers[at].value = value;
	p->qualifier_count++;
	return 0;
}

str purl_get(const struct purl *p, const char *key)
{
	for (size_t i = 0; i < p->qualifier_count; i++)
		if (str_is(p->qualifiers[i].key, key))
			return p->qualifiers[i].value;
	return (str){ 0 };
}

#include "base/text.h"
#include "codec/yaml.h"
#include "scan/report/ignore.h"

#define IGNORE_FILE_MAX_RULES 100000

static int no_memory(struct err *e)
{
	return err_set(e, ENOBUFS, "ignore file: memory budget spent");
}

static int add_note(struct ignore_list *l, struct arena *a, str place, const char *fmt, str what)
{
	struct ignore_note *n = ARENA_PUSH(a, l->notes, l->note_count, l->note_cap);

	if (!n)
		return -ENOBUFS;
	*n = (struct ignore_note){ .kind = IGNORE_NOT_UNDERSTOOD,
				   .place = place,
				   .detail = arena_printf(a, "%s '%.*s'", fmt, STR_ARG(what)) };
	return n->detail.p ? 0 : -ENOBUFS;
}

static struct ignore_rule *add_rule(struct ignore_list *l, struct arena *a, str place)
{
	struct ignore_rule *rule =
		l->count < IGNORE_FILE_MAX_RULES ? ARENA_PUSH(a, l->rules, l->count, l->cap) : NULL;

	if (rule)
		*rule = (struct ignore_rule){ .place = place };
	return rule;
}

static bool is_date(str s)
{
	static const char shape[] = "dddd-dd-dd";

	if (s.n != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (shape[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != '-')
			return false;
	return true;
}

/* A YAML time stamp is a date with more behind it; the day counts. */
static bool take_date(str text, str *ret)
{
	str day = str_take(str_trim(text), sizeof("YYYY-MM-DD") - 1);

	if (!is_date(day) || (text.n > day.n && text.p[day.n] != 'T' && text.p[day.n] != ' '))
		return false;
	*ret = day;
	return true;
}

/* One line of .trivyignore: "CVE-2022-40897 exp:2023-01-01 # reason". */
static int parse_line(str line, str place, struct arena *a, struct ignore_list *l, struct err *e)
{
	str rest = line;
	str code = str_trim(str_cut(&rest, '#'));
	str reason = str_trim(rest);
	str id = str_cut(&code, ' ');
	struct ignore_rule *rule;

	if (!id.n)
		return 0;
	rule = add_rule(l, a, place);
	if (!rule)
		return no_memory(e);
	rule->id = id;
	rule->reason = reason;
	while (code.n) {
		str word = str_trim(str_cut(&code, ' '));

		if (!word.n)
			continue;
		if (str_starts(word, S("exp:")) && take_date(str_skip(word, 4), &rule->expires))
			continue;
		/* A rule whose end cannot be read must not last for ever. */
		l->count--;
		return add_note(l, a, place, "rule dropped because of", word) < 0 ? no_memory(e)
										  : 0;
	}
	return 0;
}

static int parse_lines(str file, str text, struct arena *a, struct ignore_list *l, struct err *e)
{
	for (uint32_t no = 1; text.n; no++) {
		str line = str_trim(str_line(&text));
		str place = arena_printf(a, "%.*s:%u", STR_ARG(file), no);
		char *blanks = arena_alloc(a, line.n + 1);
		int r;

		if (!place.p || !blanks)
			return no_memory(e);
		for (size_t i = 0; i < line.n; i++)
			blanks[i] = line.p[i] == '\t' ? ' ' : line.p[i];
		r = parse_line((str){ blanks, line.n }, place, a, l, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A list of strings, or one string. @return 0, -ENOBUFS, or -EBADMSG when there is none, or one that is empty or no string */
static int take_strings(const struct value *v, struct arena *a, str **ret, size_t *ret_count)
{
	size_t n = v->kind == VALUE_ARRAY ? v->count : 1;
	str *items = ARENA_ARRAY(a, n, str);

	if (!items)
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++) {
		items[i] = value_str(v->kind == VALUE_ARRAY ? value_at(v, i) : v);
		if (!items[i].n)
			return -EBADMSG;
	}
	if (!n)
		return -EBADMSG;
	*ret = items;
	*ret_count = n;
	return 0;
}

/* @return 0, -ENOBUFS, or -EBADMSG when one is no package URL */
static int take_purls(const struct value *v, struct arena *a, struct ignore_rule *rule)
{
	str *texts;
	size_t n;
	int r = take_strings(v, a, &texts, &n);

	if (r < 0)
		return r;
	rule->purls = ARENA_ARRAY(a, n, struct purl);
	if (!rule->purls)
		return -ENOBUFS;
	for (size_t i = 0; i < n && r == 0; i++)
		r = purl_parse(texts[i], a, &rule->purls[i], NULL);
	rule->purl_count = n;
	return r == 0 || r == -ENOBUFS ? r : -EBADMSG;
}

/* @return 0, -ENOBUFS, or -EBADMSG for a value not understood */
static int take_member(const struct value_member *m, struct arena *a, struct ignore_rule *rule)
{
	const struct {
		const char *key;
		str *at;
	} strings[] = {
		{ "id", &rule->id },
		{ "vulnerability", &rule->id },
		{ "package", &rule->package },
		{ "reason", &rule->reason },
		{ "statement", &rule->reason },
		{ "owner", &rule->owner },
	};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		if (str_is(m->key, strings[i].key)) {
			*strings[i].at = value_str(&m->value);
			return value_str(&m->value).n ? 0 : -EBADMSG;
		}
	if (str_is(m->key, "paths"))
		return take_strings(&m->value, a, &rule->paths, &rule->path_count);
	if (str_is(m->key, "purls"))
		return take_purls(&m->value, a, rule);
	if (str_is(m->key, "expires") || str_is(m->key, "expired_at"))
		return take_date(value_str(&m->value), &rule->expires) ? 0 : -EBADMSG;
	return -EBADMSG;
}

static bool names_something(const struct ignore_rule *r)
{
	return (r->id.n && !str_is(r->id, "*")) || r->package.n || r->path_count || r->purl_count;
}

static int parse_rule(str file, const struct value *v, struct arena *a, struct ignore_list *l,
		      struct err *e)
{
	str place = arena_printf(a, "%.*s:%u", STR_ARG(file), v->line);
	struct ignore_rule *rule = place.p ? add_rule(l, a, place) : NULL;
	int r = 0;

	if (!rule)
		return no_memory(e);
	if (v->kind == VALUE_STRING)
		rule->id = value_str(v);
	VALUE_MEMBERS (m, v) {
		r = take_member(m, a, rule);
		if (r == -EBADMSG) {
			/* What narrows the rule is not understood, so without it the rule would ignore too much. */
			l->count--;
			r = add_note(l, a, place, "rule dropped because of", m->key);
			return r < 0 ? no_memory(e) : 0;
		}
		if (r < 0)
			return no_memory(e);
	}
	if (names_something(rule))
		return 0;
	l->count--;
	return add_note(l, a, place, "rule dropped: it names nothing in",
			S("id, package, paths, purls")) < 0
		       ? no_memory(e)
		       : 0;
}

static int parse_yaml(str file, str text, struct arena *a, struct ignore_list *l, struct err *e)
{
	struct value doc;
	int r = yaml_parse(text, a, &doc, e);

	if (r < 0)
		return err_wrap(e, r, "%.*s", STR_ARG(file));
	if (doc.kind == VALUE_NULL)
		return 0;
	if (doc.kind != VALUE_OBJECT)
		return err_set(e, EBADMSG,
			       "%.*s: a mapping with the key 'vulnerabilities' is expected",
			       STR_ARG(file));
	VALUE_MEMBERS (m, &doc) {
		str place = arena_printf(a, "%.*s:%u", STR_ARG(file), m->value.line);

		if (!str_is(m->key, "vulnerabilities")) {
			if (!place.p || add_note(l, a, place, "section not used here:", m->key) < 0)
				return no_memory(e);
			continue;
		}
		VALUE_EACH (item, &m->value) {
			r = parse_rule(file, item, a, l, e);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int ignore_parse(str file, str text, struct arena *a, struct ignore_list *l, struct err *e)
{
	if (str_starts(text, S("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	if (str_ends(file, S(".yaml")) || str_ends(file, S(".yml")) ||
	    str_starts(str_trim(text), S("vulnerabilities:")))
		return parse_yaml(file, text, a, l, e);
	return parse_lines(file, text, a, l, e);
}

#include "codec/yaml.h"
#include "policy/rule_priv.h"

static int compatible(struct rule_item *it)
{
	static const struct rule_key keys[] = { { "falco_compatible", KEY_FIXED },
						{ NULL, KEY_FIXED } };
	const struct value *v = value_get(it->node, keys[0].name);
	int r = rule_keys_check(it, it->node, keys);

	if (r < 0)
		return r;
	if (v->kind != VALUE_BOOL)
		return rule_fault(it, RULE_ERR_EXTENSION, v,
				  "'falco_compatible' must be true or false");
	it->file->falco_compatible = v->boolean;
	return 0;
}

/* The first of these that an item has says what it is. */
static const struct {
	const char *key, *kind;
	int (*read)(struct rule_item *it);
	bool stops; /**< what follows in the file cannot be read when this one is wrong */
} kinds[] = {
	{ "required_engine_version", NULL, rule_requires_engine, true },
	{ "required_plugin_versions", NULL, rule_requires_plugins, true },
	{ "list", "list", rule_list_read, false },
	{ "macro", "macro", rule_macro_read, false },
	{ "rule", "rule", rule_draft_read, false },
	{ "falco_compatible", NULL, compatible, false },
};

/* -EBADMSG: the rest of the file is not to be read. */
static int read_item(struct rule_item *it)
{
	if (it->node->kind == VALUE_NULL)
		return 0;
	if (it->node->kind != VALUE_OBJECT) {
		int r = rule_fault(it, RULE_ERR_YAML_VALIDATE, NULL,
				   "an item must be a mapping: list, macro, rule, ...");

		return r == -EBADMSG ? 0 : r;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int r;

		if (!value_get(it->node, kinds[i].key))
			continue;
		it->kind = kinds[i].kind;
		r = kinds[i].read(it);
		return r == -EBADMSG && !kinds[i].stops ? 0 : r;
	}
	return rule_fault(it, RULE_UNKNOWN_ITEM, NULL,
			  "this is none of list, macro, rule, required_engine_version, "
			  "required_plugin_versions and falco_compatible");
}

static int read_document(struct rule_set *s, struct rule_file *f, const struct value *doc,
			 struct err *e)
{
	struct rule_item it = { .set = s, .file = f, .node = doc, .e = e };

	if (doc->kind == VALUE_NULL)
		return 0;
	if (doc->kind != VALUE_ARRAY)
		return rule_fault(&it, RULE_ERR_YAML_VALIDATE, NULL,
				  "a rule file must be a sequence of items");
	VALUE_EACH (node, doc) {
		int r;

		it = (struct rule_item){ .set = s, .file = f, .node = node, .e = e };
		r = read_item(&it);
		if (r < 0)
			return r;
	}
	return 0;
}

static int index_lines(struct rule_set *s, struct rule_file *f)
{
	size_t *lines = NULL, cap = 0, *at;

	for (size_t i = 0; i < f->text.n; i++) {
		if (i > 0 && f->text.p[i - 1] != '\n')
			continue;
		at = ARENA_PUSH(&s->arena, lines, f->line_count, cap);
		if (!at)
			return -ENOBUFS;
		*at = i;
	}
	f->lines = lines;
	return 0;
}

static int parse(struct rule_set *s, struct rule_file *f, struct value *ret, struct err *e)
{
	struct rule_finding about = { .code = RULE_ERR_YAML_PARSE, .place = { .file = f } };
	struct err why = { .translate = e ? e->translate : NULL };
	struct yaml_place at = { 0 };
	int r;

	if (f->text.n > RULE_SET_MAX_FILE_BYTES)
		return rule_report(s, &about, e, "a rule file of more than %u bytes",
				   RULE_SET_MAX_FILE_BYTES);
	r = yaml_parse_all_at(f->text, &s->arena, ret, &at, &why);
	if (r == 0)
		return 0;
	if (r == -ENOBUFS)
		return rule_spent(e);
	about.place.line = at.line;
	about.place.column = at.column;
	return rule_report(s, &about, e, "%s", why.text);
}

int rule_set_add(struct rule_set *s, str name, str yaml, struct err *e)
{
	struct rule_file *f = ARENA_NEW(&s->arena, struct rule_file);
	struct value docs = { 0 };
	int r = 0;

	if (f) {
		f->name = arena_str(&s->arena, name);
		f->text = arena_str(&s->arena, yaml);
	}
	if (!f || !f->name.p || !f->text.p || index_lines(s, f) < 0)
		return rule_spent(e);
	r = parse(s, f, &docs, e);
	for (size_t i = 0; r == 0 && i < docs.count; i++)
		r = read_document(s, f, value_at(&docs, i), e);
	return r == -EBADMSG ? 0 : r;
}

int rule_set_add_unreadable(struct rule_set *s, str name, str message, struct err *e)
{
	struct rule_file *f = ARENA_NEW(&s->arena, struct rule_file);
	struct rule_finding about = { .code = RULE_ERR_FILE_READ, .place = { .file = f } };
	int r;

	if (f)
		f->name = arena_str(&s->arena, name);
	if (!f || !f->name.p)
		return rule_spent(e);
	r = rule_report(s, &about, e, "%.*s", STR_ARG(message));
	return r == -EBADMSG ? 0 : r;
}

#include "codec/toml.h"

#include "codec/toml_priv.h"

int toml_spent(struct toml_reader *r)
{
	return err_set(r->e, ENOBUFS, "TOML: memory budget spent");
}

int toml_bad(struct toml_reader *r, const char *why)
{
	return err_set(r->e, EBADMSG, "TOML line %u: %s", r->line, why);
}

void toml_skip(struct toml_reader *r, bool lines)
{
	while (r->rest.n) {
		char c = *r->rest.p;

		if (lines && c == '#') {
			r->rest = str_skip(r->rest, str_find(r->rest, '\n'));
			continue;
		}
		if (c != ' ' && c != '\t' && !(lines && (c == '\n' || c == '\r')))
			return;
		r->line += c == '\n';
		r->rest = str_skip(r->rest, 1);
	}
}

bool toml_take(struct toml_reader *r, char c)
{
	if (r->rest.n == 0 || *r->rest.p != c)
		return false;
	r->rest = str_skip(r->rest, 1);
	return true;
}

struct toml_node *toml_add(struct toml_reader *r, struct toml_node *parent, str key)
{
	struct toml_node *n = ARENA_NEW(r->arena, struct toml_node);

	if (!n)
		return NULL;
	n->key = key;
	n->value.line = r->line;
	n->children = map_in(r->arena);
	if (key.p) {
		void **at = map_at(&parent->children, key);

		if (!at)
			return NULL;
		*at = n;
	}
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	parent->value.count++;
	return n;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static int read_key_part(struct toml_reader *r, str *ret)
{
	size_t n = 0;

	toml_skip(r, false);
	if (r->rest.n && (*r->rest.p == '"' || *r->rest.p == '\'')) {
		if (str_starts(r->rest, S("\"\"\"")) || str_starts(r->rest, S("'''")))
			return toml_bad(r, "a key cannot be a multi-line string");
		return toml_read_string(r, ret);
	}
	while (n < r->rest.n && is_bare(r->rest.p[n]))
		n++;
	if (n == 0)
		return toml_bad(r, "a key is missing");
	*ret = arena_str(r->arena, str_take(r->rest, n));
	r->rest = str_skip(r->rest, n);
	return ret->p ? 0 : toml_spent(r);
}

/* The table called @p key below @p at, made when absent; of an array of tables its last, when a header leads there. */
static int enter(struct toml_reader *r, struct toml_node *at, str key, bool header,
		 struct toml_node **ret)
{
	struct toml_node *n = map_find(&at->children, key);

	if (!n) {
		n = toml_add(r, at, key);
		if (!n)
			return toml_spent(r);
		n->value.kind = VALUE_OBJECT;
	} else if (n->of_tables && header) {
		n = n->last;
	}
	if (n->value.kind != VALUE_OBJECT || n->closed)
		return toml_bad(r, "a key is defined twice");
	*ret = n;
	return 0;
}

/* Reads a key path such as `a."b.c".d` and walks or makes the tables on it. @p ret_table holds the last part;
 * each part before it counts towards @p depth. */
static int read_key(struct toml_reader *r, struct toml_node *table, bool header,
		    struct toml_node **ret_table, str *ret_last, unsigned int *depth)
{
	str part;
	int e = read_key_part(r, &part);

	for (; e == 0; e = read_key_part(r, &part)) {
		toml_skip(r, false);
		if (!toml_take(r, '.')) {
			*ret_table = table;
			*ret_last = part;
			return 0;
		}
		if (++*depth > TOML_VALUE_DEPTH)
			return err_set(r->e, E2BIG, "TOML line %u: nested deeper than %d levels",
				       r->line, TOML_MAX_DEPTH);
		e = enter(r, table, part, header, &table);
		if (e < 0)
			return e;
	}
	return e;
}

int toml_read_pair(struct toml_reader *r, struct toml_node *table, unsigned int depth)
{
	struct toml_node *n;
	str key;
	int e = read_key(r, table, false, &table, &key, &depth);

	if (e < 0)
		return e;
	if (map_find(&table->children, key))
		return toml_bad(r, "a key is defined twice");
	if (!toml_take(r, '='))
		return toml_bad(r, "'=' is missing");
	n = toml_add(r, table, key);
	return n ? toml_read_value(r, n, depth) : toml_spent(r);
}

static int open_array_table(struct toml_reader *r, struct toml_node *table, str key,
			    struct toml_node **ret)
{
	struct toml_node *array = map_find(&table->children, key);

	if (!array) {
		array = toml_add(r, table, key);
		if (!array)
			return toml_spent(r);
		array->value.kind = VALUE_ARRAY;
		array->of_tables = true;
	}
	if (!array->of_tables)
		return toml_bad(r, "a key is defined twice");
	*ret = toml_add(r, array, (str){ 0 });
	if (!*ret)
		return toml_spent(r);
	(*ret)->value.kind = VALUE_OBJECT;
	return 0;
}

/* Behind the first '[' of a header. */
static int read_header(struct toml_reader *r, struct toml_node *root, struct toml_node **ret)
{
	bool array = toml_take(r, '[');
	unsigned int depth = TOML_VALUE_DEPTH - TOML_HEADER_PARTS;
	struct toml_node *table;
	str key;
	int e = read_key(r, root, true, &table, &key, &depth);

	if (e < 0)
		return e;
	if (!toml_take(r, ']') || (array && !toml_take(r, ']')))
		return toml_bad(r, "']' is missing");
	if (array)
		return open_array_table(r, table, key, ret);
	e = enter(r, table, key, true, ret);
	if (e < 0)
		return e;
	if ((*ret)->defined)
		return toml_bad(r, "a table is defined twice");
	(*ret)->defined = true;
	return 0;
}

static int end_of_line(struct toml_reader *r)
{
	toml_skip(r, false);
	if (r->rest.n && *r->rest.p != '\n' && *r->rest.p != '\r' && *r->rest.p != '#')
		return toml_bad(r, "something stands behind the value");
	return 0;
}

/* Recursion is bounded by TOML_MAX_DEPTH. */
static int finish(struct toml_reader *r, const struct toml_node *n, struct value *ret)
{
	size_t i = 0;
	int e = 0;

	*ret = n->value;
	if (n->value.kind == VALUE_ARRAY) {
		ret->items = ARENA_ARRAY(r->arena, n->value.count, struct value);
		if (!ret->items)
			return toml_spent(r);
		for (const struct toml_node *c = n->first; c && e == 0; c = c->next)
			e = finish(r, c, &ret->items[i++]);
	} else if (n->value.kind == VALUE_OBJECT) {
		ret->members = ARENA_ARRAY(r->arena, n->value.count, struct value_member);
		if (!ret->members)
			return toml_spent(r);
		for (const struct toml_node *c = n->first; c && e == 0; c = c->next) {
			ret->members[i].key = c->key;
			e = finish(r, c, &ret->members[i++].value);
		}
	}
	return e;
}

int toml_parse(str text, struct arena *a, struct value *ret, struct err *e)
{
	struct toml_reader r = { .rest = text, .line = 1, .arena = a, .e = e };
	struct toml_node root = { .value = { .kind = VALUE_OBJECT, .line = 1 },
				  .children = map_in(a) };
	struct toml_node *table = &root;
	int code = 0;

	for (toml_skip(&r, true); code == 0 && r.rest.n; toml_skip(&r, true)) {
		code = toml_take(&r, '[') ? read_header(&r, &root, &table)
					  : toml_read_pair(&r, table, 1);
		if (code == 0)
			code = end_of_line(&r);
	}
	return code ? code : finish(&r, &root, ret);
}

#include "policy/rule_priv.h"

/* What Falco's grammar calls a bare string. */
static bool valid_name(str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (strchr("()\"' \t\n\v\f\r=,", name.p[i]))
			return false;
	return name.n > 0;
}

static int append(struct rule_item *it, struct rule_list *l, const str *items, size_t count)
{
	str *joined = ARENA_ARRAY(&it->set->arena, l->count + count, str);

	if (!joined)
		return rule_spent(it->e);
	if (l->count)
		memcpy(joined, l->items, l->count * sizeof(str));
	if (count)
		memcpy(joined + l->count, items, count * sizeof(str));
	l->items = joined;
	l->count += count;
	l->as.visibility = it->set->lists.clock++;
	return 0;
}

static int define(struct rule_item *it, const str *items, size_t count)
{
	struct rule_list *l = rule_name_define(it, &it->set->lists, sizeof(*l));

	if (!l)
		return rule_spent(it->e);
	l->items = items;
	l->count = count;
	l->broken = false;
	return 0;
}

static int read_list(struct rule_item *it)
{
	static const struct rule_key keys[] = {
		{ "list", KEY_FIXED },     { "items", KEY_APPEND }, { "append", KEY_FIXED },
		{ "override", KEY_FIXED }, { NULL, KEY_FIXED },
	};
	bool appends = false;
	const str *items = NULL;
	size_t count = 0;
	struct rule_list *l;
	int r = rule_key_text(it, it->node, "list", &it->name, NULL);

	if (r == 0)
		r = rule_keys_check(it, it->node, keys);
	if (r == 0 && !valid_name(it->name))
		r = rule_fault(it, RULE_INVALID_LIST_NAME, NULL,
			       "no condition can use a list of this name: it holds a blank, a "
			       "quote, '(', ')', ',' or '='");
	if (r == 0)
		r = rule_key_texts(it, "items", true, &items, &count);
	if (r == 0)
		r = rule_overrides_check(it, keys);
	if (r == 0)
		r = rule_key_append(it, &appends);
	if (r < 0)
		return r;
	if (!appends && rule_override_of(it, "items") != OVERRIDE_APPEND)
		return define(it, items, count);
	l = map_find(&it->set->lists.map, it->name);
	if (!l)
		return rule_fault(it, RULE_ERR_VALIDATE, NULL,
				  "there is no list of this name to append to");
	return append(it, l, items, count);
}

/* Its name must not become a text where it is used: nobody means that. */
static int define_broken(struct rule_item *it)
{
	struct rule_list *l;
	int r = define(it, NULL, 0);

	if (r < 0)
		return r;
	l = map_find(&it->set->lists.map, it->name);
	l->broken = l->as.used = true;
	return -EBADMSG;
}

int rule_list_read(struct rule_item *it)
{
	int r = read_list(it);

	return r == -EBADMSG && valid_name(it->name) && !map_find(&it->set->lists.map, it->name)
		       ? define_broken(it)
		       : r;
}

/*
 * An item that names a list defined before stands for that list's items. Falco does this one level deep; lists are
 * expanded in order here, so that what is put in is expanded already.
 */
static int expand(struct rule_set *s, struct rule_list *l, struct err *e)
{
	str *items;
	size_t total = 0, n = 0;

	for (size_t pass = 0; pass < 2; pass++) {
		items = pass ? ARENA_ARRAY(&s->arena, total, str) : NULL;
		if (pass && !items)
			return rule_spent(e);
		for (size_t i = 0; i < l->count; i++) {
			struct rule_list *named = map_find(&s->lists.map, l->items[i]);
			const str *from = &l->items[i];
			size_t count = 1;

			if (named && named != l && named->as.index < l->as.visibility) {
				named->as.used = true;
				l->broken |= named->broken;
				from = named->expanded ? named->expanded : named->items;
				count = named->expanded ? named->expanded_count : named->count;
			}
			total += pass ? 0 : count;
			for (size_t k = 0; pass && k < count; k++)
				items[n++] = from[k];
		}
	}
	l->expanded = items;
	l->expanded_count = total;
	return 0;
}

int rule_lists_expand(struct rule_set *s, struct err *e)
{
	for (size_t i = 0; i < s->lists.count; i++) {
		int r = expand(s, (struct rule_list *)s->lists.items[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_delimiter(char c)
{
	return rule_is_blank(c) || c == '(' || c == ')' || c == ',' || c == '=';
}

/* The next run of bytes between delimiters, from @p at on, which is moved behind it. Empty at the end. */
static str next_word(str text, size_t *at)
{
	size_t from;

	while (*at < text.n && is_delimiter(text.p[*at]))
		++*at;
	from = *at;
	while (*at < text.n && !is_delimiter(text.p[*at]))
		++*at;
	return (str){ text.p + from, *at - from };
}

/* Of the lists that @p text names, the first one defined at or after @p from. */
static struct rule_list *next_list(const struct rule_set *s, str text, size_t from)
{
	struct rule_list *found = NULL;
	size_t at = 0;

	for (str word = next_word(text, &at); word.n; word = next_word(text, &at)) {
		struct rule_list *l = map_find(&s->lists.map, word);

		if (l && l->as.index >= from && (!found || l->as.index < found->as.index))
			found = l;
	}
	return found;
}

/* Where @p text names the list, which it does. */
static size_t place_of(str name, str text)
{
	size_t at = 0;

	while (!str_eq(next_word(text, &at), name))
		;
	return at - name.n;
}

static void put_items(struct rule_writer *w, const struct rule_list *l, uint32_t number)
{
	for (size_t i = 0; i < l->expanded_count; i++) {
		if (i)
			rule_writer_put(w, S(", "), number);
		rule_writer_value(w, l->expanded[i], number);
	}
}

/* Blanks around the name go with it; an empty list takes a comma along. */
static int substitute(struct rule_list *l, struct arena *a, struct rule_text *t, struct err *e)
{
	struct rule_writer w = { 0 };
	str text = t->text;
	size_t at = 0, copied = 0;

	for (str word = next_word(text, &at); word.n; word = next_word(text, &at)) {
		size_t start = at - word.n, end = at;
		uint32_t number = rule_text_at(t, start);

		if (!str_eq(word, l->as.name))
			continue;
		while (start > copied && rule_is_blank(text.p[start - 1]))
			start--;
		while (end < text.n && rule_is_blank(text.p[end]))
			end++;
		if (l->expanded_count == 0 && start > copied && text.p[start - 1] == ',')
			start--;
		else if (l->expanded_count == 0 && end < text.n && text.p[end] == ',')
			end++;
		rule_writer_copy(&w, t, copied, start);
		if (start > 0)
			rule_writer_put(&w, S(" "), number);
		put_items(&w, l, number);
		rule_writer_put(&w, S(" "), number);
		copied = end;
		at = end;
	}
	rule_writer_copy(&w, t, copied, text.n);
	l->as.used = true;
	return rule_writer_finish(&w, a, t, e);
}

int rule_lists_substitute(const struct rule_set *s, struct arena *a, struct rule_text *text,
			  size_t *ret_at, struct err *e)
{
	size_t from = 0;

	for (;;) {
		struct rule_list *l = next_list(s, text->text, from);
		int r;

		if (!l)
			return 0;
		if (l->broken) {
			l->as.used = true;
			*ret_at = place_of(l->as.name, text->text);
			return err_set(e, EBADMSG, "the list '%.*s', which this uses, has an error",
				       STR_ARG(l->as.name));
		}
		r = substitute(l, a, text, e);
		if (r < 0)
			return r;
		from = l->as.index + 1;
	}
}

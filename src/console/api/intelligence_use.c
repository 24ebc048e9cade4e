#include "console/api/intelligence_use.h"

#include "base/map.h"

/* Lists stand in conditions as their entries: a list is known by its first. */
struct search {
	const struct stored_intelligence *lists;
	size_t count;
	str *firsts;
	struct map by_first;
	struct arena *arena;
	struct found {
		str *rules;
		size_t count, cap;
	} * found;
};

static int begin(struct search *s, struct err *e)
{
	s->firsts = ARENA_ARRAY(s->arena, s->count, str);
	s->found = ARENA_ARRAY(s->arena, s->count, struct found);
	s->by_first = map_in(s->arena);
	if (!s->firsts || !s->found)
		return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
	for (size_t i = 0; i < s->count; i++) {
		str body = s->lists[i].body;
		void **at;

		s->firsts[i] = str_line(&body);
		if (!s->firsts[i].n)
			continue;
		at = map_at(&s->by_first, s->firsts[i]);
		if (!at)
			return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
		*at = s;
	}
	return 0;
}

/* The same address may begin several lists. */
static int note(struct search *s, str first, str rule, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		struct found *f = &s->found[i];
		str *at;

		if (!str_eq(s->firsts[i], first) ||
		    (f->count && str_eq(f->rules[f->count - 1], rule)))
			continue;
		at = ARENA_PUSH(s->arena, f->rules, f->count, f->cap);
		if (at)
			*at = arena_str(s->arena, rule);
		if (!at || !at->p)
			return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
	}
	return 0;
}

static int look_at(struct search *s, const struct rule *rule, struct err *e)
{
	struct condition_walk w;
	const struct condition *c;
	int r = 0;

	condition_walk_begin(&w, rule->condition);
	while (r == 0 && (c = condition_walk_next(&w)) != NULL)
		for (size_t i = 0; w.entering && r == 0 && i < c->right_count; i++)
			if (c->right[i].kind == TERM_TEXT &&
			    map_find(&s->by_first, c->right[i].text))
				r = note(s, c->right[i].text, rule->name, e);
	return r;
}

int intelligence_use_find(const struct rule_book *book, const struct stored_intelligence *lists,
			  size_t count, struct arena *a, struct intelligence_use **ret,
			  struct err *e)
{
	struct search s = { .lists = lists, .count = count, .arena = a };
	struct intelligence_use *out = ARENA_ARRAY(a, count, struct intelligence_use);
	size_t rule_count;
	const struct rule *rules = rule_set_rules(book->set, &rule_count);
	int r = out ? begin(&s, e)
		    : err_set(e, ENOBUFS, "threat intelligence: memory budget spent");

	for (size_t i = 0; r == 0 && i < rule_count; i++)
		if (rules[i].enabled && rules[i].condition)
			r = look_at(&s, &rules[i], e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		out[i] = (struct intelligence_use){ s.found[i].rules, s.found[i].count };
	*ret = out;
	return 0;
}

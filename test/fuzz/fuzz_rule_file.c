/*
 * Whatever a rule file holds, what comes out is whole: every rule has its texts and a condition without macros within
 * the bounds, every note a message, and every note with a place one that is inside the file.
 */
#include "fuzz.h"

#include "policy/rule_file.h"

static void check_condition(struct rule_set *s, const struct rule *r)
{
	static struct condition_walk w;
	const struct condition *n;
	size_t seen = 0;

	condition_walk_begin(&w, r->condition);
	while ((n = condition_walk_next(&w))) {
		seen += w.entering;
		assert(n->kind != CONDITION_MACRO && n->offset > 0);
		assert(w.depth <= r->condition->height);
	}
	assert(seen == r->condition->size && seen <= CONDITION_MAX_NODES);
	/* A note of a later stage finds its place too. */
	assert(rule_set_note(s, r, RULE_COMPILE_CONDITION, r->condition->offset, S("x"), NULL) <=
	       0);
}

static void check(struct rule_set *s, size_t lines)
{
	size_t rules, notes;
	const struct rule *r = rule_set_rules(s, &rules);
	const struct rule_note *n;

	for (size_t i = 0; i < rules; i++) {
		assert(r[i].name.n && r[i].desc.n && r[i].output.n && r[i].condition_text.n);
		assert(r[i].line > 0 && r[i].line <= lines);
		check_condition(s, &r[i]);
	}
	n = rule_set_notes(s, &notes);
	for (size_t i = 0; i < notes; i++) {
		assert(n[i].message.n && n[i].file.n);
		assert((n[i].line == 0) == (n[i].column == 0) && n[i].line <= lines + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	struct rule_set *s;
	size_t lines = 1;
	int r;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xA8 ||
			 data[i] == 0xA9;
	if (rule_set_new(&s, NULL) < 0)
		return 0;
	/* Twice, so that redefinitions and appends of the whole are met. */
	r = rule_set_add(s, S("a"), text, NULL);
	if (r == 0)
		r = rule_set_add(s, S("b"), text, NULL);
	if (r == 0)
		r = rule_set_finish(s, NULL);
	assert(r == 0 || r == -ENOBUFS);
	if (r == 0)
		check(s, lines);
	rule_set_free(s);
	return 0;
}

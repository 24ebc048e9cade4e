#include "base/map.h"
#include "console/api/call.h"
#include "console/api/rule_book.h"
#include "console/api/rules_priv.h"
#include "console/store/alerts.h"
#include "policy/alert_target.h"

static void close_book(struct rule_book *b)
{
	rule_book_close(b);
}

/* @param alerts  of a day; negative: not told */
static void put_rule_with(const struct rule *r, int64_t alerts, struct json_out *j)
{
	json_object_open(j);
	json_put_str(j, "id", r->id.n ? r->id : r->name);
	json_put_str(j, "name", r->name);
	json_opt_str(j, "nameZh", r->name_zh);
	json_put_str(j, "description", r->desc);
	json_opt_str(j, "descriptionZh", r->desc_zh);
	json_opt_str(j, "advice", r->advice);
	json_opt_str(j, "adviceZh", r->advice_zh);
	json_put_cstr(j, "priority", alert_priority_word(r->priority));
	json_put_strs(j, "tags", r->tags, r->tag_count);
	json_opt_str(j, "mitre", r->mitre);
	json_opt_str(j, "maturity", r->maturity);
	json_put_bool(j, "enabled", r->enabled);
	json_put_str(j, "source", r->file);
	json_put_int(j, "line", r->line);
	json_put_str(j, "condition", r->condition_text);
	json_put_str(j, "output", r->output);
	json_opt_str(j, "outputZh", r->output_zh);
	if (alerts >= 0)
		json_put_int(j, "alerts24h", alerts);
	json_object_close(j);
}

/* Without counts: they would make another state of a rule that nobody changed. */
static void put_rule(const struct rule *r, struct json_out *j)
{
	put_rule_with(r, -1, j);
}

#define RULES_COUNTED 500
#define DAY_BACK_NS ((int64_t)24 * 3600 * 1000000000)

/* Alerts of a day by the rule's name. */
static int count_alerts(struct call *c, struct map *ret, struct err *e)
{
	struct alert_filter f = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				  .since_ns = c->now_ns - DAY_BACK_NS };
	struct alert_facets facets;
	int r = 0;

	*ret = map_in(c->arena);
	if (!caller_may(&c->who, PERMISSION_ALERTS_READ))
		return 0;
	r = alerts_facets(c->store, &f, RULES_COUNTED, c->arena, &facets, e);
	for (size_t i = 0; r == 0 && i < facets.count[ALERT_FACET_RULE]; i++) {
		struct alert_count *n = &facets.values[ALERT_FACET_RULE][i];
		void **at = map_at(ret, n->value);

		if (!at)
			return err_set(e, ENOBUFS, "rules: memory budget spent");
		*at = n;
	}
	return r;
}

static int64_t count_of(const struct call *c, const struct map *counts, str rule)
{
	const struct alert_count *n = map_find(counts, rule);

	if (!caller_may(&c->who, PERMISSION_ALERTS_READ))
		return -1;
	return n ? n->count : 0;
}

static bool has_tag(const struct rule *r, const struct value *wanted)
{
	VALUE_EACH (t, wanted)
		for (size_t i = 0; i < r->tag_count; i++)
			if (str_eq(r->tags[i], t->string))
				return true;
	return !wanted;
}

static bool is_wanted(const struct call *c, const struct rule *r)
{
	const struct value *enabled = value_get(&c->query, "enabled");
	str q = call_query(c, "q");

	if (enabled && enabled->boolean != r->enabled)
		return false;
	if (q.n && !str_holds_nocase(r->name, q) && !str_holds_nocase(r->name_zh, q) &&
	    !str_holds_nocase(r->id, q) && !str_holds_nocase(r->desc, q) &&
	    !str_holds_nocase(r->desc_zh, q))
		return false;
	return has_tag(r, value_get(&c->query, "tag"));
}

enum rule_sort { RULE_BY_FILE, RULE_BY_NAME, RULE_BY_PRIORITY, RULE_BY_ALERTS };

static const char *const sorts[] = { [RULE_BY_FILE] = "file",
				     [RULE_BY_NAME] = "name",
				     [RULE_BY_PRIORITY] = "priority",
				     [RULE_BY_ALERTS] = "alerts" };

static int64_t number_of(const struct call *c, const struct map *counts, const struct rule *r,
			 enum rule_sort sort, size_t place)
{
	switch (sort) {
	case RULE_BY_FILE:
		return (int64_t)place;
	case RULE_BY_NAME:
		return 0;
	case RULE_BY_PRIORITY:
		return -(int64_t)r->priority;
	case RULE_BY_ALERTS:
		return count_of(c, counts, r->name);
	}
	return 0;
}

static int put_item(struct call *c, const void *item, const void *counts, struct err *e UNUSED)
{
	const struct rule *rule = item;

	put_rule_with(rule, count_of(c, counts, rule->name), &c->json);
	return 0;
}

static int put_page(struct call *c, const struct rule_book *book, const struct map *counts,
		    struct err *e)
{
	size_t count, n = 0;
	const struct rule *rules = rule_set_rules(book->set, &count);
	struct list_item *items = ARENA_ARRAY(c->arena, count, struct list_item);
	bool descending;
	enum rule_sort sort = (enum rule_sort)call_sort(c, sorts, ARRAY_LEN(sorts), &descending);

	if (!items)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	for (size_t i = 0; i < count; i++)
		if (is_wanted(c, &rules[i]))
			items[n++] = (struct list_item){
				.number = number_of(c, counts, &rules[i], sort, i),
				.text = sort == RULE_BY_NAME ? rules[i].name : (str){ 0 },
				.id = rules[i].name,
				.item = &rules[i]
			};
	return call_sorted_page(c, items, n, descending, put_item, counts, e);
}

int api_rule_list(struct call *c, struct err *e)
{
	static const struct rule_book_options all = { 0 };
	CLEANUP(close_book) struct rule_book book = { 0 };
	struct map counts;
	int r = rule_book_open(c->store, &all, c->arena, &book, e);

	if (r == 0)
		r = count_alerts(c, &counts, e);
	return r < 0 ? r : put_page(c, &book, &counts, e);
}

static int find(struct call *c, struct rule_book *book, const struct rule **ret, struct err *e)
{
	static const struct rule_book_options all = { 0 };
	int r = rule_book_open(c->store, &all, c->arena, book, e);

	if (r < 0)
		return r;
	*ret = rule_book_find(book, c->id);
	return *ret ? 0 : err_set(e, ENOENT, "there is no such rule");
}

int api_rule_get(struct call *c, struct err *e)
{
	CLEANUP(close_book) struct rule_book book = { 0 };
	const struct rule *rule;
	int r = find(c, &book, &rule, e);

	if (r < 0)
		return r;
	put_rule(rule, &c->json);
	return 0;
}

static int text_of(const struct rule *rule, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	put_rule(rule, &j);
	*ret = arena_str(a, buf_str(&out));
	return buf_error(&out) || !ret->p ? err_set(e, ENOBUFS, "rules: memory budget spent") : 0;
}

static str state_of(const struct rule *rule, struct arena *a)
{
	return arena_printf(a, "{\"enabled\":%s,\"priority\":\"%s\"}",
			    rule->enabled ? "true" : "false", alert_priority_word(rule->priority));
}

static int switch_rule(struct call *c, const struct rule *rule, struct err *e)
{
	struct rule_switch w = { .rule = rule->name,
				 .enabled = value_is_true(value_get(&c->body, "enabled")),
				 .priority = value_get_str(&c->body, "priority") };
	enum alert_priority p;

	/* what was chosen before stays, unless it is what the file says */
	if (!w.priority.n)
		w.priority = str_from(alert_priority_word(rule->priority));
	if (alert_priority_find(w.priority, &p) < 0)
		return err_set(e, EINVAL, "no priority is called so");
	return rule_switch_put(c->store, &w, e);
}

int api_rule_put(struct call *c, struct err *e)
{
	CLEANUP(close_book) struct rule_book before = { 0 };
	CLEANUP(close_book) struct rule_book after = { 0 };
	const struct rule *rule;
	char etag[CALL_ETAG_BYTES];
	str text;
	int r = sql_lock(c->store->sql, "rule", e);

	if (r == 0)
		r = find(c, &before, &rule, e);
	if (r == 0)
		r = text_of(rule, c->arena, &text, e);
	if (r < 0)
		return r;
	call_etag(text, etag);
	c->audit_before = state_of(rule, c->arena);
	r = call_match(c, str_from(etag), e);
	if (r == 0)
		r = switch_rule(c, rule, e);
	if (r == 0)
		r = find(c, &after, &rule, e);
	if (r == 0)
		r = rules_tell_agents(c, e);
	if (r < 0)
		return r;
	c->audit_after = state_of(rule, c->arena);
	put_rule(rule, &c->json);
	return 0;
}

void rules_put_problems(const struct rule_book *book, struct json_out *j)
{
	size_t count;
	const struct rule_note *notes = rule_set_notes(book->set, &count);

	json_key(j, "problems");
	json_array_open(j);
	for (size_t i = 0; i < count; i++) {
		if (!str_is(notes[i].file, RULE_BOOK_DRAFT))
			continue;
		json_object_open(j);
		json_put_int(j, "line", notes[i].line);
		json_put_int(j, "column", notes[i].column);
		json_put_cstr(j, "code", rule_code_name(notes[i].code));
		json_put_cstr(j, "level", rule_code_is_error(notes[i].code) ? "error" : "warning");
		json_opt_str(j, "item", notes[i].item);
		json_put_str(j, "message", notes[i].message);
		json_object_close(j);
	}
	json_array_close(j);
}

/* Whether a note tells that it could not be loaded; notes name it as "rule 'NAME'". */
static bool is_refused(const struct rule_book *book, const struct rule *rule)
{
	size_t count;
	const struct rule_note *notes = rule_set_notes(book->set, &count);

	for (size_t i = 0; i < count; i++)
		if (rule_code_is_error(notes[i].code) && str_is(notes[i].file, RULE_BOOK_DRAFT) &&
		    str_search(notes[i].item, rule->name) < notes[i].item.n)
			return true;
	return false;
}

size_t rules_in_draft(const struct rule_book *book)
{
	size_t count, own = 0;
	const struct rule *rules = rule_set_rules(book->set, &count);

	for (size_t i = 0; i < count; i++)
		own += str_is(rules[i].file, RULE_BOOK_DRAFT) && !is_refused(book, &rules[i]);
	return own;
}

int api_rule_check(struct call *c, struct err *e)
{
	struct rule_book_options o = { .draft = value_get_str(&c->body, "text"),
				       .not_switched = true };
	CLEANUP(close_book) struct rule_book book = { 0 };
	int r = rule_book_open(c->store, &o, c->arena, &book, e);

	if (r < 0)
		return r;
	json_object_open(&c->json);
	rules_put_problems(&book, &c->json);
	json_put_uint(&c->json, "rules", rules_in_draft(&book));
	json_put_uint(&c->json, "macros", rule_set_macro_count(book.set));
	json_put_uint(&c->json, "lists", rule_set_list_count(book.set));
	json_object_close(&c->json);
	return 0;
}

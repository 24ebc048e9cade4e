#include "scan/report/ignore.h"

#include "codec/glob.h"

static bool list_holds(str words, str id)
{
	while (words.n)
		if (str_eq_nocase(str_cut(&words, ' '), id))
			return true;
	return false;
}

static bool id_matches(const struct ignore_rule *rule, const struct finding *f)
{
	if (!rule->id.n || str_is(rule->id, "*"))
		return true;
	return str_eq_nocase(rule->id, f->vuln->id) || list_holds(f->vuln->aliases, rule->id) ||
	       list_holds(f->advisory, rule->id);
}

static bool path_matches(const struct ignore_rule *rule, const struct package *p)
{
	for (size_t i = 0; i < rule->path_count; i++)
		if (glob_match(str_skip_slashes(rule->paths[i]), p->db_path))
			return true;
	return rule->path_count == 0;
}

static bool same_or_absent(str wanted, str actual)
{
	return !wanted.n || str_eq(wanted, actual);
}

/* What the rule's package URL leaves out is not compared, its qualifiers included. */
static bool purl_covers(const struct purl *wanted, const struct purl *actual)
{
	if (!str_eq(wanted->type, actual->type) || !str_eq(wanted->name, actual->name) ||
	    !same_or_absent(wanted->namespace, actual->namespace) ||
	    !same_or_absent(wanted->version, actual->version) ||
	    !same_or_absent(wanted->subpath, actual->subpath))
		return false;
	for (size_t i = 0; i < wanted->qualifier_count; i++) {
		bool found = false;

		for (size_t k = 0; k < actual->qualifier_count; k++)
			found |= str_eq(wanted->qualifiers[i].key, actual->qualifiers[k].key) &&
				 str_eq(wanted->qualifiers[i].value, actual->qualifiers[k].value);
		if (!found)
			return false;
	}
	return true;
}

static bool purl_matches(const struct ignore_rule *rule, const struct purl *actual)
{
	for (size_t i = 0; i < rule->purl_count; i++)
		if (actual && purl_covers(&rule->purls[i], actual))
			return true;
	return rule->purl_count == 0;
}

static bool package_matches(const struct ignore_rule *rule, const struct package *p)
{
	return !rule->package.n || glob_match(rule->package, p->name) ||
	       glob_match(rule->package, p->source_name);
}

static bool is_expired(const struct ignore_rule *rule, str today)
{
	return rule->expires.n && str_cmp(rule->expires, today) < 0;
}

static int add_note(struct report *r, struct arena *a, const struct ignore_note *note)
{
	struct ignore_note *n =
		ARENA_PUSH(a, r->ignore_notes, r->ignore_note_count, r->ignore_note_cap);

	if (!n)
		return -ENOBUFS;
	*n = *note;
	return 0;
}

static const struct ignore_rule *rule_for(const struct ignore_list *l, str today,
					  const struct finding *f, const struct package *p,
					  bool *used)
{
	const struct ignore_rule *first = NULL;
	struct arena scratch;
	struct purl parsed;
	const struct purl *purl = NULL;

	arena_init(&scratch, 0);
	if (purl_parse(p->purl, &scratch, &parsed, NULL) == 0)
		purl = &parsed;

	/* Every rule that matches is marked as used, so that none is called useless for standing second. */
	for (size_t i = 0; i < l->count; i++) {
		const struct ignore_rule *rule = &l->rules[i];

		if (is_expired(rule, today) || !id_matches(rule, f) || !package_matches(rule, p) ||
		    !path_matches(rule, p) || !purl_matches(rule, purl))
			continue;
		used[i] = true;
		first = first ? first : rule;
	}
	arena_done(&scratch);
	return first;
}

static int move_findings(const struct ignore_list *l, str today, struct arena *a, struct report *r,
			 bool *used)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->findings.count; i++) {
		struct finding *f = &r->findings.items[i], *moved;
		const struct package *p = &r->inventory->packages.items[f->package];
		const struct ignore_rule *rule = rule_for(l, today, f, p, used);

		if (!rule) {
			r->findings.items[kept++] = *f;
			continue;
		}
		moved = ARENA_PUSH(a, r->ignored.items, r->ignored.count, r->ignored.cap);
		if (!moved)
			return -ENOBUFS;
		*moved = *f;
		moved->ignored_by = rule->place;
		moved->ignore_reason = rule->reason;
	}
	r->findings.count = kept;
	return 0;
}

static int add_notes(const struct ignore_list *l, str today, struct arena *a, struct report *r,
		     const bool *used)
{
	int result = 0;

	for (size_t i = 0; i < l->note_count && result == 0; i++)
		result = add_note(r, a, &l->notes[i]);
	for (size_t i = 0; i < l->count && result == 0; i++) {
		const struct ignore_rule *rule = &l->rules[i];
		struct ignore_note n = { .place = rule->place, .id = rule->id };

		if (is_expired(rule, today)) {
			n.kind = IGNORE_EXPIRED;
			n.detail = rule->expires;
		} else if (!used[i]) {
			n.kind = IGNORE_UNUSED;
		} else {
			continue;
		}
		result = add_note(r, a, &n);
	}
	return result;
}

int ignore_apply(const struct ignore_list *l, str today, struct arena *a, struct report *r,
		 struct err *e)
{
	bool *used = ARENA_ARRAY(a, l->count + 1, bool);
	int result = used ? move_findings(l, today, a, r, used) : -ENOBUFS;

	if (result == 0)
		result = add_notes(l, today, a, r, used);
	return result < 0 ? err_set(e, ENOBUFS, "ignore rules: memory budget spent") : 0;
}

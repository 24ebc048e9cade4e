#include "scan/report/explain.h"

#include "base/text.h"
#include "scan/report/explain_priv.h"

static bool list_holds(str words, str id)
{
	while (words.n)
		if (str_eq_nocase(str_cut(&words, ' '), id))
			return true;
	return false;
}

static bool is_meant(const struct report *r, const struct finding *f, str what, str package)
{
	const struct package *p = &r->inventory->packages.items[f->package];

	if (package.n && !str_eq(package, p->name) && !str_eq(package, p->source_name))
		return false;
	return !what.n || str_eq_nocase(what, f->vuln->id) || list_holds(f->vuln->aliases, what) ||
	       list_holds(f->advisory, what);
}

static int nothing_found(const struct report *r, str what, str package, struct err *e)
{
	const struct package_list *l = &r->inventory->packages;
	OWNED_BUF id = BUF_INIT;
	OWNED_BUF name = BUF_INIT;

	text_escape(what, &id);
	text_escape(package, &name);
	if (!package.n)
		return err_set(e, ENOENT,
			       "no package of the target is known to be affected by %s (%zu "
			       "packages looked at)",
			       buf_cstr(&id), l->count);
	for (size_t i = 0; i < l->count; i++)
		if (str_eq(package, l->items[i].name) || str_eq(package, l->items[i].source_name))
			return err_set(e, ENOENT,
				       "%s is in the target, but not known to be affected%s%s",
				       buf_cstr(&name), what.n ? " by " : "", buf_cstr(&id));
	return err_set(e, ENOENT, "there is no package %s in the target", buf_cstr(&name));
}

int explain_report(const struct report *r, str what, str package, const struct report_style *style,
		   struct buf *out, struct err *e)
{
	const struct finding_list *const lists[] = { &r->findings, &r->ignored };
	struct arena a;
	struct explain x = { .r = r, .style = style, .a = &a, .out = out };
	int n = 0;

	arena_init(&a, 0);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct finding *f = &lists[l]->items[i];

			if (!is_meant(r, f, what, package))
				continue;
			if (n++)
				buf_byte(out, '\n');
			explain_finding(&x, f);
		}
	arena_done(&a);
	if (buf_error(out) < 0)
		return err_sys(e, -buf_error(out), "could not write the explanation");
	return n ? n : nothing_found(r, what, package, e);
}

int explain_vulnerability(const struct vulnerability *v, const struct database_info *db,
			  const struct report_style *style, struct buf *out, struct err *e)
{
	struct arena a;
	struct explain x = { .style = style, .a = &a, .out = out, .last_label = WORD_COUNT };
	struct words_number claims, count;

	arena_init(&a, 0);
	grid_ink(out, report_escape(&a, v->id), INK_BOLD, style->color);
	if (v->withdrawn) {
		words_add(out, style->lang, WORD_COMMA);
		words_add(out, style->lang, WORD_WITHDRAWN);
	}
	buf_byte(out, '\n');
	explain_facts(&x, v, true);
	if (db && db->path.n)
		explain_line(&x, WORD_EXPLAIN_DATABASE,
			     explain_words(&x, WORD_DATABASE_CLAIMS,
					   words_number(db->claims, &claims),
					   words_number(db->vulnerabilities, &count), (str){ 0 },
					   (str){ 0 }));
	arena_done(&a);
	return buf_error(out) < 0 ? err_sys(e, -buf_error(out), "could not write the explanation")
				  : 0;
}

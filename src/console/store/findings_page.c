#include "console/store/findings_priv.h"

static bool matches(const struct stored_finding *x, const struct finding_filter *f)
{
	return (!f->severities || f->severities & 1U << x->severity) &&
	       (!f->owners || f->owners & 1U << x->owner) &&
	       (f->kev < 0 || x->kev == (f->kev > 0)) &&
	       (f->fixable < 0 || (x->fixed.n != 0) == (f->fixable > 0)) &&
	       (!f->text.n || str_holds_nocase(x->vulnerability, f->text) ||
		str_holds_nocase(x->package, f->text));
}

/* The worst first, as findings_worst() has them. A match puts all rows in anew: what one is known by is what it says. */
static struct list_item item_of(const struct stored_finding *x, enum finding_sort key,
				struct arena *a)
{
	const str texts[] = {
		[FINDING_BY_VULNERABILITY] = x->vulnerability, [FINDING_BY_PACKAGE] = x->package
	};
	const int64_t numbers[] = {
		[FINDING_BY_SEVERITY] = x->severity, [FINDING_BY_EPSS] = list_sort_real(x->epss)
	};
	const str names[] = {
		x->vulnerability, x->package, x->version, x->type, x->path, x->layer
	};

	return (struct list_item){
		.number = key < ARRAY_LEN(numbers) ? numbers[key] : 0,
		.text = key < ARRAY_LEN(texts) ? texts[key] : (str){ 0 },
		.ranks = { (uint64_t)!x->accepted << 40 | (uint64_t)x->severity << 32 | x->kev,
			   (uint64_t)(list_sort_real(x->risk) - list_sort_real(-1)) },
		.id = list_sort_id(names, ARRAY_LEN(names), a),
		.item = x,
	};
}

/* More than a page that are looked at together. */
enum { LOOKED_AT = 4096 };

/* Those that may be on a page, of what was read so far, in one of two arenas: however many findings an image has, a page takes
 * the same memory. */
struct page_draft {
	const struct finding_filter *f;
	str cursor;
	size_t limit;
	size_t looked_at; /* since it was tidied */
	struct arena arenas[2], *here;
	struct list_item *items; /* a page, what tells that there is one behind it, and LOOKED_AT */
	size_t count;
};

static int draft_add(struct page_draft *d, const struct stored_finding *x, struct err *e)
{
	struct list_item *at = &d->items[d->count];

	*at = item_of(x, d->f->sort, d->here);
	if (!at->id.p)
		return err_set(e, ENOBUFS, "too many findings at once");
	d->count++;
	return 0;
}

static struct stored_finding *copy(const struct stored_finding *x, struct arena *a)
{
	struct stored_finding out = *x, *to = ARENA_NEW(a, struct stored_finding);
	str *const texts[] = { &out.vulnerability, &out.package, &out.version, &out.type,
			       &out.path,          &out.fixed,   &out.layer };

	for (size_t i = 0; to && i < ARRAY_LEN(texts); i++) {
		*texts[i] = arena_str(a, *texts[i]);
		if (!texts[i]->p)
			to = NULL;
	}
	if (to)
		*to = out;
	return to;
}

/* Forgets those that cannot be on the page, or tell that there is one behind it. */
static int draft_tidy(struct page_draft *d, struct err *e)
{
	struct arena *from = d->here, *to = &d->arenas[d->here == d->arenas];
	struct list_slice best;
	int r = list_sort_page(d->items, d->count, d->f->descending, d->cursor, d->limit + 1, from,
			       &best, e);

	d->here = to;
	d->count = 0;
	d->looked_at = 1;
	for (size_t i = 0; r == 0 && i < best.count; i++) {
		struct stored_finding *x = copy(best.items[i].item, to);

		r = x ? draft_add(d, x, e) : err_set(e, ENOBUFS, "too many findings at once");
	}
	arena_reset(from);
	return r;
}

static int draft_read(struct page_draft *d, struct store *s, str digest, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT " FINDING_COLUMNS " FROM finding f LEFT JOIN vulnerability v ON "
			  "v.id = f.vulnerability WHERE f.image = ?1",
			  SQL_ARGS(SQL_T(digest)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct stored_finding *x;

		if (d->looked_at++ == LOOKED_AT)
			r = draft_tidy(d, e);
		x = ARENA_NEW(d->here, struct stored_finding);
		if (r >= 0)
			r = x ? finding_take(rows, d->here, x, e)
			      : err_set(e, ENOBUFS, "too many findings at once");
		if (r == 0 && matches(x, d->f))
			r = draft_add(d, x, e);
		if (r < 0)
			break;
	}
	return r;
}

static int draft_page(struct page_draft *d, struct arena *a, struct finding_page *ret,
		      struct err *e)
{
	struct finding_page page = { 0 };
	struct list_slice slice;
	int r = list_sort_page(d->items, d->count, d->f->descending, d->cursor, d->limit, a, &slice,
			       e);

	if (r < 0)
		return r;
	page.items = ARENA_ARRAY(a, slice.count, struct stored_finding);
	for (size_t i = 0; page.items && i < slice.count; i++) {
		const struct stored_finding *x = copy(slice.items[i].item, a);

		if (!x)
			return err_set(e, ENOBUFS, "too many findings at once");
		page.items[page.count++] = *x;
	}
	if (!page.items)
		return err_set(e, ENOBUFS, "too many findings at once");
	page.next = slice.next;
	*ret = page;
	return 0;
}

int findings_page(struct store *s, str digest, const struct finding_filter *f, str cursor,
		  size_t limit, struct arena *a, struct finding_page *ret, struct err *e)
{
	struct page_draft d = { .f = f, .cursor = cursor, .limit = limit };
	int r;

	arena_init(&d.arenas[0], 0);
	arena_init(&d.arenas[1], 0);
	d.here = d.arenas;
	d.items = ARENA_ARRAY(a, limit + 1 + LOOKED_AT, struct list_item);
	r = d.items ? draft_read(&d, s, digest, e)
		    : err_set(e, ENOBUFS, "too many findings at once");
	if (r == 0)
		r = draft_page(&d, a, ret, e);
	arena_done(&d.arenas[0]);
	arena_done(&d.arenas[1]);
	return r;
}

#include "console/store/findings_priv.h"

/* What is read of a vulnerability's text for a list. */
#define LIST_COLUMNS \
	"id, title, published, aliases, severity, score, epss, epss_percentile, kev_added, kev"

struct survey {
	struct image_set images;
	struct map by_id; /* to struct vulnerability_row */
	struct vulnerability_row **rows;
	size_t count, cap;
	struct vulnerability_row *last; /* mostly the same again, though rows come in any order */
};

static struct vulnerability_row *new_row(struct survey *y, str id, struct arena *a)
{
	struct vulnerability_row **slot = ARENA_PUSH(a, y->rows, y->count, y->cap);
	struct vulnerability_row *x = slot ? ARENA_NEW(a, struct vulnerability_row) : NULL;

	if (x)
		*x = (struct vulnerability_row){
			.v = { .id = id, .score = -1, .epss = -1, .epss_percentile = -1 }
		};
	if (slot)
		*slot = x;
	return x;
}

static struct vulnerability_row *row_of(struct survey *y, str id, struct arena *a)
{
	struct vulnerability_row *x = map_find(&y->by_id, id);
	void **at;

	if (x)
		return x;
	id = arena_str(a, id);
	at = id.p ? map_at(&y->by_id, id) : NULL;
	return at ? *at = new_row(y, id, a) : NULL;
}

/* Adds one image's having of a vulnerability. */
static int note_pair(struct survey *y, struct sql_rows *rows, struct arena *a, struct err *e)
{
	const struct stored_image *i = map_find(&y->images.by_digest, sql_text(rows, 1));
	str id = sql_text(rows, 0);
	struct vulnerability_row *x = y->last;

	if (!i)
		return 0;
	if (!x || !str_eq(x->v.id, id))
		x = y->last = row_of(y, id, a);
	if (!x)
		return err_set(e, ENOBUFS, "too many vulnerabilities at once");
	x->v.severity = MAX(x->v.severity, (enum severity)sql_int(rows, 2));
	x->images++;
	x->containers += i->running;
	x->fixable = x->fixable || sql_int(rows, 3);
	x->v.kev = x->v.kev || sql_int(rows, 4);
	x->accepted += sql_int(rows, 5) != 0;
	return 0;
}

static int survey(struct store *s, const struct scope *scope, const str *only, struct arena *a,
		  struct survey *ret, struct err *e)
{
	struct survey y = { .by_id = map_in(a) };
	OWNED_ROWS *rows = NULL;
	int r = image_set_read(s, scope, NULL, a, &y.images, e);

	r = r < 0  ? r
	    : only ? sql_query(s->sql,
			       "SELECT vulnerability, image, severity, fixable, kev, accepted FROM "
			       "image_vulnerability "
			       "WHERE vulnerability = ?1",
			       SQL_ARGS(SQL_T(*only)), &rows, e)
		   : sql_query(s->sql,
			       "SELECT vulnerability, image, severity, fixable, kev, accepted FROM "
			       "image_vulnerability",
			       SQL_NONE, &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		r = note_pair(&y, rows, a, e);
		if (r < 0)
			break;
	}
	if (r == 0)
		*ret = y;
	return r;
}

static int take_text(struct sql_rows *rows, struct arena *a, struct stored_vulnerability *v,
		     struct err *e)
{
	v->title = sql_text_in(rows, 1, a);
	v->published = sql_text_in(rows, 2, a);
	v->aliases = sql_text_in(rows, 3, a);
	v->score = sql_real(rows, 5);
	v->epss = sql_real(rows, 6);
	v->epss_percentile = sql_real(rows, 7);
	v->kev_added = sql_text_in(rows, 8, a);
	return v->title.p && v->published.p && v->aliases.p && v->kev_added.p
		       ? 0
		       : err_set(e, ENOBUFS, "too many vulnerabilities at once");
}

/* The facts that order and filter need, of all that were surveyed. */
static int read_facts(struct store *s, struct survey *y, struct arena *a, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " LIST_COLUMNS " FROM vulnerability", SQL_NONE, &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct vulnerability_row *x = map_find(&y->by_id, sql_text(rows, 0));

		r = x ? take_text(rows, a, &x->v, e) : 0;
		if (r < 0)
			break;
	}
	return r;
}

static bool matches(const struct vulnerability_row *x, const struct vulnerability_filter *f)
{
	const str texts[] = { x->v.id, x->v.title, x->v.aliases };

	return (!f->severities || f->severities & 1U << x->v.severity) &&
	       (f->kev < 0 || x->v.kev == (f->kev > 0)) &&
	       (f->fixable < 0 || x->fixable == (f->fixable > 0)) &&
	       (f->accepted < 0 || (x->accepted == x->images) == (f->accepted > 0)) &&
	       texts_hold(f->text, texts, ARRAY_LEN(texts));
}

/* The worst first: what is exploited, then by severity, how likely that is, and how many containers have it. */
static struct list_item item_of(const struct vulnerability_row *x, enum vulnerability_sort key)
{
	const int64_t numbers[] = {
		[VULNERABILITY_BY_SEVERITY] = x->v.severity,
		[VULNERABILITY_BY_SCORE] = list_sort_real(x->v.score),
		[VULNERABILITY_BY_EPSS] = list_sort_real(x->v.epss),
		[VULNERABILITY_BY_IMAGES] = x->images,
		[VULNERABILITY_BY_RUNNING] = x->containers,
		[VULNERABILITY_BY_KEV] = x->v.kev,
	};
	const str texts[] = { [VULNERABILITY_BY_ID] = x->v.id,
			      [VULNERABILITY_BY_PUBLISHED] = x->v.published,
			      [VULNERABILITY_BY_KEV] = x->v.kev_added };

	return (struct list_item){
		.number = key < ARRAY_LEN(numbers) ? numbers[key] : 0,
		.text = key < ARRAY_LEN(texts) ? texts[key] : (str){ 0 },
		.ranks = { (uint64_t)x->v.kev << 40 | (uint64_t)x->v.severity << 32 |
				   (uint64_t)(list_sort_real(x->v.epss) - list_sort_real(-1)),
			   (uint64_t)x->containers },
		.id = x->v.id,
		.item = x,
	};
}

int vulnerabilities_page(struct store *s, const struct vulnerability_filter *f, str cursor,
			 size_t limit, struct arena *a, struct vulnerability_page *ret,
			 struct err *e)
{
	struct vulnerability_page page = { 0 };
	struct list_slice slice = { 0 };
	struct survey y = { 0 };
	struct list_item *items;
	size_t n = 0;
	int r = survey(s, f->scope, NULL, a, &y, e);

	r = r < 0 ? r : read_facts(s, &y, a, e);
	if (r < 0)
		return r;
	items = ARENA_ARRAY(a, y.count, struct list_item);
	for (size_t i = 0; items && i < y.count; i++)
		if (matches(y.rows[i], f))
			items[n++] = item_of(y.rows[i], f->sort);
	r = items ? list_sort_page(items, n, f->descending, cursor, limit, a, &slice, e) : -ENOBUFS;
	page.items = r == 0 ? ARENA_ARRAY(a, slice.count, struct vulnerability_row) : NULL;
	if (!page.items)
		return r < 0 && items ? r : err_set(e, ENOBUFS, "too many vulnerabilities at once");
	for (size_t i = 0; i < slice.count; i++)
		page.items[page.count++] = *(const struct vulnerability_row *)slice.items[i].item;
	page.next = slice.next;
	*ret = page;
	return 0;
}

int vulnerabilities_get(struct store *s, const struct scope *scope, str id, struct arena *a,
			struct vulnerability_row *ret, struct err *e)
{
	struct survey y = { 0 };
	OWNED_ROWS *rows = NULL;
	struct vulnerability_row *x;
	int r = survey(s, scope, &id, a, &y, e);

	if (r == 0 && y.count == 0)
		r = err_set(e, ENOENT, "no image has '%.*s'", STR_ARG(id));
	if (r < 0)
		return r;
	x = y.rows[0];
	r = sql_query(s->sql,
		      "SELECT " LIST_COLUMNS ", description, refs FROM vulnerability WHERE id = ?1",
		      SQL_ARGS(SQL_T(id)), &rows, e);
	r = r < 0 ? r : sql_next(rows, e);
	if (r > 0) {
		r = take_text(rows, a, &x->v, e);
		x->v.description = sql_text_in(rows, 10, a);
		x->v.references = sql_text_in(rows, 11, a);
	}
	if (r == 0)
		*ret = *x;
	return r;
}

static int hottest_first(const void *p, const void *q)
{
	const struct heat_row *a = p, *b = q;

	for (unsigned i = SEVERITY_COUNT; i-- > 0;)
		if (a->counts[i] != b->counts[i])
			return a->counts[i] > b->counts[i] ? -1 : 1;
	return str_cmp(a->key, b->key);
}

static void add_counts(struct heat_row *h, const struct stored_image *i)
{
	for (unsigned k = 0; k < SEVERITY_COUNT; k++)
		h->counts[k] += i->counts[k];
	h->kev += i->kev;
	h->unjudged += i->scanned_ns == 0 || i->unjudged > 0;
}

static int heat_by_image(const struct image_set *set, struct arena *a, struct heat_row **ret,
			 size_t *ret_count)
{
	struct heat_row *out = ARENA_ARRAY(a, set->count, struct heat_row);
	size_t n = 0;

	if (!out)
		return -ENOBUFS;
	for (size_t i = 0; i < set->count; i++) {
		str names = set->items[i].references;

		if (set->items[i].running == 0)
			continue;
		out[n].key = set->items[i].digest;
		out[n].name = str_cut(&names, ' ');
		add_counts(&out[n++], &set->items[i]);
	}
	*ret = out;
	*ret_count = n;
	return 0;
}

/* Each image counts once in each namespace it runs in. */
static int heat_by_namespace(struct store *s, const struct scope *scope,
			     const struct image_set *set, struct arena *a, struct heat_row **ret,
			     size_t *ret_count, struct err *e)
{
	struct map rows_of = map_in(a);
	struct heat_row *out = NULL;
	size_t n = 0, cap = 0;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT namespace, image_id, cluster, image, host, labels FROM asset "
			  "WHERE kind = 1 AND gone_ns = 0 AND state <> 'exited' AND image_id <> '' "
			  "GROUP BY namespace, image_id, cluster, image, host, labels ORDER BY "
			  "namespace, image_id",
			  SQL_NONE, &rows, e);
	str last = { 0 };
	uintptr_t last_row = 0;

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		const struct scope_subject of = { .namespace = sql_text(rows, 0),
						  .cluster = sql_text(rows, 2),
						  .image = sql_text(rows, 3),
						  .host = sql_text(rows, 4),
						  .labels = sql_text(rows, 5) };
		const struct stored_image *i =
			map_find(&set->by_digest, str_skip(sql_text(rows, 1), strlen("image:")));
		uintptr_t no = (uintptr_t)map_find(&rows_of, of.namespace.p ? of.namespace : S(""));

		if (!i || !scope_holds(scope, &of))
			continue;
		if (no == 0) {
			struct heat_row *h = ARENA_PUSH(a, out, n, cap);
			str name = sql_text_in(rows, 0, a);
			void **at = h && name.p ? map_at(&rows_of, name) : NULL;

			if (!at)
				return err_set(e, ENOBUFS, "too many namespaces at once");
			h->key = h->name = name;
			no = n;
			*at = (void *)no;
		}
		/* Rows come by namespace and image: the same again is another host or label of it. */
		if (no != last_row || !str_eq(last, i->digest))
			add_counts(&out[no - 1], i);
		last = i->digest;
		last_row = no;
	}
	*ret = out;
	*ret_count = n;
	return r;
}

int vulnerabilities_heat(struct store *s, const struct scope *scope, bool by_namespace, size_t max,
			 struct arena *a, struct heat_row **ret, size_t *ret_count, struct err *e)
{
	struct heat_row *out = NULL;
	struct image_set set = { 0 };
	size_t n = 0;
	int r = image_set_read(s, scope, NULL, a, &set, e);

	if (r == 0 && set.count)
		r = by_namespace ? heat_by_namespace(s, scope, &set, a, &out, &n, e)
				 : heat_by_image(&set, a, &out, &n);
	if (r < 0)
		return r == -ENOBUFS ? err_set(e, ENOBUFS, "too much burns at once") : r;
	if (n)
		qsort(out, n, sizeof(*out), hottest_first);
	*ret = out;
	*ret_count = MIN(n, max);
	return 0;
}

int findings_summary(struct store *s, const struct scope *scope, struct findings_summary *ret,
		     struct err *e)
{
	struct findings_summary sum = { 0 };
	struct survey y = { 0 };
	struct arena a;
	int r;

	arena_init(&a, 0);
	r = survey(s, scope, NULL, &a, &y, e);
	for (size_t i = 0; r == 0 && i < y.images.count; i++) {
		const struct stored_image *x = &y.images.items[i];

		if (x->running == 0)
			continue;
		sum.images++;
		sum.scanned += x->scanned_ns > 0;
		sum.waiting += x->scanned_ns == 0;
		sum.unjudged += x->unjudged > 0;
	}
	for (size_t i = 0; r == 0 && i < y.count; i++) {
		const struct vulnerability_row *x = y.rows[i];

		if (x->containers == 0)
			continue;
		if (x->accepted == x->images) {
			sum.accepted++;
			continue;
		}
		sum.counts[x->v.severity]++;
		sum.kev += x->v.kev;
		sum.fixable += x->fixable;
	}
	arena_done(&a);
	if (r == 0)
		*ret = sum;
	return r;
}

#include "base/clock.h"
#include "console/store/alert_walk.h"
#include "console/store/alerts_priv.h"

static int describe(struct store *s, const struct alert_hit *h, struct arena *a,
		    struct stored_alert *ret, struct err *e)
{
	const struct series_view *v = &s->alerts->series;
	size_t at = series_position(v, h->series);

	if (at == series_count(v))
		return err_set(e, EUCLEAN, "alert %lld is of a series that is not there",
			       (long long)h->id);
	ret->id = h->id;
	ret->received_ns = h->received_ms * (int64_t)MS_NS;
	ret->state = (enum alert_state)h->state;
	ret->who = h->who;
	ret->doc = h->doc;
	ret->series = series_describe(s->alerts, series_at(v, at), a);
	return ret->series ? 0 : err_set(e, ENOBUFS, "too many alerts at once");
}

static int describe_all(struct store *s, struct alert_hit *hits, size_t count, bool with_doc,
			struct arena *a, struct alert_page *ret, struct err *e)
{
	int r = 0;

	/* What the walk read lies where only the walk does. */
	for (size_t i = 0; i < count; i++)
		hits[i].doc = (str){ NULL, 0 };
	if (with_doc)
		r = alert_docs_fetch(s, hits, count, a, e);
	ret->items = ARENA_ARRAY(a, count, struct stored_alert);
	if (r == 0 && !ret->items)
		r = err_set(e, ENOBUFS, "too many alerts at once");
	for (size_t i = 0; r == 0 && i < count; i++) {
		/* Of a day that was dropped while we looked. */
		if (with_doc && !hits[i].doc.p)
			continue;
		r = describe(s, &hits[i], a, &ret->items[ret->count++], e);
	}
	return r;
}

int alerts_page(struct store *s, const struct alert_filter *f, int64_t cursor, size_t limit,
		bool with_doc, struct arena *a, struct alert_page *ret, struct err *e)
{
	struct alert_page page = { 0 };
	struct alert_walk *w = NULL;
	struct alert_hit *hits;
	struct arena scratch;
	size_t n = 0;
	int r;

	if (limit == 0 || limit > ALERT_PAGE_MAX)
		return err_set(e, EINVAL, "a page has 1 to %d alerts", ALERT_PAGE_MAX);
	arena_init(&scratch, 0);
	hits = ARENA_ARRAY(&scratch, limit + 1, struct alert_hit);
	r = hits ? alert_walk_new(s, f, cursor, limit, &scratch, &w, e)
		 : err_set(e, ENOMEM, "no memory for a page");
	while (r >= 0 && n <= limit && (r = alert_walk_next(w, &hits[n], e)) > 0)
		n++;
	if (r >= 0) {
		page.next = n > limit ? hits[limit - 1].id : alert_walk_at(w);
		r = describe_all(s, hits, MIN(n, limit), with_doc, a, &page, e);
	}
	for (size_t i = 0; r == 0 && i < page.count; i++)
		page.items[i].who = arena_str(a, page.items[i].who);
	arena_done(&scratch);
	if (r == 0)
		*ret = page;
	return r;
}

static int read_row(struct store *s, int64_t id, struct arena *a, struct alert_hit *ret,
		    struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int64_t day = alert_id_day(id), there;
	int r = sql_get_int(s->sql, "SELECT 1 FROM alert_day WHERE day = ?1", SQL_ARGS(SQL_I(day)),
			    &there, e);

	if (r > 0) {
		r = alert_day_query(
			s, &alert_rows, day,
			"SELECT series, state, received_ms, who FROM {table} WHERE id = ?1",
			SQL_ARGS(SQL_I(id)), &rows, e);
		r = r < 0 ? r : sql_next(rows, e);
	}
	if (r <= 0)
		return r < 0 ? r : err_set(e, ENOENT, "there is no alert %lld", (long long)id);
	*ret = (struct alert_hit){ .id = id,
				   .series = sql_int(rows, 0),
				   .state = sql_int(rows, 1),
				   .received_ms = sql_int(rows, 2),
				   .who = sql_text_in(rows, 3, a) };
	return 0;
}

bool alert_in_scope(const struct alert_cache *c, int64_t series, const struct scope *scope)
{
	const struct series_view *v = &c->series;
	size_t at = series_position(v, series);
	const struct series *x = at < series_count(v) ? series_at(v, at) : NULL;
	struct scope_subject of;

	if (!x || !scope)
		return false;
	of = (struct scope_subject){ .cluster = series_text(v, x, ALERT_TEXT_cluster),
				     .namespace = series_text(v, x, ALERT_TEXT_namespace),
				     .image = series_text(v, x, ALERT_TEXT_image),
				     .host = series_text(v, x, ALERT_TEXT_host),
				     .labels = series_text(v, x, ALERT_TEXT_labels) };
	return scope_holds(scope, &of);
}

int alerts_get(struct store *s, const struct scope *scope, int64_t id, struct arena *a,
	       struct stored_alert *ret, struct err *e)
{
	struct alert_cache *c = NULL;
	struct alert_hit h = { 0 };
	int r = id > 0 ? alert_cache_get(s, &c, e) : err_set(e, ENOENT, "there is no such alert");

	r = r < 0 ? r : alert_cache_refresh(s, e);
	r = r < 0 ? r : read_row(s, id, a, &h, e);
	if (r == 0 && !alert_in_scope(c, h.series, scope))
		r = err_set(e, ENOENT, "there is no alert %lld", (long long)id);
	r = r < 0 ? r : alert_docs_fetch(s, &h, 1, a, e);
	return r < 0 ? r : describe(s, &h, a, ret, e);
}

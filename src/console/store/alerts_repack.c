/* Counters written in decimal, packed a few at a time; a fact of the store says how far that is, so that each is looked at once. */
#include <inttypes.h>
#include <stdio.h>

#include "console/store/alerts_priv.h"
#include "console/store/store_fact.h"

#define FACT "alert_cells_packed"
#define DONE "all"

enum { AT_ONCE = 4, TEXT_BYTES = 64 };

struct repack {
	int64_t spans[AT_ONCE], places[AT_ONCE];
	int count;
};

/* Behind which place it goes on. @return 1, 0 all are packed, -errno */
static int find_start(struct store *s, int64_t *ret_span, int64_t *ret_place, struct err *e)
{
	uint64_t span = 0, place = 0;
	struct arena a;
	str text = { 0 };
	int r;

	arena_init(&a, 0);
	r = store_fact_get(s->sql, FACT, &a, &text, e);
	if (r > 0 && !str_is(text, DONE) &&
	    (str_u64(str_cut(&text, ' '), &span) < 0 || str_u64(text, &place) < 0))
		r = err_set(e, EUCLEAN, "the store's fact '%s' is damaged", FACT);
	*ret_span = (int64_t)span;
	*ret_place = r == 0 ? -1 : (int64_t)place;
	r = r < 0 ? r : r == 0 || !str_is(text, DONE);
	arena_done(&a);
	return r;
}

/* Without a lock: what was packed meanwhile is packed once more. A digit is more than the byte packed ones begin with. */
static int find_some(struct store *s, struct repack *p, struct err *e)
{
	int64_t span = 0, place = 0;
	OWNED_ROWS *rows = NULL;
	int r = find_start(s, &span, &place, e);

	if (r <= 0)
		return r;
	r = sql_query(s->sql,
		      "SELECT span, place FROM alert_cells WHERE (span, place) > (?1, ?2) AND "
		      "cells >= ?3 ORDER BY span, place LIMIT ?4",
		      SQL_ARGS(SQL_I(span), SQL_I(place), SQL_B(S("0")), SQL_I(AT_ONCE)), &rows, e);
	while (r >= 0 && p->count < AT_ONCE && (r = sql_next(rows, e)) > 0) {
		p->spans[p->count] = sql_int(rows, 0);
		p->places[p->count++] = sql_int(rows, 1);
	}
	return r < 0 ? r : 1;
}

static int pack(struct store *s, void *ctx, struct err *e)
{
	const struct repack *p = ctx;
	char text[TEXT_BYTES] = DONE;
	int r = sql_lock(s->sql, "alerts", e);

	for (int i = 0; r == 0 && i < p->count; i++) {
		r = alert_counts_rewrite(s, (enum alert_span)p->spans[i], p->places[i], e);
		r = MIN(r, 0);
	}
	if (p->count)
		snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, p->spans[p->count - 1],
			 p->places[p->count - 1]);
	return r < 0 ? r : store_fact_put(s->sql, FACT, str_from(text), e);
}

int alerts_repack(struct store *s, struct err *e)
{
	struct repack p = { 0 };
	int r = find_some(s, &p, e);

	r = r <= 0 ? r : store_transact(s, pack, &p, e);
	return r < 0 ? r : p.count;
}

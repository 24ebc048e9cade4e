#include "console/api/risk_keep.h"

#include <math.h>
#include <stdio.h>

#include "console/api/risk.h"

enum { CONTAINERS_A_TURN = 100 };

struct scores {
	str ids[CONTAINERS_A_TURN];
	double scores[CONTAINERS_A_TURN];
	size_t count;
	bool last; /* of this round */
};

static int reckon(struct call *c, const struct asset *x, struct scores *to, struct err *e)
{
	struct risk_facts facts;
	struct risk risk;
	int r = risk_find(c, x, true, &facts, e);

	if (r < 0)
		return r;
	if (risk_reckon(&facts, c->arena, &risk) < 0)
		return err_set(e, ENOBUFS, "risk: memory budget spent");
	to->ids[to->count] = x->id;
	to->scores[to->count++] = round(risk.score * 10) / 10;
	return 0;
}

static int write_scores(struct store *s, void *ctx, struct err *e)
{
	const struct scores *all = ctx;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < all->count; i++)
		r = assets_set_risk(s, all->ids[i], all->scores[i], e);
	return r < 0 ? r : all->last ? assets_spread_risk(s, e) : 0;
}

static int keep(struct call *c, struct risk_round *at, struct err *e)
{
	const struct asset_filter f = { .scope = &scope_everything,
					.kinds = 1U << ASSET_CONTAINER };
	struct scores all = { 0 };
	struct asset_page page;
	int r = assets_page(c->store, &f, str_from(at->cursor), CONTAINERS_A_TURN, true, c->arena,
			    &page, e);

	for (size_t i = 0; r == 0 && i < page.count; i++)
		r = reckon(c, &page.items[i], &all, e);
	if (r < 0)
		return r;
	snprintf(at->cursor, sizeof(at->cursor), "%.*s", STR_ARG(page.next));
	all.last = page.next.n == 0;
	/* Only what is written holds others up. */
	return store_transact(c->store, write_scores, &all, e);
}

int risk_keep(struct store *s, struct risk_round *at, struct arena *a, struct err *e)
{
	struct caller_grant all = { .permissions = UINT64_MAX, .scope = scope_everything };
	struct call c = { .store = s,
			  .arena = a,
			  .now_ns = store_now(),
			  .who = { .how = CALLER_SESSION,
				   .permissions = UINT64_MAX,
				   .grants = &all,
				   .grant_count = 1,
				   .scope = scope_everything } };
	int r = keep(&c, at, e);

	/* Whatever stood in the way, the next round begins anew. */
	if (r < 0)
		at->cursor[0] = '\0';
	return MIN(r, 0);
}

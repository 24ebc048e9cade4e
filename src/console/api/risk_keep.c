#include "console/api/risk_keep.h"

#include <math.h>
#include <stdio.h>

#include "console/api/risk.h"

enum { CONTAINERS_A_TURN = 100 };

struct turn {
	struct call call;
	struct risk_round *at;
	struct arena *arena;
};

static int keep_one(struct turn *t, const struct asset *x, struct err *e)
{
	struct risk_facts facts;
	struct risk risk;
	int r = risk_find(&t->call, x, true, &facts, e);

	if (r < 0)
		return r;
	if (risk_reckon(&facts, t->arena, &risk) < 0)
		return err_set(e, ENOBUFS, "risk: memory budget spent");
	r = assets_set_risk(t->call.store, x->id, round(risk.score * 10) / 10, e);
	return MIN(r, 0);
}

static int keep_some(struct store *s, void *ctx, struct err *e)
{
	struct turn *t = ctx;
	const struct asset_filter f = { .scope = &scope_everything,
					.kinds = 1U << ASSET_CONTAINER };
	struct asset_page page;
	int r = assets_page(s, &f, str_from(t->at->cursor), CONTAINERS_A_TURN, true, t->arena,
			    &page, e);

	for (size_t i = 0; r == 0 && i < page.count; i++)
		r = keep_one(t, &page.items[i], e);
	if (r < 0)
		return r;
	snprintf(t->at->cursor, sizeof(t->at->cursor), "%.*s", STR_ARG(page.next));
	return page.next.n ? 0 : assets_spread_risk(s, e);
}

int risk_keep(struct store *s, struct risk_round *at, struct arena *a, struct err *e)
{
	struct caller_grant all = { .permissions = UINT64_MAX, .scope = scope_everything };
	struct turn t = { .call = { .store = s,
				    .arena = a,
				    .now_ns = store_now(),
				    .who = { .how = CALLER_SESSION,
					     .permissions = UINT64_MAX,
					     .grants = &all,
					     .grant_count = 1,
					     .scope = scope_everything } },
			  .at = at,
			  .arena = a };
	int r = store_transact(s, keep_some, &t, e);

	/* Whatever stood in the way, the next round begins anew. */
	if (r < 0)
		at->cursor[0] = '\0';
	return MIN(r, 0);
}

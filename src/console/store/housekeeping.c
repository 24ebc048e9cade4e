#include "console/store/housekeeping.h"

#include "console/store/alerts.h"
#include "console/store/assets.h"
#include "console/store/findings.h"
#include "console/store/flows.h"
#include "console/store/ingest.h"
#include "console/store/partition.h"
#include "console/store/settings.h"

enum { FORGET_AT_ONCE = 2000 };

struct keeping {
	int64_t before_ns, now_ns;
	int forgot;
};

static int forget(struct store *s, void *ctx, struct err *e)
{
	struct keeping *k = ctx;
	int r = assets_forget(s, k->before_ns, FORGET_AT_ONCE, e);

	k->forgot = MAX(r, 0);
	/* A spool's life that was not heard of for so long is over: its agent has begun others. */
	return r < 0 ? r : sql_no_count(ingest_forget(s, k->before_ns, e));
}

/* Apart, so that it can be told which: what is too old goes first. */
static int drop_days(struct store *s, int64_t before_ns, int64_t max_bytes,
		     struct housekeeping_dropped *ret, struct err *e)
{
	int r = alerts_retain(s, before_ns, 0, e);

	if (r < 0)
		return r;
	ret->old = r;
	r = max_bytes > 0 ? alerts_retain(s, before_ns, max_bytes, e) : 0;
	if (r < 0)
		return r;
	ret->large = r;
	return 0;
}

int housekeeping(struct store *s, int64_t now_ns, struct housekeeping_dropped *ret, struct err *e)
{
	struct housekeeping_dropped dropped = { 0 };
	struct settings set = { 0 };
	struct keeping k = { .now_ns = now_ns };
	int r = settings_get(s, &set, e);

	if (ret)
		*ret = dropped;
	if (r < 0)
		return r;
	k.before_ns = now_ns - set.values[SETTING_RETENTION_DAYS] * DAY_NS;
	r = alerts_prepare_days(s, now_ns, e);
	r = r < 0 ? r : drop_days(s, k.before_ns, set.values[SETTING_RETENTION_BYTES], &dropped, e);
	if (ret)
		*ret = dropped;
	r = r < 0 ? r
		  : flows_keep(s, now_ns, now_ns - set.values[SETTING_FLOW_RETENTION_DAYS] * DAY_NS,
			       e);
	r = r < 0 ? r : acceptances_expire(s, now_ns, e);
	r = r < 0 ? r : store_transact(s, forget, &k, e);
	return r < 0 ? r : k.forgot == FORGET_AT_ONCE;
}

#include "console/store/assets_priv.h"

int assets_periods(struct store *s, str id, struct arena *a, struct asset_period **ret,
		   size_t *ret_count, struct err *e)
{
	struct asset_period *out = ARENA_ARRAY(a, ASSET_PERIODS_MAX, struct asset_period);
	OWNED_ROWS *rows = NULL;
	size_t n = 0;
	int r;

	if (!out)
		return err_set(e, ENOBUFS, "too many assets at once");
	r = sql_query(s->sql,
		      "SELECT since_ns, gone_ns FROM asset WHERE id = ?1 UNION ALL SELECT from_ns, "
		      "to_ns FROM "
		      "asset_period WHERE asset = ?1 ORDER BY 1 DESC LIMIT ?2",
		      SQL_ARGS(SQL_T(id), SQL_I(ASSET_PERIODS_MAX)), &rows, e);
	while (r >= 0 && n < ASSET_PERIODS_MAX && (r = sql_next(rows, e)) > 0)
		out[n++] = (struct asset_period){ sql_int(rows, 0), sql_int(rows, 1) };
	if (r < 0)
		return r;
	*ret = out;
	*ret_count = n;
	return 0;
}

/* Rows in both directions, of the kinds wanted. */
#define WANTED "((?3 >> CAST(asset.kind AS INTEGER)) & 1) = 1 AND relation.gone_ns "
#define RELATED(holds, order) \
	"SELECT relation.kind, 1, relation.first_ns, relation.gone_ns AS ended, " ASSET_COLUMNS \
	", '' FROM relation JOIN asset ON asset.id = relation.to_id " \
	"WHERE relation.from_id = ?1 AND " WANTED holds \
	" UNION ALL SELECT relation.kind, 0, relation.first_ns, relation.gone_ns, " ASSET_COLUMNS \
	", '' FROM relation JOIN asset ON asset.id = relation.from_id " \
	"WHERE relation.to_id = ?1 AND " WANTED holds order " LIMIT ?2"

/* At most @p max that @p scope shows. @param ret_cut there are more, or there may be behind what was looked at */
static int related(struct store *s, const char *query, const struct scope *scope, str id,
		   unsigned kinds, size_t max, struct arena *a, struct asset_neighbour **ret,
		   size_t *ret_count, bool *ret_cut, struct err *e)
{
	const size_t look = asset_rows_to_look_at(scope, max + 1);
	struct asset_neighbour *out = ARENA_ARRAY(a, max + 1, struct asset_neighbour);
	OWNED_ROWS *rows = NULL;
	size_t n = 0, looked = 0;
	int r;

	if (!out)
		return err_set(e, ENOBUFS, "too many assets at once");
	r = sql_query(s->sql, query,
		      SQL_ARGS(SQL_T(id), SQL_I(look),
			       SQL_I(kinds ? kinds : (1U << ASSET_KIND_COUNT) - 1)),
		      &rows, e);
	while (r >= 0 && n <= max && (r = sql_next(rows, e)) > 0) {
		looked++;
		if (!asset_row_in_scope(rows, 4, scope))
			continue;
		out[n] = (struct asset_neighbour){ .kind = sql_text_in(rows, 0, a),
						   .outgoing = sql_int(rows, 1) != 0,
						   .from_ns = sql_int(rows, 2),
						   .to_ns = sql_int(rows, 3) };
		r = asset_read(rows, 4, a, &out[n].asset, e);
		if (r == 0 && !out[n++].kind.p)
			r = err_set(e, ENOBUFS, "too many assets at once");
	}
	if (r < 0)
		return r;
	*ret = out;
	*ret_count = MIN(n, max);
	*ret_cut = n > max || looked == look;
	return 0;
}

int assets_neighbours(struct store *s, const struct scope *scope, str id, unsigned kinds,
		      size_t max, struct arena *a, struct asset_neighbour **ret, size_t *ret_count,
		      bool *ret_cut, struct err *e)
{
	return related(s, RELATED("= 0", ""), scope, id, kinds, max, a, ret, ret_count, ret_cut, e);
}

int assets_past(struct store *s, const struct scope *scope, str id, size_t max, struct arena *a,
		struct asset_neighbour **ret, size_t *ret_count, struct err *e)
{
	bool cut;

	return related(s, RELATED("> 0", " ORDER BY ended DESC"), scope, id, 0, max, a, ret,
		       ret_count, &cut, e);
}

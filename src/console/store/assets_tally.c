#include "console/store/assets_priv.h"

#define TALLY_COLUMNS "kind, agent, host, cluster, namespace, image, image_id"

static int tally_read(struct sql_rows *rows, struct arena *a, struct asset_tally *ret,
		      struct err *e)
{
	const struct asset_tally out = { .kind = (enum asset_kind)sql_int(rows, 0),
					 .agent = sql_text_in(rows, 1, a),
					 .host = sql_text_in(rows, 2, a),
					 .cluster = sql_text_in(rows, 3, a),
					 .namespace = sql_text_in(rows, 4, a),
					 .image = sql_text_in(rows, 5, a),
					 .image_id = sql_text_in(rows, 6, a),
					 .count = sql_int(rows, 8) };

	if (!out.agent.p || !out.host.p || !out.cluster.p || !out.namespace.p || !out.image.p ||
	    !out.image_id.p)
		return err_set(e, ENOBUFS, "too many assets at once");
	*ret = out;
	return 0;
}

static bool in_scope(struct sql_rows *rows, const struct scope *scope)
{
	const struct asset x = { .host = sql_text(rows, 2),
				 .cluster = sql_text(rows, 3),
				 .namespace = sql_text(rows, 4),
				 .image = sql_text(rows, 5),
				 .labels = sql_text(rows, 7) };

	return asset_in_scope(&x, scope);
}

int assets_tally(struct store *s, const struct scope *scope, unsigned kinds, struct arena *a,
		 struct asset_tally **ret, size_t *ret_count, bool *ret_cut, struct err *e)
{
	const bool all = scope && scope->everything;
	struct asset_tally *list = NULL;
	size_t count = 0, cap = 0;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  all ? "SELECT " TALLY_COLUMNS
				", '', COUNT(*) FROM asset WHERE gone_ns = 0"
				" AND ((?1 >> CAST(kind AS INTEGER)) & 1) = 1"
				" GROUP BY " TALLY_COLUMNS " LIMIT ?2"
			      : "SELECT " TALLY_COLUMNS ", labels, COUNT(*) FROM asset"
				" WHERE gone_ns = 0 AND ((?1 >> CAST(kind AS INTEGER)) & 1) = 1"
				" GROUP BY " TALLY_COLUMNS ", labels LIMIT ?2",
			  SQL_ARGS(SQL_I(kinds), SQL_I(ASSET_TALLIES_MAX + 1)), &rows, e);
	size_t seen = 0;

	while (r >= 0 && (r = sql_next(rows, e)) > 0 && seen++ < ASSET_TALLIES_MAX) {
		struct asset_tally *t;

		if (!in_scope(rows, scope))
			continue;
		t = ARENA_PUSH(a, list, count, cap);
		r = t ? tally_read(rows, a, t, e) : err_set(e, ENOBUFS, "too many assets at once");
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	*ret_cut = seen > ASSET_TALLIES_MAX;
	return 0;
}

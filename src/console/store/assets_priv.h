/** @file
 * What the files of assets share: rows to assets, cursors.
 */
#ifndef SKEP_CONSOLE_STORE_ASSETS_PRIV_H
#define SKEP_CONSOLE_STORE_ASSETS_PRIV_H

#include "console/sql/sql_where.h"
#include "console/store/assets.h"
#include "console/store/list_cursor.h"

/** Columns of table `asset` in the order asset_read() takes them; a statement adds doc, or '' for it. */
#define ASSET_COLUMNS \
	"asset.id, asset.kind, asset.agent, asset.name, asset.host, asset.cluster, " \
	"asset.namespace, asset.image," \
	" asset.image_id, asset.labels, asset.state, asset.risk, asset.first_ns, asset.last_ns, " \
	"asset.gone_ns"
enum { ASSET_COLUMN_COUNT = 15 };

/** Reads columns @p first and following, and the document behind them. @return 0, -ENOBUFS */
MUST_CHECK int asset_read(struct sql_rows *rows, unsigned first, struct arena *a, struct asset *ret,
			  struct err *e);

/** Of an asset, as scopes ask. */
struct scope_subject asset_subject(const struct asset *a);
/** Whether @p scope shows the asset of a row whose columns begin at @p first: nothing is copied. */
bool asset_row_in_scope(struct sql_rows *rows, unsigned first, const struct scope *scope);
/** How many rows are looked at, at the most, for @p max that @p scope shows. */
size_t asset_rows_to_look_at(const struct scope *scope, size_t max);
static inline bool asset_in_scope(const struct asset *a, const struct scope *scope)
{
	const struct scope_subject of = asset_subject(a);

	return scope && scope_holds(scope, &of);
}

#endif

/** @file
 * What is near an asset: what it belongs to now, and whom it talked with in the last day.
 */
#ifndef SKEP_CONSOLE_API_NEIGHBOURS_H
#define SKEP_CONSOLE_API_NEIGHBOURS_H

#include "console/api/call.h"
#include "console/store/assets.h"

/** As assets_neighbours(), as far as the caller may see. */
MUST_CHECK int neighbours_of(struct call *c, str id, unsigned kinds, size_t max,
			     struct asset_neighbour **ret, size_t *ret_count, bool *ret_cut,
			     struct err *e);

#endif

/** @file
 * Assets, images and counts of findings as the API's JSON.
 */
#ifndef SKEP_CONSOLE_API_ASSET_JSON_H
#define SKEP_CONSOLE_API_ASSET_JSON_H

#include "console/api/call.h"
#include "console/store/assets.h"
#include "console/store/findings.h"

/** An Asset; its document is read for the summary where it has one. @param scratch  is reset */
void asset_put(const struct asset *a, struct arena *scratch, struct json_out *j);
/** What tells containers of one name apart, as members, where it is known: host, cluster, namespace, pod. @param scratch  is reset */
void asset_put_place(const struct asset *a, struct arena *scratch, struct json_out *j);
/** A SeverityCounts. */
void severity_counts_put(const int64_t counts[SEVERITY_COUNT], struct json_out *j);
/** An Image. */
void image_put(struct call *c, const struct stored_image *i);
/** "database": a DatabaseState. @param database_ns  0: not known */
void database_state_put(int64_t database_ns, int64_t now_ns, struct json_out *j);
const char *layer_owner_name(enum layer_owner o);

#endif

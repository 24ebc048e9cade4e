/** @file
 * What the files of findings share.
 */
#ifndef SKEP_CONSOLE_STORE_FINDINGS_PRIV_H
#define SKEP_CONSOLE_STORE_FINDINGS_PRIV_H

#include "base/map.h"
#include "console/sql/sql_where.h"
#include "console/store/findings.h"
#include "console/store/list_sort.h"

/** All images a scope shows, with how many containers run them. */
struct image_set {
	struct stored_image *items;
	size_t count, cap;
	struct map by_digest; /**< to struct stored_image */
};

/** Reads them into @p a. @param only NULL, or the one digest that is wanted */
MUST_CHECK int image_set_read(struct store *s, const struct scope *scope, const str *only,
			      struct arena *a, struct image_set *ret, struct err *e);

#define FINDING_COLUMNS \
	"f.vulnerability, f.package, f.version, f.type, f.path, f.fixed, f.state, f.severity, " \
	"f.score, f.risk," \
	" f.owner, f.layer, f.accepted, v.kev, v.epss"

/** Takes a row of FINDING_COLUMNS, of finding f and vulnerability v. @return 0, -ENOBUFS */
MUST_CHECK int finding_take(struct sql_rows *rows, struct arena *a, struct stored_finding *ret,
			    struct err *e);

/** Counts an image's findings anew, into its row. Inside a transaction. */
MUST_CHECK int image_recount(struct store *s, str digest, struct err *e);
/** Sets what is accepted of an image, or of a vulnerability (the other empty), and counts anew. Inside a transaction. */
MUST_CHECK int acceptances_apply(struct store *s, str digest, str vulnerability, struct err *e);

/** Whether each word of @p words stands in one of the texts. */
bool texts_hold(str words, const str *texts, size_t count);

#endif

/** @file
 * The audit log: who did what, from where, to what, with what result. Rows are only ever added, each chained to the one
 * before (audit_chain.h), and go as whole days when they are old. The days are tables of their own (partition.h); the chain
 * goes on over them.
 */
#ifndef SKEP_CONSOLE_STORE_AUDIT_H
#define SKEP_CONSOLE_STORE_AUDIT_H

#include "console/store/audit_chain.h"
#include "console/store/store.h"

/**
 * Appends an entry; id, previous and hash are set here, `before` and `after` are redacted. In the caller's transaction,
 * which commits the entry together with what it tells of; others that append wait until it ends, so do it last.
 *
 * @return 0, -EBADMSG (before or after is no JSON), -E2BIG, -ENOBUFS, or the store's
 */
MUST_CHECK int audit_append(struct store *s, const struct audit_entry *entry, struct arena *a,
			    struct err *e);

struct audit_filter {
	str user, action, target; /**< empty: any; action and target also as a beginning */
	str actions; /**< beside those, `action` stands for each of these whole ones: "|PUT /x||PUT /y|" */
	int64_t since_ns, until_ns; /**< 0: no bound; until is not included */
};

/**
 * Entries with an id below @p below (0: all), newest first.
 *
 * @param ret holds @p limit
 */
MUST_CHECK int audit_page(struct store *s, const struct audit_filter *f, int64_t below,
			  size_t limit, struct arena *a, struct audit_entry *ret, size_t *ret_count,
			  struct err *e);
/** Entries with an id above @p above, oldest first: what export goes by. */
MUST_CHECK int audit_walk(struct store *s, int64_t above, size_t limit, struct arena *a,
			  struct audit_entry *ret, size_t *ret_count, struct err *e);

struct audit_head {
	int64_t id;  /**< of the newest entry; 0: there is none */
	int64_t day; /**< whose table it is in */
	char hash[AUDIT_HASH_TEXT];
};

MUST_CHECK int audit_head_get(struct store *s, struct audit_head *ret, struct err *e);

/** Drops days that ended before @p before_ns, but never that of the newest entry. @return how many, or -errno */
MUST_CHECK int audit_drop_days(struct store *s, int64_t before_ns, struct err *e);

#endif

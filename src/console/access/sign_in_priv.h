/** @file
 * Counting what fails, wherever a password is asked for.
 */
#ifndef SKEP_CONSOLE_ACCESS_SIGN_IN_PRIV_H
#define SKEP_CONSOLE_ACCESS_SIGN_IN_PRIV_H

#include "console/sql/sql.h"

/**
 * Who tries. A name nobody has here is not kept: people type their password there by mistake. Such names share 65,536
 * counters.
 */
struct sign_in_who {
	int64_t user; /**< 0: nobody of this name is known */
	str name;
	str address;
};

/** @param ret_wait_s set on -EBUSY; may be NULL @return 0, -EBUSY (nothing is tried for a while), or the store's */
MUST_CHECK int sign_in_check_locks(struct sql *s, const struct sign_in_who *who, int64_t now_ns,
				   unsigned int *ret_wait_s, struct err *e);
/** Makes its own transaction. @return @p why, or that the store would not keep it: nobody is let in then either */
MUST_CHECK int sign_in_count_failure(struct sql *s, const struct sign_in_who *who, int64_t now_ns,
				     int why, struct err *e);

#endif

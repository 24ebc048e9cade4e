/** @file
 * Counting what fails, wherever a password is asked for.
 */
#ifndef SKEP_CONSOLE_ACCESS_SIGN_IN_PRIV_H
#define SKEP_CONSOLE_ACCESS_SIGN_IN_PRIV_H

#include "console/store/sql.h"

/** @param ret_wait_s set on -EBUSY; may be NULL @return 0, -EBUSY (nothing is tried for a while), or the store's */
MUST_CHECK int sign_in_check_locks(struct sql *s, str name, str address, int64_t now_ns,
				   unsigned int *ret_wait_s, struct err *e);
/** Makes its own transaction. @return @p why, or that the store would not keep it: nobody is let in then either */
MUST_CHECK int sign_in_count_failure(struct sql *s, str name, str address, int64_t now_ns, int why,
				     struct err *e);

#endif

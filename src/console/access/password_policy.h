/** @file
 * Which passwords may be chosen (NIST SP 800-63B section 5.1.1, GB/T 22239-2019 8.1.4.1).
 */
#ifndef SKEP_CONSOLE_ACCESS_PASSWORD_POLICY_H
#define SKEP_CONSOLE_ACCESS_PASSWORD_POLICY_H

#include "base/err.h"
#include "base/str.h"

struct password_policy {
	unsigned int least; /**< characters; 0: 12 */
	unsigned int
		kinds; /**< of lower, upper, digit, other; 0: 3; a password of 20 characters needs none */
	unsigned int remember; /**< former passwords that may not come back; 0: 3 */
};

#define PASSWORD_POLICY_REMEMBER 3

/** The policy with its defaults filled in. */
struct password_policy password_policy_of(struct password_policy p);

/**
 * Whether @p password may be @p user's.
 *
 * @return 0, -EINVAL (the message says what is missing, never what was typed)
 */
MUST_CHECK int password_policy_check(const struct password_policy *p, str user, str password,
				     struct err *e);

#endif

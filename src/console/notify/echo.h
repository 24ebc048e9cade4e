/** @file
 * Receivers that show in their answers what they were sent: their words are for everybody who may look at receivers, the secrets in
 * them for nobody.
 *
 * Found is what is told outright or in part, escaped as JSON or URLs are, or in Base64. What is enciphered, hashed or told bit by bit is not: a
 * receiver that wants its own secrets known can tell them anyway.
 */
#ifndef SKEP_CONSOLE_NOTIFY_ECHO_H
#define SKEP_CONSOLE_NOTIFY_ECHO_H

#include "console/notify/receiver.h"

/**
 * Whether @p answer, all of it, holds a secret that @p r was given: eight bytes of it in a row, a shorter one as a whole. Of a secret address its path
 * and the values in its query count, of a header also what stands behind its scheme; of Basic credentials the password and what Base64 makes of them.
 * Private keys are not looked for: nobody is sent them.
 *
 * @return true also when there is no memory to find out
 */
bool echo_holds_secret(const struct receiver *r, str answer);

#endif

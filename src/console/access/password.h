/** @file
 * Passwords as Argon2id hashes (RFC 9106). The only module that knows libargon2.
 *
 * Each hash takes tens of MiB while it is made, so a kitchen bounds how many are made at once: sign-ins wait for one
 * another and, past a while, are sent away, instead of exhausting memory. A kitchen may be used by any thread.
 */
#ifndef SKEP_CONSOLE_ACCESS_PASSWORD_H
#define SKEP_CONSOLE_ACCESS_PASSWORD_H

#include <semaphore.h>

#include "base/err.h"
#include "base/str.h"

#define PASSWORD_MAX_BYTES 1024
/** An encoded hash ("$argon2id$v=19$m=...,t=...,p=1$salt$hash") with its NUL. */
#define PASSWORD_HASH_BYTES 160

struct password_cost {
	uint32_t memory_kib; /**< 0: 64 MiB */
	uint32_t passes;     /**< 0: 3 */
};

struct password_kitchen {
	struct password_cost cost;
	sem_t room;
	unsigned int wait_s; /**< longest wait for room */
};

/** @param at_once hashes in the making at most; 0: 2 */
void password_kitchen_init(struct password_kitchen *k, struct password_cost cost,
			   unsigned int at_once);
void password_kitchen_done(struct password_kitchen *k);

/**
 * Hashes @p password with a fresh salt.
 *
 * @return 0, -E2BIG (longer than PASSWORD_MAX_BYTES), -EAGAIN (no room in time), -ENOMEM, -EIO (no random numbers)
 */
MUST_CHECK int password_hash(struct password_kitchen *k, str password,
			     char ret[PASSWORD_HASH_BYTES], struct err *e);

/**
 * Whether @p hash is that of @p password, in a time that tells neither.
 *
 * @param hash empty: does the same work and answers -EACCES, so that nobody learns who exists
 * @param ret_stale set when it matches and was made at another cost: hash it anew; may be NULL
 * @return 0, -EACCES (is not), -E2BIG, -EAGAIN, -ENOMEM, -EIO (@p hash is no Argon2id hash)
 */
MUST_CHECK int password_check(struct password_kitchen *k, str hash, str password, bool *ret_stale,
			      struct err *e);

/** A password of 24 characters nobody can guess, with a NUL; satisfies every password policy. */
#define PASSWORD_RANDOM_BYTES 25
MUST_CHECK int password_random(char ret[PASSWORD_RANDOM_BYTES], struct err *e);

#endif

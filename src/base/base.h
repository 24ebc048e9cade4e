/** @file
 * The few macros every room uses: attributes, cleanup, array sizes.
 */
#ifndef SKEP_BASE_BASE_H
#define SKEP_BASE_BASE_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))

/** Runs @p fn on the variable's address when it leaves scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/** Hands an owned pointer on: yields its value and leaves NULL behind. */
#define TAKE(pp) \
	({ \
		__typeof__(*(pp)) *pp_ = (pp); \
		__typeof__(*(pp)) v_ = *pp_; \
		*pp_ = NULL; \
		v_; \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static inline void cleanup_free(void *pp)
{
	free(*(void **)pp);
}

/** TAKE() for a descriptor: yields it and leaves -1 behind. */
static inline int fd_take(int *fd)
{
	const int was = *fd;

	*fd = -1;
	return was;
}

/** Closes the descriptor, where there is one, and leaves -1 behind. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(fd_take(fd));
}

/** A file descriptor that closes itself; fd_take() it to hand it on. */
#define OWNED_FD CLEANUP(fd_close) int
/** A malloc'd pointer that frees itself; TAKE() it to hand it on. */
#define OWNED CLEANUP(cleanup_free)

#endif

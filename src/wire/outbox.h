/** @file
 * Lines on their way to one receiver: they wait in a spool, go out in batches one at a time, and are forgotten when the
 * receiver has them. A receiver that is away, slow or busy is tried again with growing pauses (1 s to 60 s, or as long as
 * it asks, an hour at most); what it refuses is told one by one, so that only what it will never take is given up, counted.
 *
 * Never blocks and knows no protocol: the owner sends, and says what came of it.
 */
#ifndef SKEP_WIRE_OUTBOX_H
#define SKEP_WIRE_OUTBOX_H

#include "base/err.h"
#include "base/str.h"

enum outbox_verdict {
	OUTBOX_SENT,    /**< the receiver has the batch, but for `refused` of it */
	OUTBOX_AGAIN,   /**< may pass: try again */
	OUTBOX_REFUSED, /**< it will never take this */
};

#define OUTBOX_WHY_BYTES 200

struct outbox_result {
	enum outbox_verdict verdict;
	size_t refused;             /**< of a batch that was SENT */
	unsigned int retry_after_s; /**< what the receiver asks for; 0: nothing */
	char why[OUTBOX_WHY_BYTES]; /**< without secrets; empty: nothing to say */
};

/** Sets verdict and sentence. */
void outbox_result_set(struct outbox_result *r, enum outbox_verdict v, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

struct outbox;

struct outbox_options {
	const char *dir, *name; /**< of the spool */
	uint64_t max_bytes;     /**< of the spool */
	size_t batch_lines;     /**< a batch holds at most; at least 1 */
	size_t batch_bytes;     /**< and ends when it has so many; 0: 1 MiB */
	/**
	 * Begins to send a batch; outbox_done() tells what came of it, now or later. The lines live until then.
	 * @return 0, -errno: as OUTBOX_AGAIN with the sentence
	 */
	int (*send)(void *ctx, const str *lines, size_t count, struct err *e);
	void *ctx;
};

struct outbox_figures {
	uint64_t sent;         /**< lines the receiver has */
	uint64_t failures;     /**< attempts that failed */
	uint64_t refused;      /**< lines given up because it refused them */
	uint64_t lost;         /**< lines that gave way or were damaged on disk */
	uint64_t waiting;      /**< lines */
	uint64_t last_sent_ns; /**< CLOCK_REALTIME; 0: never */
	const char *why;       /**< what is wrong now; "": nothing */
};

/** @return 0, as spool_open() */
MUST_CHECK int outbox_open(const struct outbox_options *o, struct outbox **ret, struct err *e);
/** What was not sent waits on disk. Nothing may be under way, or it is told again later. */
void outbox_close(struct outbox *b);

/** @return 0, as spool_add(): then it is not kept */
MUST_CHECK int outbox_add(struct outbox *b, str line, struct err *e);
/** To disk with what was added. */
void outbox_sync(struct outbox *b);
/** Begins to send when it is time; once a second to disk. @param now_ns CLOCK_MONOTONIC */
void outbox_work(struct outbox *b, uint64_t now_ns);
/** The batch under way is over. */
void outbox_done(struct outbox *b, const struct outbox_result *r);
bool outbox_is_busy(const struct outbox *b);

struct outbox_figures outbox_figures(const struct outbox *b);

#endif

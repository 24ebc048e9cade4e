/** @file
 * What is told to a receiver: one alert of the store, and how many like it were not told one by one.
 *
 * Everything in the agent's document is written by whoever runs in a container: renderers treat each text as hostile.
 * While a notice waits it is one line of JSON (notice_render(), notice_parse()).
 */
#ifndef SKEP_CONSOLE_NOTIFY_NOTICE_H
#define SKEP_CONSOLE_NOTIFY_NOTICE_H

#include "base/err.h"
#include "base/lang.h"
#include "codec/json_out.h"
#include "codec/value.h"
#include "model/alert.h"

/** X(ID, "name"): why a notice stands for more than one alert */
#define NOTICE_REASONS(X) \
	X(ONE, "one")     /* it does not */ \
	X(GROUP, "group") /* the like within the receiver's window */ \
	X(QUIET, "quiet") /* what came in quiet hours */ \
	X(RATE, "rate")   /* what came faster than the receiver may tell */

enum notice_reason {
#define NOTICE_REASON_ENUM(id, name) NOTICE_##id,
	NOTICE_REASONS(NOTICE_REASON_ENUM)
#undef NOTICE_REASON_ENUM
		NOTICE_REASON_COUNT
};

struct notice {
	uint64_t id; /**< the alert's in the console; 0: a trial */
	str host, agent;
	uint64_t received_ns;
	enum alert_priority priority;
	const struct value *doc; /**< the agent's, doc/schemas/alert-1.schema.json */
	str json;                /**< the same as one line of text */
	enum notice_reason reason;
	uint64_t
		more; /**< alerts besides this one it stands for; this one is the most urgent, the latest of those */
	uint64_t first_ns, last_ns; /**< of them all, when there are more */
};

const char *notice_reason_name(enum notice_reason r);
/** @return the reason or -ENOENT */
MUST_CHECK int notice_reason_find(str name);

/** Appends the line. A line feed in the document becomes a blank. */
void notice_render(const struct notice *n, struct buf *out);
/**
 * Reads a line back.
 *
 * @param line must outlive @p ret
 * @return 0, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int notice_parse(str line, struct arena *a, struct notice *ret, struct err *e);
/** A notice for the test button: a harmless alert that says what it is. @return 0, -ENOBUFS */
MUST_CHECK int notice_trial(const char *host, struct arena *a, struct notice *ret, struct err *e);

/**
 * Appends the alert for machines: the agent's document with what the console knows put in front (id, host, agent,
 * received, and for more than one: more, reason, firstTime, lastTime). Members of those names in the document are left out.
 *
 * @param extra members written first, as "\"@timestamp\":\"...\","; may be empty
 */
void notice_json(const struct notice *n, str extra, struct buf *out);

/**
 * The same in at most @p max bytes, at least 400: where the whole is longer, what matters of it with "cut": true, texts
 * shortened. Always whole JSON.
 */
void notice_json_within(const struct notice *n, size_t max, struct buf *out);

/** A text of the document; of the container (name "container.image") too; empty when there is none. */
str notice_text(const struct notice *n, const char *dotted);
/** The message in a language, English where there is no other. */
str notice_message(const struct notice *n, enum lang lang);
/** The process that did it: a member of the first of its lineage. */
str notice_process(const struct notice *n, const char *member);

#endif

/** @file
 * A notice for people: a title, a sentence and a few facts, in one language. Chat rooms and mail show it, each in its
 * own markup; the texts are plain and hostile here.
 */
#ifndef SKEP_CONSOLE_NOTIFY_CARD_H
#define SKEP_CONSOLE_NOTIFY_CARD_H

#include "base/phrase.h"
#include "console/notify/notice.h"

#define CARD_FACTS_MAX 10

struct card_fact {
	const char *label;
	str value;
};

struct card {
	str title;   /**< "Skep [Warning] Terminal shell in container" */
	str message; /**< what happened */
	str more;    /**< "12 more like it since ..."; empty: none */
	struct card_fact facts[CARD_FACTS_MAX];
	size_t count;
	const char *link; /**< to the alert's page; NULL when the console has no address */
	const char *open; /**< what the link says */
};

/**
 * @param console "https://skep.example:8443", without a '/' at its end; NULL: no link
 * @param a owns the texts; control characters are blanks in them, and they are valid UTF-8
 * @return 0, -ENOBUFS
 */
MUST_CHECK int card_make(const struct notice *n, enum lang lang, const char *console,
			 struct arena *a, struct card *ret, struct err *e);

/** Appends it as plain lines, at most @p max bytes, cut between characters. */
void card_render_text(const struct card *c, size_t max, struct buf *out);

#endif

/** @file
 * The parts of an explanation: facts about a vulnerability, and the derivation of one finding.
 */
#ifndef SKEP_SCAN_REPORT_EXPLAIN_PRIV_H
#define SKEP_SCAN_REPORT_EXPLAIN_PRIV_H

#include "scan/report/grid.h"
#include "scan/report/report_priv.h"

struct explain {
	const struct report *r; /**< NULL when a vulnerability is explained by itself */
	const struct report_style *style;
	struct arena *a;
	struct buf *out;
	enum word last_label; /**< a label is not repeated on the line below */
};

/** A label and a paragraph; nothing when @p text is empty. */
void explain_line(struct explain *x, enum word label, str text);
/** A word with its arguments, in the arena. */
str explain_words(struct explain *x, enum word w, str a, str b, str c, str d);

/** Title, ratings, exploitation; with @p all also names, weaknesses, dates, text and references. */
void explain_facts(struct explain *x, const struct vulnerability *v, bool all);
/** Head line and everything that led to the finding. */
void explain_finding(struct explain *x, const struct finding *f);

#endif

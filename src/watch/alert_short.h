/** @file
 * An alert with shorter texts, for where there is a bound on its size: whoever pads his arguments or his container's labels
 * makes the alert on him shorter, never lost.
 */
#ifndef SKEP_WATCH_ALERT_SHORT_H
#define SKEP_WATCH_ALERT_SHORT_H

#include "model/alert.h"

#define ALERT_SHORT_FIELDS 64
#define ALERT_SHORT_LINEAGE 8

struct alert_short {
	/** The result, marked as cut; points into this and into what it was made of. */
	struct alert alert;
	struct container container;
	struct alert_field fields[ALERT_SHORT_FIELDS];
	struct alert_process lineage[ALERT_SHORT_LINEAGE];
};

/**
 * Each text of what processes, images and users wrote has at most @p max bytes (whole characters), the container's labels and mounts
 * are left out. What comes from the rule stays.
 * @param ret may not be moved
 */
void alert_shorten(const struct alert *a, size_t max, struct alert_short *ret);

/** The first @p max bytes of @p s or somewhat less, so that no character is cut in two. */
str alert_cut(str s, size_t max);

#endif

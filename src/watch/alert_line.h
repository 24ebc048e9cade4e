/** @file
 * An alert as one line of text for people.
 */
#ifndef SKEP_WATCH_ALERT_LINE_H
#define SKEP_WATCH_ALERT_LINE_H

#include "base/buf.h"
#include "model/alert.h"

/**
 * Appends "TIME PRIORITY MESSAGE (rule RULE, container NAME)" in local time, and "×COUNT" when alerts were folded. Bytes from
 * outside are escaped; no line feed is written.
 */
void alert_line(const struct alert *a, struct buf *out);

#endif

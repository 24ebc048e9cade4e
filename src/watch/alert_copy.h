/** @file
 * An alert in one allocation, to be told again later with a count.
 */
#ifndef SKEP_WATCH_ALERT_COPY_H
#define SKEP_WATCH_ALERT_COPY_H

#include "model/alert.h"

#define ALERT_COPY_MAX 16384

/**
 * A copy with all it points at but labels and mounts; free(3) it. One that would take more than ALERT_COPY_MAX bytes is
 * shortened. NULL when there is no memory, or when what the rule itself says is longer than that.
 */
MUST_CHECK struct alert *alert_copy(const struct alert *a);

#endif

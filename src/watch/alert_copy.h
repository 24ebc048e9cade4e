/** @file
 * An alert in one allocation, to be told again later with a count.
 */
#ifndef SKEP_WATCH_ALERT_COPY_H
#define SKEP_WATCH_ALERT_COPY_H

#include "model/alert.h"

#define ALERT_COPY_MAX 16384

/**
 * A copy with all it points at but labels and mounts; free(3) it. NULL when there is no memory or it would take more than
 * ALERT_COPY_MAX bytes.
 */
MUST_CHECK struct alert *alert_copy(const struct alert *a);

#endif

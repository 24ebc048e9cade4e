/** @file
 * Alerts on their way to uplink: sent at once while it listens, else kept within a bound, oldest first.
 */
#ifndef SKEP_PROG_AGENT_ALERT_QUEUE_H
#define SKEP_PROG_AGENT_ALERT_QUEUE_H

#include "model/alert.h"
#include "prog/agent/message.h"

struct alert_queue;

/** @param max_bytes of alerts kept */
MUST_CHECK int alert_queue_new(int fd, size_t max_bytes, struct alert_queue **ret, struct err *e);
void alert_queue_free(struct alert_queue *q);

/** Sends or keeps an alert; when there is no room the least urgent kept one gives way and is counted. */
void alert_queue_put(struct alert_queue *q, const struct alert *a);
/** Sends what is kept. @return how many are still kept */
size_t alert_queue_flush(struct alert_queue *q);
/** Alerts that gave way. */
uint64_t alert_queue_lost(const struct alert_queue *q);

#endif

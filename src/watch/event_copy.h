/** @file
 * An event in one block of bytes, to be kept past its handler: the structs, then every text they point at, in one order.
 */
#ifndef SKEP_WATCH_EVENT_COPY_H
#define SKEP_WATCH_EVENT_COPY_H

#include "model/event.h"

/** How many bytes event_copy_write() needs. Usage figures are not kept. */
size_t event_copy_bytes(const struct event *v);
/** @param to event_copy_bytes(v) bytes, aligned for any number */
void event_copy_write(const struct event *v, void *to);
/**
 * Restores what was written.
 * @param from  must outlive @p ret
 * @param x     holds the exec facts when there are any
 */
void event_copy_read(const void *from, struct event *ret, struct event_exec *x);

#endif

/** @file
 * What a stored alert still tells of the event behind it, as a recorded event (policy/recorded.h): the fields its message named, the
 * process and its ancestors, the container. All else is UNKNOWN, and so a rule tried on it may come out MAYBE.
 */
#ifndef SKEP_CONSOLE_API_ALERT_EVENT_H
#define SKEP_CONSOLE_API_ALERT_EVENT_H

#include "base/buf.h"
#include "codec/value.h"
#include "policy/field.h"

/**
 * Writes one line.
 *
 * @param doc   an agent's document; not trusted: what has not the shape hoped for is left out
 * @param type  of the event, an index into policy_events.types: alerts do not tell it
 */
void alert_event_render(const struct value *doc, uint16_t type, struct buf *out);

#endif

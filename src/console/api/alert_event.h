/** @file
 * What a stored alert still tells of the event behind it, as a recorded event (policy/recorded.h): the fields its message named, the
 * process and its ancestors, the container. All else is UNKNOWN, and so a rule tried on it may come out MAYBE.
 */
#ifndef SKEP_CONSOLE_API_ALERT_EVENT_H
#define SKEP_CONSOLE_API_ALERT_EVENT_H

#include "base/buf.h"
#include "codec/value.h"
#include "model/event.h"
#include "policy/field.h"

/** The type of the event, or EVENT_TYPE_COUNT: older agents do not tell it. @param doc as below */
enum event_type alert_event_type(const struct value *doc);

/**
 * Writes one line.
 *
 * @param doc   an agent's document; not trusted: what has not the shape hoped for is left out
 * @param type  of the event, whatever the document says
 */
void alert_event_render(const struct value *doc, enum event_type type, struct buf *out);

#endif

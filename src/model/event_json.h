/** @file
 * Events as JSON, one object each: what a recording holds, a replay reads and tests are written in. doc/formats/event-json.md
 * describes it.
 *
 * What is read may come from anywhere: sizes are bounded, an unknown type or a malformed end is an error. Bytes that are no
 * UTF-8 are lost in JSON; a recording that must keep them is one of the sensor's records.
 */
#ifndef SKEP_MODEL_EVENT_JSON_H
#define SKEP_MODEL_EVENT_JSON_H

#include "base/err.h"
#include "codec/json_out.h"
#include "codec/value.h"
#include "model/event.h"

/** Writes one object; what is empty or zero is left out. */
void event_render(const struct event *v, struct json_out *j);

/**
 * Reads one object. What is absent is empty or zero; descriptors and login users that are absent are none.
 *
 * @param a  owns what @p ret points at
 * @return 0, -EBADMSG, -E2BIG, -ENOBUFS
 */
MUST_CHECK int event_parse(const struct value *v, struct arena *a, struct event *ret,
			   struct err *e);

#endif

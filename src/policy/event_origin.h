/** @file
 * Which origin each field of an event is made of (struct policy_origin).
 */
#ifndef SKEP_POLICY_EVENT_ORIGIN_H
#define SKEP_POLICY_EVENT_ORIGIN_H

#include "policy/field.h"

/** Whether a call of this type has paths and no descriptor. */
bool event_origin_has_paths(uint16_t type);

/** Whether a call of this type comes to nothing but 0 or an error. */
bool event_origin_has_result(uint16_t type);

/** As policy_subject.is_told_as_one. */
bool event_origin_tells_one(uint16_t field);

/** As policy_subject.origin_of. @return enum policy_event_origin, or 0 */
unsigned int event_origin_of(uint16_t type, const struct policy_ref *ref);

#endif

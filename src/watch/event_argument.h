/** @file
 * The arguments of events, as evt.arg shows them: by Falco's names and in Falco's order and text, from one table
 * (event_argument.def).
 */
#ifndef SKEP_WATCH_EVENT_ARGUMENT_H
#define SKEP_WATCH_EVENT_ARGUMENT_H

#include "watch/event_target.h"

/** The argument called @p name, or the one at that position; -1 when the type has none such. */
int event_argument_find(enum event_type t, str name);

/** Its text ("O_TRUNC|O_CREAT|O_WRONLY"), or its number or plain bytes when @p plain. */
void event_argument_get(const struct event_target *t, int i, bool plain, struct policy_value *ret);

/** "res=0 path=/tmp/x mode=S_IRUSR": all of them. */
str event_argument_all(const struct event_target *t);

#endif

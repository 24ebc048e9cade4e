/** @file
 * Alerts about the agent itself: "SKEP-0001" and on.
 */
#ifndef SKEP_PROG_AGENT_SELF_ALERT_H
#define SKEP_PROG_AGENT_SELF_ALERT_H

#include "model/alert.h"

/** @return what all of them have in common, of now; its message is to be set. @param c must live as long as the alert */
struct alert self_alert(str rule, str rule_id, const struct container *c);

#endif

/** @file
 * IBM QRadar's Log Event Extended Format 2.0, attributes separated by a tab ("x09" in the header).
 *
 * LEEF has no escapes: a tab or a line break in a value becomes a blank, a '|' in the header an '_' (the attribute `name`
 * has the rule's name unchanged). Nothing a container is called can therefore begin an attribute.
 */
#ifndef SKEP_CONSOLE_NOTIFY_LEEF_H
#define SKEP_CONSOLE_NOTIFY_LEEF_H

#include "console/notify/notice.h"

void leef_render(const struct notice *n, enum lang lang, struct buf *out);

#endif

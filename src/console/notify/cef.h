/** @file
 * ArcSight's Common Event Format, version 0 (Micro Focus, "Implementing ArcSight CEF", revision 27).
 *
 * Whatever a text holds, the line parses back to it: '|' and '\' are escaped in the header, '=' and '\' in values, line
 * breaks become "\n" there; other control characters are blanks.
 */
#ifndef SKEP_CONSOLE_NOTIFY_CEF_H
#define SKEP_CONSOLE_NOTIFY_CEF_H

#include "console/notify/notice.h"

void cef_render(const struct notice *n, enum lang lang, struct buf *out);

#endif

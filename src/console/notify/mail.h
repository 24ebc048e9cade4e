/** @file
 * A card as a mail (RFC 5322, MIME): plain text in UTF-8, nothing of it a header's end or markup.
 */
#ifndef SKEP_CONSOLE_NOTIFY_MAIL_H
#define SKEP_CONSOLE_NOTIFY_MAIL_H

#include "console/notify/card.h"

struct mail_envelope {
	str from;               /**< address */
	const struct value *to; /**< array of addresses */
	str host;               /**< of this console, for the message's id */
	uint64_t id;            /**< the same for the same alert */
	uint64_t now_s;         /**< since 1970 */
};

/** Whether @p s is an address that can stand in an envelope and a header: ASCII, one '@', no blank, bracket or comma. */
bool mail_is_address(str s);
void mail_render(const struct mail_envelope *v, const struct card *c, enum alert_priority p,
		 struct buf *out);

#endif

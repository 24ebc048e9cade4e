/** @file
 * One syslog message in RFC 5424's form.
 */
#ifndef SKEP_WIRE_SYSLOG_MESSAGE_H
#define SKEP_WIRE_SYSLOG_MESSAGE_H

#include "base/buf.h"

/** What receivers take without being told more (rsyslog's bound). */
#define SYSLOG_MAX_BYTES 8000

struct syslog_param {
	const char *name;
	str value; /**< left out when empty */
};

struct syslog_message {
	unsigned int facility; /**< 0 to 23 */
	unsigned int severity; /**< 0 to 7 */
	str time; /**< RFC 3339; digits of a second behind the sixth go, and what is no time is "-" */
	str host, app, process, id; /**< empty: "-"; what is not printable ASCII becomes '_' */
	const char *data_id;        /**< of the structured data: "skep@32473" */
	const struct syslog_param *params;
	size_t param_count;
	str text; /**< UTF-8, written by text_put_line() */
	/** the text is a format of its own (JSON, CEF, LEEF): no byte order mark before it, tabs stay */
	bool verbatim;
	size_t max_bytes; /**< of the whole; 0: SYSLOG_MAX_BYTES */
};

/** Appends the message on one line, without framing; the text is cut so that the whole has max_bytes at most. */
void syslog_message_render(const struct syslog_message *m, struct buf *out);

#endif

/** @file
 * Questions of the Domain Name System (RFC 1035, section 4): what name and which records a message asks for.
 *
 * Messages come off the wire and are hostile. Names may hold any byte; compression in a question is legal and is
 * followed backwards only, so that it ends. Answers are not read.
 */
#ifndef SKEP_CODEC_DNS_H
#define SKEP_CODEC_DNS_H

#include "base/err.h"
#include "base/str.h"

#define DNS_NAME_BYTES 1025 /* 255 on the wire; each byte takes up to four as text */

struct dns_question {
	str name; /**< lower case, without the last dot; "." for the root. Odd bytes as \ddd, dots in labels as \. */
	uint16_t type; /**< 1 A, 28 AAAA, 16 TXT, ... */
};

/**
 * Reads the first question of a query.
 *
 * @param text  holds the name; at least DNS_NAME_BYTES
 * @return 0, -EBADMSG (malformed, or no query: an answer, or one without a question)
 */
MUST_CHECK int dns_question_parse(str message, char *text, struct dns_question *ret, struct err *e);

#endif

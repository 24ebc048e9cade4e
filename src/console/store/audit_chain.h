/** @file
 * The audit log's rows as bytes, and the chain that holds them together (doc/formats/audit-log.md).
 *
 * A row is one line of JSON whose last two members are "previous" and "hash". "hash" is the SHA-256 of the line's bytes
 * up to and without `,"hash":`, and "previous" the hash of the row before, so no row can be changed, taken out, put in or
 * moved without every later one telling of it. The first row of all has 64 zeros for "previous".
 *
 * Lines that are read may come from anybody; no more is believed of them than their hashes say.
 */
#ifndef SKEP_CONSOLE_STORE_AUDIT_CHAIN_H
#define SKEP_CONSOLE_STORE_AUDIT_CHAIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"

#define AUDIT_HASH_TEXT (SHA256_HEX + 1)
#define AUDIT_MAX_LINE (1u << 20)

struct audit_entry {
	int64_t id; /**< counts up from 1, without holes */
	int64_t time_ns;
	int64_t user;      /**< id; 0: nobody was signed in */
	str name;          /**< of the user; what was typed, where a sign-in failed */
	str how;           /**< "session", "token", "none", "system" */
	str address;       /**< of the peer */
	str action;        /**< "PATCH /api/v1/users/{id}" */
	str target;        /**< what it was about */
	str result;        /**< "done", or the code of the problem */
	str before, after; /**< JSON on one line; empty: null */
	char previous[AUDIT_HASH_TEXT];
	char hash[AUDIT_HASH_TEXT];
};

/** What the first row of all has for `previous`. */
extern const char audit_chain_start[AUDIT_HASH_TEXT];

/** Fills entry->hash from all the rest. @return 0, -ENOMEM, -E2BIG (longer than AUDIT_MAX_LINE) */
MUST_CHECK int audit_seal(struct audit_entry *entry, struct err *e);
/** Appends the line, without its end. */
void audit_render(const struct audit_entry *entry, struct buf *out);

/** What verification needs of a line. */
struct audit_line {
	int64_t id;
	char previous[AUDIT_HASH_TEXT];
	char hash[AUDIT_HASH_TEXT]; /**< as written */
	bool holds;                 /**< it is the hash of the line */
};

/** @return 0, or -EBADMSG: no row of an audit log */
MUST_CHECK int audit_line_parse(str line, struct audit_line *ret, struct err *e);

/**
 * Writes JSON again on one line, compact, with secrets as "***": what members called password, secret, token and the like
 * hold, and texts that look like Skep's own tokens or like URLs with user information.
 *
 * @param json empty: stays empty
 * @return 0, -EBADMSG (no JSON), -ENOBUFS, -ENOMEM
 */
MUST_CHECK int audit_redact(str json, struct arena *a, struct buf *out, struct err *e);
/** The same for one text. */
void audit_redact_text(str text, struct buf *out);

#endif

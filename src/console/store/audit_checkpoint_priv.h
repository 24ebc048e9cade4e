/** @file
 * The signed line at the end of an exported audit log: which entry was the newest, and its hash (Ed25519).
 */
#ifndef SKEP_CONSOLE_STORE_AUDIT_CHECKPOINT_PRIV_H
#define SKEP_CONSOLE_STORE_AUDIT_CHECKPOINT_PRIV_H

#include "console/store/audit_verify.h"

struct audit_checkpoint {
	int64_t id; /**< 0: there was none */
	size_t line;
	char hash[AUDIT_HASH_TEXT];
	char time[40];
	char key[2 * ED25519_KEY_BYTES + 1];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
};

/** Whether @p line is a checkpoint; a later one replaces an earlier. */
bool audit_checkpoint_parse(str line, struct audit_checkpoint *ret);
/** Whether its key signed it and is one of @p keys (any, when there are none). */
bool audit_checkpoint_holds(const struct audit_checkpoint *c, const str *keys, size_t key_count);

#endif

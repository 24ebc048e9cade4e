/** @file
 * What the members of `skep db` share: options and keys.
 */
#ifndef SKEP_PROG_SKEP_DB_COMMAND_H
#define SKEP_PROG_SKEP_DB_COMMAND_H

#include "prog/skep/command.h"
#include "scan/vuln/db_store.h"

/** --db FILE */
extern const struct option_def db_file_options[];
/** --key FILE */
extern const struct option_def db_key_options[];
/** -o FILE: where a database is installed */
extern const struct option_def db_install_options[];

/**
 * The public keys named by --key, each a file of 64 hex digits or of 32 bytes.
 * @return 0, or the file's errno, or -EINVAL no such key
 */
MUST_CHECK int db_command_keys(struct invocation *v, struct db_keys *ret);
/** Reads one key file. Errors as above. */
MUST_CHECK int db_command_key(const char *path, uint8_t ret[32], struct err *e);

#endif

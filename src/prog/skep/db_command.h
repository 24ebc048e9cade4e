/** @file
 * What the members of `skep db` share: options, keys, tables on stdout.
 */
#ifndef SKEP_PROG_SKEP_DB_COMMAND_H
#define SKEP_PROG_SKEP_DB_COMMAND_H

#include "codec/json_out.h"
#include "prog/skep/command.h"
#include "scan/report/grid.h"
#include "scan/vuln/db_store.h"

/** --db FILE */
extern const struct option_def db_file_options[];
/** --key FILE */
extern const struct option_def db_key_options[];
/** --json */
extern const struct option_def db_json_options[];

/**
 * The public keys named by --key, each a file of 64 hex digits or of 32 bytes.
 * @return 0, or the file's errno, or -EINVAL no such key
 */
MUST_CHECK int db_command_keys(struct invocation *v, struct db_keys *ret);
/** Reads one key file. Errors as above. */
MUST_CHECK int db_command_key(const char *path, uint8_t ret[32], struct err *e);

/**
 * Appends a phrase of the user's language with {0}, {1}, ... replaced by the arguments, escaped:
 * db_say(v, out, "{0} of {1}", "{1} 中的 {0}", a, b).
 */
#define db_say(v, out, en, zh, ...) \
	db_command_say((v), (out), (struct phrase){ (en), (zh) }, (const str[]){ __VA_ARGS__ })
void db_command_say(const struct invocation *v, struct buf *out, struct phrase p, const str *args);
/** The number as text in the invocation's arena; "?" when that is spent. */
str db_command_number(const struct invocation *v, uint64_t n);

/** A table being filled; cells are escaped on the way in. */
struct db_table {
	struct arena *arena;
	struct grid grid;
	size_t cell_count, cell_cap;
	bool spent; /**< the arena's budget is */
};

void db_table_init(struct db_table *t, struct arena *a);
/** @param min columns it may shrink to; 0: it does not */
void db_table_column(struct db_table *t, const char *title, unsigned int min, bool align_right);
/** The next cell, row by row. */
void db_table_cell(struct db_table *t, str text);
/** Appends the table, as wide as the terminal allows. @return 0 or -ENOBUFS */
MUST_CHECK int db_table_render(struct invocation *v, const struct db_table *t, struct buf *out);

/** Writes to stdout. @return EXIT_CODE_OK, or -ENOMEM, or the errno of the write */
MUST_CHECK int db_command_print(struct invocation *v, const struct buf *out);

#endif

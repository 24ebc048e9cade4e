/** @file
 * What commands print on stdout: phrases, numbers, tables, whole documents; and the options about it that many take.
 */
#ifndef SKEP_PROG_SKEP_RESULT_H
#define SKEP_PROG_SKEP_RESULT_H

#include "prog/skep/command.h"
#include "scan/report/grid.h"

/** --json */
extern const struct option_def result_json_options[];
/** -n N: end after so many; 0, and when it is not given: never */
extern const struct option_def result_count_options[];

/**
 * Appends a phrase of the user's language with {0}, {1}, ... replaced by the arguments, escaped:
 * result_say(v, out, "{0} of {1}", "{1} 中的 {0}", a, b). "{0s}" is an s unless the argument is 1: "{0} rule{0s}".
 */
#define result_say(v, out, en, zh, ...) \
	result_say_args((v), (out), (struct phrase){ (en), (zh) }, (const str[]){ __VA_ARGS__ })
void result_say_args(const struct invocation *v, struct buf *out, struct phrase p, const str *args);
/** The number as text in the invocation's arena; "?" when that is spent. */
str result_number(const struct invocation *v, uint64_t n);

/**
 * Appends a line, wrapped where stdout is a terminal that it does not fit; what goes on stands @p indent columns in.
 *
 * @param text escaped, without line ends
 */
void result_line(const struct invocation *v, str text, unsigned int indent, struct buf *out);

/** Columns of the terminal that stdout is; 0: it is none. */
unsigned int result_width(const struct invocation *v);

/** A table being filled; cells are escaped on the way in. */
struct result_table {
	struct arena *arena;
	struct grid grid;
	size_t cell_count, cell_cap;
	bool spent; /**< the arena's budget is */
};

void result_table_init(struct result_table *t, struct arena *a);
/** @param min columns it may shrink to; 0: it does not */
void result_table_column(struct result_table *t, const char *title, unsigned int min,
			 bool align_right);
/** The next cell, row by row. */
void result_table_cell(struct result_table *t, str text);
/** Appends the table, as wide as the terminal allows. @return 0 or -ENOBUFS */
MUST_CHECK int result_table_render(struct invocation *v, const struct result_table *t,
				   struct buf *out);

/** Writes to stdout. @return EXIT_CODE_OK, or -ENOMEM, or the errno of the write */
MUST_CHECK int result_print(struct invocation *v, const struct buf *out);

#endif

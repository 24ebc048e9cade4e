/** @file
 * The words of reports in the user's language; one table, src/scan/report/words.def.
 */
#ifndef SKEP_SCAN_REPORT_WORDS_H
#define SKEP_SCAN_REPORT_WORDS_H

#include "base/buf.h"
#include "base/lang.h"
#include "model/gap.h"
#include "model/report.h"

enum word {
#define X(id, en, zh) WORD_##id,
#include "scan/report/words.def"
#undef X
	WORD_COUNT
};

#define WORDS_MAX_ARGS 4

/** The template as it stands in the table. */
const char *words_template(enum lang lang, enum word w);

/** Appends a word with its arguments put in; they must have been escaped. */
void words_add_args(struct buf *out, enum lang lang, enum word w, const str args[WORDS_MAX_ARGS]);

/** words_add(out, lang, WORD_X, arg, ...): each argument a str, at most WORDS_MAX_ARGS. */
#define words_add(out, lang, ...) WORDS_ADD_((out), (lang), __VA_ARGS__, { 0 })
#define WORDS_ADD_(out, lang, w, ...) \
	words_add_args(out, lang, w, (const str[WORDS_MAX_ARGS + 1]){ __VA_ARGS__ })

/** A number as text: "1,234,567". Valid as long as the array. */
struct words_number {
	char text[32];
};
str words_number(uint64_t n, struct words_number *room);
/** A size as text: "2.7 MB". */
str words_bytes(uint64_t n, struct words_number *room);

/** The tables of the model in the user's language. */
const char *words_severity(enum lang lang, enum severity s);
const char *words_fix_state(enum lang lang, enum fix_state s);
const char *words_gap_kind(enum lang lang, enum gap_kind k);
const char *words_maturity(enum lang lang, enum maturity m);
/** Appends why an ignore rule is worth a word. */
void words_ignore_note(struct buf *out, enum lang lang, const struct ignore_note *n);

#endif

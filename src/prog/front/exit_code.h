/** @file
 * Exit codes of all programs (exit_code.def).
 */
#ifndef SKEP_PROG_FRONT_EXIT_CODE_H
#define SKEP_PROG_FRONT_EXIT_CODE_H

#include "base/phrase.h"

enum exit_code {
#define X(id, number, en, zh) EXIT_CODE_##id = (number),
#include "prog/front/exit_code.def"
#undef X
};

struct exit_code_text {
	enum exit_code code;
	struct phrase meaning;
};

/** Every code, by number. */
extern const struct exit_code_text exit_code_texts[];
extern const size_t exit_code_text_count;

/** The code of a failure that reached the top as a negative errno. */
int exit_code_of(int r);

#endif

/** @file
 * What a shell may offer for a half-typed command line, from the command table.
 */
#ifndef SKEP_PROG_SKEP_COMPLETE_H
#define SKEP_PROG_SKEP_COMPLETE_H

#include "prog/skep/command.h"

/**
 * Writes one line a candidate, "WORD<tab>EXPLANATION"; or the single line ":file" or ":dir" where the shell knows best.
 *
 * @param words what stands behind "skep"; the last is the one being typed, maybe empty. bash cuts words at "=", which
 *              is understood.
 */
void complete_words(struct buf *out, const char *const *words, size_t count, enum lang lang);

#endif

/** @file
 * Words for people, in the languages the programs speak.
 */
#ifndef SKEP_BASE_PHRASE_H
#define SKEP_BASE_PHRASE_H

#include "base/lang.h"

struct phrase {
	const char *en;
	const char *zh;
};

/** The wording in @p lang; English where a translation is missing. */
static inline const char *phrase_in(struct phrase p, enum lang lang)
{
	return lang == LANG_ZH && p.zh ? p.zh : p.en;
}

#endif

/** @file
 * The languages programs speak to people in. Machine formats are English always.
 */
#ifndef SKEP_BASE_LANG_H
#define SKEP_BASE_LANG_H

#include "base/str.h"

/** X(id, name) */
#define LANGS(X) \
	X(EN, "en") \
	X(ZH, "zh")

enum lang {
#define LANG_ENUM(id, name) LANG_##id,
	LANGS(LANG_ENUM)
#undef LANG_ENUM
		LANG_COUNT
};

/**
 * Reads "zh", "zh-CN", "zh_CN.UTF-8", "en_GB" and the like, without case.
 *
 * @return 0, or -ENOENT for a language we do not speak ("C" and "POSIX" are English)
 */
MUST_CHECK int lang_find(str name, enum lang *ret);
/** What the environment asks for: the first of SKEP_LANG, LC_ALL, LC_MESSAGES and LANG that is set. English where we do not speak it. */
enum lang lang_of_environment(void);

#endif

/** @file
 * Which rules judge by a list of threat intelligence: by its name, by that of its kind, or through a macro.
 */
#ifndef SKEP_CONSOLE_API_INTELLIGENCE_USE_H
#define SKEP_CONSOLE_API_INTELLIGENCE_USE_H

#include "console/api/rule_book.h"
#include "console/store/intelligence.h"

struct intelligence_use {
	const str *rules; /**< names of rules that are switched on */
	size_t count;
};

/**
 * Looks for the lists in the conditions of all rules.
 *
 * @param lists  with their bodies
 * @param a      owns @p ret, one for each of @p lists
 * @return 0, -ENOBUFS
 */
MUST_CHECK int intelligence_use_find(const struct rule_book *book,
				     const struct stored_intelligence *lists, size_t count,
				     struct arena *a, struct intelligence_use **ret, struct err *e);

#endif

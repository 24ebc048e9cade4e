/** @file
 * Rules for benchmarks by their number: the first of some files, and where there are too few copies of them that ask for one more name.
 *
 * What is wrong ends the program with a message.
 */
#ifndef SKEP_BENCH_RULES_H
#define SKEP_BENCH_RULES_H

#include "base/arena.h"
#include "policy/rule_file.h"

enum { BENCH_RULES = 250 };

/** The numbers of rules that are compared. */
extern const size_t bench_rule_counts[3];

struct bench_rules {
	struct arena arena;
	struct rule_set *set;
	const struct rule *rules[BENCH_RULES]; /**< all enabled; alive until bench_rules_close() */
	size_t own;                            /**< so many are no copies */
};

/**
 * Reads rule files.
 * @param fit  may change a rule that is the benchmark's own; false leaves it out. NULL: takes all
 */
void bench_rules_open(struct bench_rules *ret, char *const *paths, size_t count,
		      bool (*fit)(struct rule *r));
void bench_rules_close(struct bench_rules *b);

#endif

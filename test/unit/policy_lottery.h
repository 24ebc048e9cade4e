/** @file
 * Random events over the words of given rules, and a second, plain reading of conditions to hold the compiled one to.
 *
 * What the kernel side knows of an event (paths, ends, results, the container, the process's name) is as watch/event_target tells it;
 * everything else is drawn: known, absent or unknown. Fields that are made of one thing (policy_origin) are drawn by its number.
 */
#ifndef SKEP_TEST_POLICY_LOTTERY_H
#define SKEP_TEST_POLICY_LOTTERY_H

#include "model/event.h"
#include "policy/kernel_filter.h"
#include "watch/event_target.h"

struct lottery {
	uint64_t seed;
	struct arena *arena;
	str *words; /**< texts on the right sides of the rules */
	size_t word_count, word_cap;
	struct process_tree *tree;
	struct scratch *scratch;
	struct event_world world;
};

struct lottery_event {
	struct policy_target target; /**< first */
	struct lottery *lottery;
	struct event_target inner;
	struct event event;
	struct event_exec exec;
	str comm; /**< proc.name; empty: not known */
	bool in_container;
	bool facts_only; /**< what the kernel does not know is UNKNOWN */
	uint64_t draw;
	uint64_t program, parent, entry; /**< numbers that fields of these origins are drawn by */
	str strings[4];                  /**< of fields with several values */
	int64_t integers[4];
};

/** @param a owns what the events point at */
void lottery_open(struct lottery *l, struct arena *a, uint64_t seed);
void lottery_close(struct lottery *l);
/** Takes the words of a condition. */
void lottery_learn(struct lottery *l, const struct condition *c);
uint64_t lottery_next(struct lottery *l);
/** Draws an event of a type the program wants, or of any when it wants none. */
void lottery_draw(struct lottery *l, const struct policy_program *p, struct lottery_event *ret);

/** The condition read plainly, part by part. Conditions with transformers, regex or oneof are beyond it. */
enum policy_verdict lottery_judge(const struct condition *c, const struct policy_target *t,
				  bool two_valued);
bool lottery_can_judge(const struct condition *c);

/**
 * Draws events and holds the program to the plain reading, what it remembers of values and of what they are made of to what it says
 * without, and the kernel filter to the program. Asserts.
 * @return how many judgements were TRUE
 */
size_t lottery_check(struct lottery *l, const struct policy_program *p, size_t events);

#endif

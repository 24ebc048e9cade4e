/** @file
 * Rules compiled for speed: each distinct check is evaluated at most once for a target whatever the number of rules,
 * sets are hash look-ups, prefixes tries, all literals searched in one field one automaton, and rules are indexed by type and by the
 * values of fields: what an event costs grows with the fields that rules ask for and the rules that hold, not with the rules there are.
 *
 * A program is immutable after policy_compile() and may be shared; what a judgement needs is in a policy_run of its own,
 * allocated once. Judging allocates nothing, locks nothing and makes no system call.
 */
#ifndef SKEP_POLICY_PROGRAM_H
#define SKEP_POLICY_PROGRAM_H

#include "policy/field.h"
#include "policy/rule_file.h"

struct policy_program;

/** Takes what is to be told of a rule; shaped as rule_set_note(). */
typedef int (*policy_note)(void *ctx, const struct rule *r, enum rule_code c, uint32_t offset,
			   str message, struct err *e);

/**
 * Binds the enabled rules of @p rules whose source is the subject's name to its fields and compiles them.
 *
 * A rule with an unknown field, a value that does not fit its field's type or an operator the type has not is left out with a
 * note in @p rules (LOAD_ERR_COMPILE_CONDITION; LOAD_UNKNOWN_FILTER when it has skip-if-unknown-filter).
 * @param rules must outlive the program
 * @return 0, -ENOBUFS, -ENOMEM
 */
MUST_CHECK int policy_compile(struct rule_set *rules, const struct policy_subject *s,
			      struct policy_program **ret, struct err *e);
/** The same for rules that are in no set. @param note  its error ends the compilation; may be NULL */
MUST_CHECK int policy_compile_rules(const struct rule *const *rules, size_t count,
				    const struct policy_subject *s, policy_note note, void *ctx,
				    struct policy_program **ret, struct err *e);
/**
 * Copies what is told of rules into the program, without their conditions: what it was compiled from may go then, which takes
 * more memory than the program. Nothing can be explained afterwards (policy_explain()).
 *
 * @return 0 or -ENOBUFS: the program is as it was
 */
MUST_CHECK int policy_own_rules(struct policy_program *p, struct err *e);
void policy_free(struct policy_program *p);

/** Rules the program holds, in order; a hit names one by its index here. */
const struct rule *const *policy_rules(const struct policy_program *p, size_t *ret_count);

/** Which types any rule can match; `wanted[type]`. */
const bool *policy_types(const struct policy_program *p);
/** Whether any rule's condition or output names the field (with any argument). */
bool policy_uses(const struct policy_program *p, uint16_t field);

struct policy_run;
MUST_CHECK int policy_run_new(const struct policy_program *p, struct policy_run **ret,
			      struct err *e);
void policy_run_free(struct policy_run *r);

/** Domain names the rules compare addresses with (fields of type POLICY_NAME), for the caller to resolve. */
const str *policy_names(const struct policy_program *p, size_t *ret_count);

/** What a name resolves to. */
struct policy_addresses {
	const struct policy_ip *items;
	size_t count;
	bool resolved; /**< false: a comparison with it is UNKNOWN */
};
/**
 * Gives a run the addresses of policy_names(), in that order. Without them every name is unresolved. What it remembers it forgets: not
 * for each event.
 * @param names must outlive the run and not change, until the next call
 */
void policy_run_set_names(struct policy_run *r, const struct policy_addresses *names);

/**
 * Whether a run remembers what a value of a field said about the rules when it was met before, as it does unless told otherwise.
 * Verdicts are the same; what need not be evaluated again is not, and does not count in policy_costs().
 */
void policy_run_remember(struct policy_run *r, bool yes);

enum policy_verdict { POLICY_FALSE, POLICY_TRUE, POLICY_MAYBE };

/**
 * Judges one target by every rule that its type can match.
 *
 * @param ret  filled with the indices of rules that hold, in order; owned by @p r, valid until the next call
 * @param ret_unknown how many rules came out UNKNOWN
 * @return how many rules hold
 */
size_t policy_judge(struct policy_run *r, const struct policy_target *t, const uint32_t **ret,
		    size_t *ret_unknown);

/** Counts the rules that the last policy_judge() left UNKNOWN, once that is the last word on its target. */
void policy_count_undecided(struct policy_run *r);

/** How often rule @p rule was counted so. */
uint64_t policy_rule_undecided(const struct policy_run *r, uint32_t rule);

/** One rule alone, by its index. */
enum policy_verdict policy_judge_rule(struct policy_run *r, const struct policy_target *t,
				      uint32_t rule);

/** A step of an explanation: the rule's tree in reading order. */
struct policy_step {
	uint16_t depth;
	enum policy_verdict verdict;
	str text;                  /**< "and", "or", "not", or the check as written */
	struct policy_value value; /**< of the check's field; strings live while the target does */
	bool has_value;
};
/** Why rule @p rule came out as it did. Every check is evaluated, nothing is cut short. @return 0 or -ENOBUFS */
MUST_CHECK int policy_explain(struct policy_run *r, const struct policy_target *t, uint32_t rule,
			      struct arena *a, struct policy_step **ret, size_t *ret_count,
			      struct err *e);

/** What a check cost since the run was made. */
struct policy_cost {
	str text; /**< the check, as written */
	uint64_t evaluated, held;
	uint32_t rules; /**< how many rules it serves */
	uint64_t ns;    /**< of all evaluations, estimated: one judgement in 64 is timed */
};
MUST_CHECK int policy_costs(const struct policy_run *r, struct arena *a, struct policy_cost **ret,
			    size_t *ret_count, struct err *e);
/** How often a rule was judged and held. */
void policy_rule_cost(const struct policy_run *r, uint32_t rule, uint64_t *ret_judged,
		      uint64_t *ret_held);

#endif

/** @file
 * Inside a program. Four tables, each entry made once however often it is written in the rules:
 *
 *   slots     where a value comes from: a field, a transformer over slots, a text. Fetched once for a target.
 *   matchers  all literals that are looked for in one slot in one way. Run once; the answer is a row of bits.
 *   checks    one comparison: mostly "bit b of matcher m". Evaluated once.
 *   nodes     and, or, not over nodes and checks. Children have lower numbers, so no walk ever recurses.
 *
 * For each type of target there is a plan: the rules it can match, with what depends on the type alone already decided, the disjuncts
 * that each is as true as the truest of, and for each slot an index: which disjuncts a value of it leaves possible.
 */
#ifndef SKEP_POLICY_PROGRAM_PRIV_H
#define SKEP_POLICY_PROGRAM_PRIV_H

#include "base/map.h"
#include "codec/regex.h"
#include "policy/ip_set.h"
#include "policy/kernel_filter.h"
#include "policy/literal.h"
#include "policy/program.h"

enum slot_kind { SLOT_FIELD, SLOT_TRANSFORM, SLOT_TEXT };

enum matcher_kind {
	MATCH_EXACT,
	MATCH_PREFIX,
	MATCH_SUFFIX,
	MATCH_DIR,
	MATCH_SCAN,
	MATCH_SCAN_FOLD,
	MATCHER_KINDS
};

struct program_slot {
	enum slot_kind kind;
	enum policy_type type;
	enum policy_kind many;
	bool dear;                          /**< policy_field_is_dear(), or made of one that is */
	struct policy_ref ref;              /**< SLOT_FIELD */
	enum condition_transform transform; /**< SLOT_TRANSFORM ... */
	uint32_t *args;                     /**< ... of these slots, all lower */
	size_t arg_count;
	str text;                         /**< SLOT_TEXT; of getopt the option */
	uint32_t matchers[MATCHER_KINDS]; /**< number + 1; 0: none */
};

struct program_matcher {
	enum matcher_kind kind;
	uint32_t slot;
	uint32_t bits;
	struct literal *literals;
	size_t count, cap;
	const struct literal_table *table; /**< MATCH_EXACT */
	const struct literal_trie *trie;   /**< MATCH_PREFIX, MATCH_SUFFIX, MATCH_DIR */
	const struct literal_scan *scan; /**< the others; NULL: too large, each literal by itself */
};

enum check_how {
	CHECK_EXISTS,
	CHECK_BIT,      /**< a bit of a matcher */
	CHECK_PATTERNS, /**< glob, iglob, and pmatch with wildcards: each of `texts` */
	CHECK_REGEX,
	CHECK_ORDER,   /**< strings by < <= > >= with texts[0] */
	CHECK_NUMBERS, /**< one of `numbers` */
	CHECK_COMPARE, /**< numbers by < <= > >= with numbers[0] */
	CHECK_NETS,    /**< in one of `nets` */
	CHECK_NAMES,   /**< an address of one of the names numbered in `others` */
	CHECK_ONE_OF,  /**< exactly one of the checks in `others` holds */
	CHECK_SLOTS,   /**< compared with the slots in `others` */
};

struct program_check {
	enum check_how how;
	enum condition_operator op; /**< as written; glob may have become a plainer one */
	uint32_t slot;
	bool all;              /**< every value must pass, not any */
	bool negate;           /**< holds when the above does not; for known values only */
	uint32_t matcher, bit; /**< CHECK_BIT, CHECK_NUMBERS, and CHECK_PATTERNS that are gated */
	bool gated;            /**< CHECK_PATTERNS: without its bit no pattern can match */
	const str *texts;      /**< the right side, unquoted; bcontains: bytes */
	size_t text_count;
	const uint64_t *numbers; /**< as number_key() makes them, ascending */
	size_t number_count;
	const struct ip_set *nets;
	struct regex *regex; /**< owned */
	const uint32_t *others;
	size_t other_count;
	str text;       /**< as written */
	uint32_t rules; /**< that use it */
};

/** What judging a bit of a matcher needs of its check, packed: most checks are no more. */
struct program_bit {
	uint32_t matcher; /**< UINT32_MAX: another kind of check */
	uint32_t bit;
	bool all, negate;
};

/** Of a node that is decided; of one that no value that may be asked for ahead decides alone. */
enum { SLOT_NONE = -1, SLOT_SEVERAL = -2 };

enum node_kind { NODE_FALSE, NODE_TRUE, NODE_CHECK, NODE_NOT, NODE_AND, NODE_OR };

struct program_node {
	enum node_kind kind;
	bool two_valued; /**< NODE_CHECK: unknown counts as false, as Falco reads it */
	bool has_type;   /**< depends on the target's type */
	uint16_t depth;
	uint32_t first; /**< NODE_CHECK: the check; else where its children begin */
	uint32_t count;
	int32_t slot; /**< whose value alone decides it; SLOT_NONE, SLOT_SEVERAL */
	float cost;   /**< ns, a guess */
	float chance; /**< that it holds, a guess */
};

/** One way for a rule to hold: each of these nodes must. */
struct plan_disjunct {
	uint32_t rule; /**< index into the plan's */
	uint32_t *demands;
	uint32_t count;
	uint32_t *apart; /**< the same, first those made of nothing but plan.together ... */
	uint32_t told;   /**< ... of which there are so many */
};

/** Disjuncts that cannot hold unless a bit of one matcher is set. */
struct plan_guard {
	uint32_t matcher;
	uint64_t *mask;  /**< bits that matter, as the matcher's rows */
	uint64_t **rows; /**< by bit: disjuncts that it makes possible */
	uint64_t *all;   /**< all of these */
};

/** Disjuncts that cannot hold unless a node does. */
struct plan_need {
	uint32_t node;
	uint64_t *disjuncts;
	uint32_t count; /**< of them */
};

/** A plan's indexes are numbered by bits of a word; more of them, the least useful, are left out. */
enum { PLAN_MAX_INDEXES = 64 };

/** What fails so seldom is no reason to ask for a value. */
#define PLAN_MOST_CHANCE 0.5f
/** What costs less is judged ahead of the rest of a rule (program_node.cost). */
#define PLAN_AHEAD_COST 100

/** What the value of one slot says about a type's disjuncts, whatever else there is. */
struct plan_index {
	uint32_t slot;
	uint32_t origin;     /**< of the slot; 0: none, or none that says more than the slot */
	uint32_t memo;       /**< of all that are remembered in the program, from 1; 0: it is not */
	bool exact;          /**< values that are equal to no literal all say the same */
	uint64_t *spares;    /**< disjuncts that it may well rule out */
	uint64_t *unguarded; /**< disjuncts in no guard */
	struct plan_guard *guards;
	size_t guard_count;
	struct plan_need *needs; /**< all that is demanded of the slot alone ... */
	size_t need_count, need_cap;
	size_t ahead; /**< ... first so many worth judging ahead of the rules for a value that is not remembered */
};

struct type_plan {
	uint32_t count;
	uint32_t *rules; /**< numbers of rules, ascending */
	uint32_t *roots; /**< their nodes */
	struct plan_disjunct
		*disjuncts; /**< those of one rule beside each other, in the order of rules */
	size_t disjunct_count, disjunct_cap;
	uint32_t words;             /**< of a row of disjuncts */
	struct plan_index *indexes; /**< the most useful first ... */
	size_t index_count;         /**< ... that are asked; behind them ... */
	size_t learned_count; /**< ... those that what an origin says is made of besides; so many in all */
	/** of what all indexes of an origin say; 0: one says it all */
	uint32_t origin_memos[POLICY_ORIGINS + 1];
	uint32_t together; /**< bits of origins that are asked as one */
};

struct policy_program {
	struct arena arena;
	const struct policy_subject *subject;
	const struct rule **rules;
	uint32_t *roots;  /**< of each rule, before its type is known */
	uint32_t **steps; /**< of each rule: the node of each part of its tree, in reading order */
	size_t rule_count;
	struct program_slot *slots;
	size_t slot_count, slot_cap;
	struct program_matcher *matchers;
	size_t matcher_count, matcher_cap;
	struct program_check *checks;
	size_t check_count, check_cap;
	struct program_bit *bits; /**< by check */
	struct program_node *nodes;
	size_t node_count, node_cap;
	uint32_t *kids;
	size_t kid_count, kid_cap;
	uint32_t *edges; /**< edge_to() each of kids: what a run walks */
	str *names;      /**< domain names that addresses are compared with */
	size_t name_count, name_cap;
	struct type_plan *plans;
	bool *wanted;        /**< by type */
	bool *uses;          /**< by field */
	uint8_t *shown;      /**< by rule: enum kernel_want, what its outputs read */
	uint32_t memo_count; /**< indexes and origins of all plans that are remembered */
	uint32_t row_words;  /**< of the longest row of a plan */
	uint16_t depth;      /**< of the deepest node */
	bool transforms;     /**< some slot is a transformer: runs need scratch */
	bool expressions;    /**< some check is a regular expression */
};

/** A node as a run meets it: one that is a check is told as the check, so that it need not be read. */
enum { EDGE_CHECK = 1, EDGE_TWO_VALUED = 2, EDGE_SHIFT = 2 };

static inline uint32_t edge_to(const struct policy_program *p, uint32_t node)
{
	const struct program_node *n = &p->nodes[node];

	if (n->kind != NODE_CHECK)
		return node << EDGE_SHIFT;
	return n->first << EDGE_SHIFT | EDGE_CHECK | (n->two_valued ? EDGE_TWO_VALUED : 0);
}

/** Three values in an order that makes `and` a minimum and `or` a maximum. */
enum { NO, DOUBT, YES };

/** A number as a key whose unsigned order is the number's own. */
static inline uint64_t number_key(int64_t n)
{
	return (uint64_t)n ^ 1ull << 63;
}

/** What the compiler's parts share. */
struct compiler {
	struct policy_program *p;
	struct arena *a;
	struct map slots, bits, checks, nodes, names;
	uint32_t fault_at; /**< offset of what the error is about */
};

/** Of the keys things are known by, whatever they are made of; not a text, which takes longer to write. */
static inline void key_number(struct buf *key, uint64_t n)
{
	buf_add(key, (str){ (const char *)&n, sizeof(n) });
}

/* program_slot.c, program_bind.c, program_bind_value.c: trees to slots and checks. -EBADMSG, -ENOENT (unknown field), -ENOBUFS */
MUST_CHECK int bind_term(struct compiler *c, const struct condition_term *t, uint32_t *ret,
			 struct err *e);
MUST_CHECK int bind_check(struct compiler *c, const struct condition *n, bool two_valued,
			  uint32_t *ret_node, struct err *e);
MUST_CHECK int bind_numbers(struct compiler *c, enum policy_type type, const str *texts,
			    size_t count, uint64_t **ret, struct err *e);
MUST_CHECK int bind_hex(struct compiler *c, str text, str *ret, struct err *e);
MUST_CHECK int bind_operator(enum policy_type type, enum policy_kind many,
			     enum condition_operator op, struct err *e);

/* program_node.c: nodes, each made once. UINT32_MAX: budget spent */
uint32_t node_check(struct compiler *c, uint32_t check, bool two_valued);
uint32_t node_not(struct compiler *c, uint32_t child);
uint32_t node_join(struct compiler *c, enum node_kind kind, const uint32_t *kids, size_t count);
MUST_CHECK int node_order(struct policy_program *p);
/** What a child of an `and` or an `or` costs for how often it decides it: the least is judged first. */
float node_rank(const struct policy_program *p, enum node_kind kind, uint32_t node);

/* program_plan.c: what each type's rules are. 0 or -ENOBUFS */
MUST_CHECK int plan_types(struct compiler *c);
/* program_disjunct.c, program_index.c: what few of them a value leaves to be looked at. 0 or -ENOBUFS */
MUST_CHECK int plan_disjuncts(struct compiler *c);
MUST_CHECK int plan_indexes(struct policy_program *p, struct arena *scratch);
/** program_origin.c: the origin of each slot by the type; 0: none. @param origins  by slot, zero */
void slot_origins(const struct policy_program *p, uint16_t type, uint32_t *origins);
/** What origins a plan remembers, and what of its disjuncts' demands they tell. @param slots  as slot_origins() fills them */
MUST_CHECK int plan_origins(struct policy_program *p, struct type_plan *plan,
			    const uint32_t *slots);
/** Whether what a value of the slot says is kept (program_memo.c). */
bool slot_is_remembered(const struct program_slot *s);

/* program_match.c: literals to what finds them. 0 or -ENOBUFS */
MUST_CHECK int matcher_finish(struct policy_program *p);

/* program_value.c: one comparison, without shortcuts */
size_t value_count(const struct program_slot *s, const struct policy_value *v);
str value_string(const struct program_slot *s, const struct policy_value *v, size_t i);
uint64_t value_number(const struct program_slot *s, const struct policy_value *v, size_t i);
/** Whether @p value stands in the relation @p op to @p text; `in` and its like as `=`, `!=` too: the caller negates. */
bool value_relates(enum condition_operator op, str value, str text);
/** A check of texts by its texts one after the other, for a value that is known; `negate` is heeded. */
bool check_string(const struct program_check *c, str value);

struct slot_state {
	uint32_t epoch;
	struct policy_value value;
};

struct match_state {
	uint32_t epoch;
	const uint64_t *any, *all; /**< bits that hold for any value, for all */
	uint64_t *own_any, *own_all;
};

struct check_state {
	uint32_t epoch;
	uint8_t verdict;
	uint64_t evaluated, held;
};

struct check_time {
	uint64_t timed, ns;
};

struct node_state {
	uint32_t epoch;
	uint8_t verdict;
};

struct node_frame {
	uint32_t node, next;
	uint8_t verdict;
};

#define RUN_SCRATCH_BYTES (256 * 1024)

enum { MEMO_ENTRIES = 4096, MEMO_KEY_BYTES = 110, MEMO_MEETINGS = 4 };

/** What a value may be that needs no table: there are few. MEMO_OTHER: none of the literals, where nothing else is asked (plan_index.exact). */
enum memo_plain { MEMO_ABSENT, MEMO_UNKNOWN, MEMO_FALSE, MEMO_TRUE, MEMO_OTHER, MEMO_PLAINS };

/** A value that was met; behind it lie its row, disjuncts that it leaves possible, and its bytes. */
struct memo_entry {
	uint64_t hash;
	uint64_t number; /**< the value, or a part of it */
	uint32_t memo;   /**< 0: free */
	uint32_t seen;   /**< half a hash that was met last and is not kept */
	uint8_t times;   /**< that it came while the value kept did not */
	uint8_t n;       /**< its bytes */
	uint64_t row[];
};

struct policy_run {
	const struct policy_program *p;
	const struct policy_target *t;
	struct arena arena;
	uint32_t epoch; /**< a judgement's number: a state with another is of an earlier target */
	bool timing;
	bool remembers;    /**< uses memos */
	uint64_t clock_ns; /**< what asking the time takes */
	struct slot_state *slots;
	struct match_state *matchers;
	struct check_state *checks;
	struct check_time *times;
	struct node_state *nodes;
	struct node_frame *stack;
	uint64_t *candidates; /**< disjuncts that may hold */
	uint64_t *row;        /**< what one value says, while it is worked out */
	char *memos;          /**< entries, each at the beginning of a cache line ... */
	size_t memo_bytes;    /**< ... of so many bytes */
	uint64_t *plain_rows; /**< rows by memo and enum memo_plain ... */
	bool *plain_known;    /**< ... once it was met */
	struct together_bucket *together_buckets;
	uint64_t *together_places; /**< a key and a row each ... */
	uint32_t together_words;   /**< ... of so many words */
	uint64_t together_key[1 + POLICY_ORIGINS];
	uint32_t *hits;
	uint32_t *undecided; /**< the rules the last judgement left UNKNOWN ... */
	size_t undecided_count;
	uint64_t *type_events, *rule_held, *rule_undecided;
	struct regex_scratch *regex;
	const struct policy_addresses *names;
	char *scratch; /**< what transformers make */
	size_t scratch_used;
};

/* program_check.c, program_node_run.c, program_transform.c */
int run_check(struct policy_run *r, uint32_t check);
int run_node(struct policy_run *r, uint32_t node);
void run_begin(struct policy_run *r, const struct policy_target *t);
const struct policy_value *run_fetch(struct policy_run *r, uint32_t slot);
/** The slot's value, fetched at most once for a target. */
static inline const struct policy_value *run_slot(struct policy_run *r, uint32_t slot)
{
	const struct slot_state *st = &r->slots[slot];

	return st->epoch == r->epoch ? &st->value : run_fetch(r, slot);
}
/** Takes from run.candidates the disjuncts that the value of the index's slot rules out. @return whether any are left */
bool run_index(struct policy_run *r, const struct type_plan *plan, const struct plan_index *x);
/** The same of all indexes of an origin at once. @return false: it is not remembered */
bool run_origin(struct policy_run *r, const struct type_plan *plan, uint32_t origin,
		const struct policy_origin *key);

/** What a target's origins say together. */
struct run_told {
	uint32_t answered; /**< bits of the origins whose rows are in run.candidates */
	uint64_t asks;     /**< bits of the indexes that may rule out more */
	/**
	 * what is kept of these origins, to be learned from: disjuncts that they leave possible, and those of which all that
	 * they tell is known to hold. NULL: nothing is
	 */
	uint64_t *row, *settled;
};
/** program_together.c: puts into run.candidates what all of plan.together leave possible. */
void run_together(struct policy_run *r, const struct type_plan *plan, struct run_told *ret);
MUST_CHECK int run_make_together(struct policy_run *r);
MUST_CHECK int run_make_memos(struct policy_run *r);
/** What names resolve to is part of what values and origins say. */
void run_forget_memos(struct policy_run *r);
void run_forget_together(struct policy_run *r);
/** Whether two rows have a bit in common. */
static inline bool run_overlaps(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	for (uint32_t w = 0; w < words; w++)
		if (a[w] & b[w])
			return true;
	return false;
}
/** The matcher's rows for a slot whose value is known. */
const struct match_state *run_matcher(struct policy_run *r, uint32_t matcher);
void run_transform(struct policy_run *r, const struct program_slot *s, struct policy_value *ret);

#endif

/** @file
 * All rules in force: those that ship, an operator's own files, and how single rules were switched; read, resolved and
 * compiled as agents do it.
 */
#ifndef SKEP_CONSOLE_API_RULE_BOOK_H
#define SKEP_CONSOLE_API_RULE_BOOK_H

#include "base/arena.h"
#include "console/store/rule_files.h"
#include "policy/program.h"

/** What a file of an operator's own is called in notes and as a rule's file. */
#define RULE_BOOK_OWN "own/"
/** What the file that is looked at is called. */
#define RULE_BOOK_DRAFT "draft"

struct rule_book {
	struct rule_set *set;
	struct policy_program *program;
};

struct rule_book_options {
	int64_t without; /**< leaves this file of an operator's own out; 0: none */
	str draft; /**< a file that is added last, called RULE_BOOK_DRAFT; a NULL pointer: none */
	bool not_switched; /**< as the files say */
};

/**
 * Reads them all.
 *
 * @param ret  to be closed; what is wrong with files is in its set's notes
 * @return 0, -ENOENT (no rules came with the program), -ENOBUFS, -ENOMEM, or the store's
 */
MUST_CHECK int rule_book_open(struct store *s, const struct rule_book_options *o, struct arena *a,
			      struct rule_book *ret, struct err *e);
void rule_book_close(struct rule_book *b);

/** Has every agent judge by the rules as they are now. In the transaction that changed them. */
MUST_CHECK int rule_book_publish(struct store *s, struct arena *a, struct err *e);

/** The rule called @p id, by its number or its name; NULL: none. */
const struct rule *rule_book_find(const struct rule_book *b, str id);

#endif

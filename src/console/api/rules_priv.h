/** @file
 * What the handlers of rules, rule files and dry runs share.
 */
#ifndef SKEP_CONSOLE_API_RULES_PRIV_H
#define SKEP_CONSOLE_API_RULES_PRIV_H

#include "console/api/call.h"
#include "console/api/rule_book.h"

/** "problems": what is wrong with the draft. */
void rules_put_problems(const struct rule_book *book, struct json_out *j);
/** Rules that came out of the draft. */
size_t rules_in_draft(const struct rule_book *book);
/** rule_book_publish(), and pages are told. In the transaction that changed them. */
MUST_CHECK int rules_tell_agents(struct call *c, struct err *e);

#endif

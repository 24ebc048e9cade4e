/** @file
 * A rule from its condition, an event from its JSON; both live in the arena of the tests.
 */
#ifndef SKEP_TEST_POLICY_RULE_H
#define SKEP_TEST_POLICY_RULE_H

#include "policy/program.h"
#include "policy/recorded.h"
#include "unit_arena.h"

static struct rule *rule_of(const char *condition, bool falco)
{
	struct rule *r = ARENA_NEW(&arena, struct rule);
	struct err e = { 0 };

	r->name = str_from(condition);
	r->source = S("syscall");
	r->enabled = true;
	r->falco_compatible = falco;
	if (condition_parse(str_from(condition), 0, &arena, &r->condition, NULL, &e) < 0)
		fail_msg("%s: %s", condition, e.text);
	return r;
}

static const struct policy_target *event_of(const char *json)
{
	const struct policy_target *t;
	struct err e = { 0 };

	if (recorded_parse(str_from(json), &policy_events, &arena, &t, &e) < 0)
		fail_msg("%s: %s", json, e.text);
	return t;
}

#endif

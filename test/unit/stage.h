/** @file
 * A watch on a stage: rules from YAML, containers by control group, events from JSON, alerts collected. asset is played by
 * stage.c itself: the real one is not linked.
 */
#ifndef SKEP_TEST_STAGE_H
#define SKEP_TEST_STAGE_H

#include "codec/value.h"
#include "policy/rule_file.h"
#include "watch/watch.h"

/** Control groups of the containers there are. */
enum stage_group {
	STAGE_HOST = 1,
	STAGE_APP = 2,        /**< docker, nothing special */
	STAGE_PRIVILEGED = 3, /**< with pod and namespace */
	STAGE_MOUNTS = 4,     /**< docker.sock inside */
	STAGE_BARE = 5,       /**< identity only */
	STAGE_LATE = 6,       /**< not known until stage->late_known */
	STAGE_GROUPS,
};

enum { STAGE_ALERTS = 64 };

struct stage {
	struct arena arena;
	struct policy_program *program; /**< owned */
	struct policy_addresses *names;
	struct watch *watch;
	bool late_known;
	uint64_t names_pending; /**< not 0: users are being looked up, see accounts_pending() */
	uint64_t finds;         /**< how often a control group was asked for */
	size_t alerts;
	struct {
		char rule[96], message[512], container[64];
		char type[32]; /**< what its field evt.type says */
		uint64_t count;
		bool unknown;
	} alert[STAGE_ALERTS]; /**< the first of them */
};

/** Rules of one text after another; every rule is enabled. Exits with a message when something is wrong. */
void stage_open(struct stage *s, const str *yaml, size_t count, const struct watch_config *c);
/** The same of rules that were compiled. @param p  is the stage's from here on */
void stage_open_program(struct stage *s, struct policy_program *p, const struct watch_config *c);
void stage_close(struct stage *s);
/** One event, in JSON with single quotes for double ones. */
void stage_event(struct stage *s, const char *json);
/** Whether a rule was told, and forgets all alerts so far when @p forget. */
bool stage_fired(const struct stage *s, const char *rule);
void stage_forget(struct stage *s);

#endif

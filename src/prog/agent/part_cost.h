/** @file
 * What the agent's processes cost, by part: processor time since the agent began, and memory now.
 *
 * A part's cost is that of its process, of those that replaced it, and of every process it started, whether it lives or has
 * ended: /proc/PID/stat tells for a process what it used and what those used that it waited for, so the sum over the
 * processes that live below a part (/proc/PID/task/PID/children) and over what the supervisor has waited for leaves nothing out, and counts nothing
 * twice. For that the supervisor must inherit whom a part leaves behind when it is ended (PR_SET_CHILD_SUBREAPER); such a process is known
 * by its name, which it has from its part.
 */
#ifndef SKEP_PROG_AGENT_PART_COST_H
#define SKEP_PROG_AGENT_PART_COST_H

#include <sys/types.h>

#include "base/err.h"
#include "codec/json_out.h"

#define PART_COST_MAX 8
/** What processes of a part are called (PR_SET_NAME), before the part's name. */
#define PART_COST_NAME "skep-"

struct part_cost;

/**
 * @param proc_fd the folder of this system's procfs, borrowed
 * @param names of the parts, which outlive it; the first is the caller itself, whose children count with their own parts
 * @param count at most PART_COST_MAX
 * @return 0, -ENOMEM
 */
MUST_CHECK int part_cost_new(int proc_fd, const char *const *names, size_t count,
			     struct part_cost **ret, struct err *e);
void part_cost_free(struct part_cost *c);

/**
 * Looks at all parts, once a second however often it is called.
 *
 * @param pids one a part; 0: it does not run now
 * @return whether it looked: there is something new to render
 */
bool part_cost_look(struct part_cost *c, const pid_t *pids, uint64_t now_ns);

/** A child has ended and is not waited for yet: what it used, and those it waited for, stays with its part. */
void part_cost_ended(struct part_cost *c, pid_t pid);

/** Writes `parts` of doc/schemas/agent-stats-1.schema.json: an array of those that ever ran. */
void part_cost_render(const struct part_cost *c, struct json_out *j);

#endif

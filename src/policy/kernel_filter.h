/** @file
 * What the kernel may drop: for each type of event a condition that holds whenever any rule could hold. Derived from a
 * program, loaded by kern. What figures of containers (usage.*) count passes too where a rule reads them. It may only
 * over-approximate: a property test draws random events and holds it to that.
 *
 * For each type it is a disjunction of clauses, each a conjunction of tests on facts the kernel side has at hand. A type
 * without clauses is not wanted; a clause without tests lets everything pass.
 */
#ifndef SKEP_POLICY_KERNEL_FILTER_H
#define SKEP_POLICY_KERNEL_FILTER_H

#include "model/event.h"
#include "policy/program.h"

#define KERNEL_FILTER_MAX_CLAUSES 64 /**< of one type; more are merged into weaker ones */
#define KERNEL_FILTER_MAX_PATHS 512  /**< literals in all; more make their clauses lose the test */

enum kernel_path_test {
	KERNEL_PATH_EXACT,
	KERNEL_PATH_PREFIX, /**< bytes, as startswith */
	KERNEL_PATH_DIR,    /**< the directory itself or below it, as pmatch */
	KERNEL_PATH_SUFFIX,
	KERNEL_PATH_BASENAME, /**< last component */
	KERNEL_PATH_TOP, /**< right below the root, or the root itself; the text does not count */
	KERNEL_PATH_CONTAINS, /**< a component or part of one; the kernel may treat it as "any" */
};

struct kernel_path {
	enum kernel_path_test test;
	str text;
};

enum kernel_family {
	KERNEL_IPV4 = 1, /**< not within 127.0.0.0/8 */
	KERNEL_IPV6 = 2,
	KERNEL_UNIX = 4,
	KERNEL_LOOPBACK = 8, /**< IPv4 with both ends in 127.0.0.0/8 */
	KERNEL_BEYOND = KERNEL_IPV4 | KERNEL_IPV6,
	KERNEL_INTERNET = KERNEL_BEYOND | KERNEL_LOOPBACK,
};

/** Tests of a clause; a zero means "no such test". */
struct kernel_clause {
	bool container_only; /**< not on the host */
	bool host_only;
	bool failed_only, success_only;
	uint8_t open_modes; /**< bit 0 read, bit 1 write, bit 2 creates an executable; any of them suffices */
	bool climbs; /**< the path as the program gave it must have ".." in it; opens only */
	bool upper; /**< the file must be in the upper layer of an overlay; opens that succeed only */
	bool unconnected; /**< the socket must not have been connected when the call began; sends only */
	bool paths_any; /**< the event's path (or second path) must pass one of `paths` */
	const struct kernel_path *const *paths;
	size_t path_count;
	const uint16_t *ports; /**< either end's port must be among them */
	size_t port_count;
	uint8_t families; /**< of enum kernel_family */
	const str *
		comms; /**< the process's name, as it last executed or was forked, must be among them */
	size_t comm_count;
};

/** What rules of a type read of the caller that is not in every event. */
enum kernel_want {
	KERNEL_WANT_CWD = 1 << 0,   /**< the working directory; of EXEC it is there anyway */
	KERNEL_WANT_STDIO = 1 << 1, /**< what descriptors 0, 1 and 2 lead to */
};

struct kernel_filter {
	struct kernel_clause *clauses[EVENT_TYPE_COUNT];
	size_t clause_count[EVENT_TYPE_COUNT];
	bool failed_opens;               /**< some clause wants opens that failed */
	bool connected_sends;            /**< some clause wants sends of connected sockets */
	bool environment;                /**< some rule reads proc.env */
	bool received;                   /**< some rule reads the bytes received */
	uint8_t wants[EVENT_TYPE_COUNT]; /**< enum kernel_want */
};

/** What the kernel must read so that a reference has a value: enum kernel_want. */
uint8_t filter_want(const struct policy_ref *r);

/** Derives the filter of a program compiled for policy_events. @return 0 or -ENOBUFS */
MUST_CHECK int kernel_filter_derive(const struct policy_program *p, struct arena *a,
				    struct kernel_filter *ret, struct err *e);

/**
 * The filter's own answer in user space: what the kernel side must at least let pass. For tests.
 * @param comm  proc.name; empty: not known
 */
bool kernel_filter_passes(const struct kernel_filter *f, const struct event *v, str comm,
			  bool in_container);

#endif

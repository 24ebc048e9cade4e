/** @file
 * Seeing and judging, wired together: sensor, identity, watch and rules. The sensor part and `skep monitor` are this and
 * somewhere to put alerts.
 */
#ifndef SKEP_PROG_AGENT_SESSION_H
#define SKEP_PROG_AGENT_SESSION_H

#include "asset/figures.h"
#include "kern/sensor.h"
#include "prog/agent/hasher.h"
#include "prog/agent/losses.h"
#include "prog/agent/names.h"
#include "prog/agent/rules.h"
#include "prog/agent/unhashed.h"
#include "prog/agent/users_broker.h"
#include "watch/watch.h"

struct session_config {
	const struct option_set *options; /**< holds agent_watch_options */
	struct watch_config watch;
	bool flows; /**< connections are counted, for whoever reads them from `sensor` */
	int also; /**< another descriptor that ends session_turn()'s wait when readable; -1: none */
	const int *kept; /**< of a session that died, see sensor_keep() */
	size_t kept_count;
	watch_alert_handler on_alert;
	void *ctx; /**< handed to on_alert and say */
	void (*say)(void *ctx, const char *line);
};

enum { SESSION_MARKED = 4096 };

/** Members are for reading. */
struct session {
	struct session_config config;
	struct rules rules;
	struct arena filter_arena;
	struct kernel_filter filter;
	struct figures_source *figures; /**< NULL: nothing counts processor time here */
	struct asset *asset;
	struct sensor *sensor;
	struct watch *watch;
	struct names *names;        /**< NULL: no rule names a domain */
	struct users_broker *users; /**< reads users' names */
	struct hasher *hasher;      /**< NULL: there is none, and hashes are not known */
	int ready;                  /**< epoll of what ends a wait */
	struct unhashed unhashed;
	uint64_t ticked_ns;
	/** Cgroups the kernel knows the kind of, at their id's remainder. */
	uint64_t marked[SESSION_MARKED];
	uint64_t state_lost; /* process events, since the processes were read */
	uint64_t losses_told_ns;
	bool losses; /* since they were told */
};

/** Looks at what --ring-size and --engine say, before anything begins. @return 0, -EINVAL, -ENOMEM */
MUST_CHECK int session_check(const struct option_set *o, struct err *e);
/**
 * Begins what takes longest, in a thread, while the caller reads its rules. session_open() is next, or session_close().
 *
 * @return 0 or the errno of sensor_new(), with nothing left to close
 */
MUST_CHECK int session_prepare(struct session *s, const struct session_config *c, struct err *e);
/**
 * Loads the hooks @p rules need and learns what runs already; then events wait to be taken by session_turn().
 *
 * @param s     prepared; on failure nothing is left to close
 * @param rules taken over, also on failure
 * @return 0 or the errno of the part that failed
 */
MUST_CHECK int session_open(struct session *s, struct rules *rules, struct err *e);
void session_close(struct session *s);

/**
 * Waits for events for some milliseconds at most, judges what is there, lets time pass.
 *
 * @return 1: session_config.also is readable; 0, or a negative errno: the sensor is of no more use
 */
MUST_CHECK int session_turn(struct session *s, struct err *e);

/** Other rules from now on; on failure the old ones stay. @param rules taken over */
MUST_CHECK int session_set_rules(struct session *s, struct rules *rules, struct err *e);

/** Judges what is held and tells what is folded, before the end. */
void session_flush(struct session *s);

#endif

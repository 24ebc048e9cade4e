/** @file
 * What the fleet's files share.
 */
#ifndef SKEP_CONSOLE_FLEET_FLEET_PRIV_H
#define SKEP_CONSOLE_FLEET_FLEET_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "console/fleet/authority.h"
#include "console/fleet/batch.h"
#include "console/fleet/fleet.h"
#include "console/store/agents.h"

/** One batch on its way into the store. */
struct ingest_job {
	const char *agent;
	str life, peer;
	const int64_t *clock_ms; /**< NULL: it does not say */
	const struct batch *batch;
	struct arena *arena; /**< of the request */
	/* Its alerts, made ready: as many as the batch has records of them, in order. Without a time: none. */
	struct alert_new *told;
	struct buf packed;
	/* The answer. */
	int result; /**< 0 or -errno */
	struct err why;
	int64_t acknowledged;
	size_t refused;
	bool alerts, assets, findings, agents, flows; /**< what of it changed */
	bool done;
	struct ingest_job *next;
};

enum { FLEET_UNMATCHED = 256 };

struct fleet {
	struct fleet_options o;
	/* The authority never changes once it is made. */
	pthread_mutex_t authority_lock;
	struct arena authority_arena;
	struct authority authority;
	bool authority_known;

	/* Group commit: who finds nobody leading takes all that wait. */
	pthread_mutex_t ingest_lock;
	pthread_cond_t ingest_done;
	struct ingest_job *waiting, **waiting_end;
	bool leading;

	pthread_mutex_t clocks_lock;
	struct agent_clocks clocks;
	uint64_t clocks_ns; /* CLOCK_MONOTONIC when they were looked at; 0: never */

	atomic_bool told_unknown; /* the operator heard of records nobody here knows */

	/* Of fleet_tick() alone. */
	uint64_t started_ns, ticked_ns; /* CLOCK_MONOTONIC */
	int64_t ticked_at_ns;           /* CLOCK_REALTIME */
	uint64_t database_ns;
	int64_t database_built_ns;
	struct {
		dev_t device;
		ino_t inode;
		off_t bytes;
		struct timespec written;
	} database_file; /* that was opened last */
	bool told_no_database;
	uint64_t unmatched
		[FLEET_UNMATCHED]; /* hashes of images this database could not be matched with */
	size_t unmatched_count;
};

MUST_CHECK int fleet_authority(struct fleet *f, struct store *s, struct authority *ret,
			       struct err *e);
void fleet_publish(const struct fleet *f, const char *topic);
void fleet_say(const struct fleet *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Answers POST enroll and renew. @return 0 (*ret is filled), -EBADMSG, -EACCES, -errno of the store */
MUST_CHECK int fleet_enroll(struct fleet *f, struct store *s, struct arena *a,
			    const struct fleet_request *q, str *ret, struct err *e);
MUST_CHECK int fleet_renew(struct fleet *f, struct store *s, struct arena *a,
			   const struct fleet_request *q, str *ret, struct err *e);

/** Stores a batch, together with those of other threads, and waits until it is committed. @return job->result */
MUST_CHECK int ingest(struct fleet *f, struct store *s, struct ingest_job *job, struct err *e);

/** Of the agent whose records are being stored. */
struct teller {
	struct fleet *fleet;
	struct store *store;
	struct arena *arena; /**< for a group of batches */
	const struct agent *agent;
	struct ingest_job *job;
	int64_t now_ns;
};

/**
 * What the store wants to know of an alert. Spans point into @p doc or live in @p a.
 * @return 0, -EBADMSG (no alert), -ENOBUFS
 */
struct alert_new;
MUST_CHECK int record_alert(str doc, const struct agent *agent, struct arena *a,
			    struct alert_new *ret, struct err *e);
#define RECORD_REFUSED 1 /**< it is no record of its kind: counted, and passed over */

/** Stores what a record of an asset, `gone` or `snapshot` says. @return 0, RECORD_REFUSED, -errno of the store */
MUST_CHECK int record_asset(struct teller *t, const struct batch_record *r, struct err *e);
/** Stores an image's inventory, with what is wrong with it when a database is there. Returns as record_asset(). */
MUST_CHECK int record_inventory(struct teller *t, str doc, struct err *e);

/**
 * Reads a record of flows. Spans point into @p doc or live in @p a; `asset` is the container's name as the agent tells it.
 * @param ret_refused items that are none
 * @return 0, -EBADMSG (no such record), -ENOBUFS
 */
struct flow_new;
MUST_CHECK int record_flows(str doc, struct arena *a, struct flow_new **ret, size_t *ret_count,
			    int64_t *ret_lost, size_t *ret_refused, struct err *e);
/** Stores it. Returns as record_asset(). */
MUST_CHECK int record_flow(struct teller *t, str doc, struct err *e);
/** Keeps an agent's figures, and adds what it cost since the last to its series. */
MUST_CHECK int record_stats(struct teller *t, str doc, struct err *e);

/** Makes an image known. */
MUST_CHECK int record_image(struct teller *t, str digest, str references, int64_t bytes,
			    struct err *e);
/** An image that runs: where its inventory is not known here, its agent is asked for it; it may have read it for another console. */
MUST_CHECK int record_image_wanted(struct teller *t, str image, str reference, struct err *e);
/** "sha256:..." */
bool record_is_digest(str s);

/**
 * Matches one image's stored inventory with the database in force, when one waits for it.
 * @return 1: there may be more, 0: none, -errno of the store
 */
MUST_CHECK int rematch_some(struct fleet *f, struct store *s, struct arena *a, struct err *e);

#endif

/** @file
 * Alerts: stored by the day they happened on, listed newest first, counted without reading them.
 *
 * An alert's id is its time in milliseconds and a number that counts up, so that ids are ordered by time, name their
 * day and serve as cursors. They need 63 bits: write them as text in JSON. An agent's clock may be wrong: a time in the
 * future becomes now, one more than ALERT_LATE_DAYS ago becomes that.
 *
 * What alerts share (rule, priority, agent, host, image, namespace ...) is their *series*, stored once. How many there
 * are of each series and state is counted as they come in, by hour, by day and altogether; facets and histograms read
 * those counts. Only what is particular to an alert (container, pod, text) has to be looked for in alerts themselves, and
 * then within a bound.
 */
#ifndef SKEP_CONSOLE_STORE_ALERTS_H
#define SKEP_CONSOLE_STORE_ALERTS_H

#include "console/store/scope.h"
#include "console/store/store.h"
#include "model/alert.h"

#define ALERT_LATE_DAYS 35
#define ALERT_PAGE_MAX 1000
#define ALERT_DOC_MAX (1 << 20)
/** More series are not told apart: what an agent makes up must not grow without end. See alerts_append(). */
#define ALERT_SERIES_MAX 300000

enum alert_state {
#define ALERT_STATE_ENUM(id, name) ALERT_##id,
	ALERT_STATES(ALERT_STATE_ENUM)
#undef ALERT_STATE_ENUM
		ALERT_STATE_COUNT
};

const char *alert_state_name(enum alert_state s);
/** @return the state or -ENOENT */
MUST_CHECK int alert_state_find(str name);

/** X(field): the texts of a series. labels: ",name=value,name=value,"; tags: separated by blanks */
#define ALERT_SERIES_TEXTS(X) \
	X(rule) \
	X(rule_id) \
	X(source) \
	X(agent) \
	X(host) \
	X(cluster) \
	X(namespace) \
	X(workload) \
	X(image) \
	X(tags) \
	X(labels)

/** What alerts share. Empty where there is none. */
struct alert_series {
#define ALERT_SERIES_MEMBER(field) str field;
	ALERT_SERIES_TEXTS(ALERT_SERIES_MEMBER)
#undef ALERT_SERIES_MEMBER
	enum alert_priority priority;
};

/** An alert on its way in. `workload`: the pod's owner, or the container's name; what many containers share. */
struct alert_new {
	struct alert_series series;
	int64_t time_ns;
	str container;   /**< id; empty: the host */
	str pod;         /**< "namespace/name"; empty: none */
	int64_t repeats; /**< equal events it stands for beside the first, at least 0 */
	str doc;         /**< JSON as doc/schemas/alert-1.schema.json; at most ALERT_DOC_MAX */
	str packed;      /**< of alerts_pack(); empty: not yet */
	int64_t dictionary;
};

/**
 * Compresses documents before the transaction that stores them, so that nobody waits for it. Outside of one. Where it cannot be
 * done yet alerts_append() does it.
 *
 * @param out holds what was compressed; must outlive @p alerts
 */
MUST_CHECK int alerts_pack(struct store *s, struct alert_new *alerts, size_t count, struct buf *out,
			   struct err *e);

/**
 * Stores alerts. Inside a transaction, with ingest_advance() for what they came from.
 *
 * Where there are ALERT_SERIES_MAX series already, or they take SERIES_BYTES_MAX (series_index.h), alerts that would make another are counted under rule "(other)" of their
 * host, with its cluster and agent alone; their documents are stored as they are.
 *
 * @param now_ns  when they arrived
 * @param ret_ids NULL, or room for @p count ids
 * @return 0; -E2BIG a document over its bound (nothing is stored); -EAGAIN try the transaction again; else as sql_do()
 */
MUST_CHECK int alerts_append(struct store *s, const struct alert_new *alerts, size_t count,
			     int64_t now_ns, int64_t *ret_ids, struct err *e);

/** An alert as it is stored; lives in the arena it was read into. */
struct stored_alert {
	int64_t id;
	int64_t received_ns;
	const struct alert_series *series;
	enum alert_state state;
	str who; /**< who last changed the state; empty: nobody */
	str doc;
};

/** Milliseconds since 1970 that an id says. */
int64_t alert_id_ms(int64_t id);

struct alert_values {
	const str *items;
	size_t count; /**< 0: any */
};

/** All of what is set must hold; of a list any. Zeroed, it shows nothing: see scope. */
struct alert_filter {
	const struct scope *scope; /**< NULL shows nothing */
	unsigned states;           /**< bits 1 << ALERT_OPEN ...; 0: any */
	unsigned priorities;       /**< bits 1 << PRIORITY_CRITICAL ...; 0: any */
	struct alert_values rules, hosts, agents, clusters, namespaces, workloads, images, tags;
	struct alert_values containers; /**< ids */
	struct alert_values pods;       /**< "namespace/name" */
	int64_t since_ns, until_ns;     /**< when it happened: [since, until); 0: no bound */
	str text; /**< each of its words stands somewhere in the alert; ASCII without case */
	bool oldest_first; /**< of lists: the other way round */
	/** A further condition, NULL: none. Called with alerts for which all else holds. */
	bool (*holds)(void *ctx, const struct stored_alert *a);
	void *ctx;
};

struct alert_page {
	struct stored_alert *items; /**< newest first, or as the filter says */
	size_t count;
	int64_t next; /**< cursor of the next page; 0: this is the last */
};

/**
 * A page of the alerts that match.
 *
 * Where only looking at alerts one by one can tell (text, `holds`), it looks at a bounded number of them: the page may then
 * be short, even empty, and still have a `next`.
 *
 * @param cursor 0: from the first on; else the page before's next
 * @param limit  1 to ALERT_PAGE_MAX
 * @param with_doc whether documents are wanted
 */
MUST_CHECK int alerts_page(struct store *s, const struct alert_filter *f, int64_t cursor,
			   size_t limit, bool with_doc, struct arena *a, struct alert_page *ret,
			   struct err *e);

/**
 * As alerts_page(), from one priority to the next, of each the newest first (`oldest_first` is not heeded). Each is a walk of its
 * own by the counters of its series, so that it costs what lists of one priority cost, however many alerts there are.
 *
 * @param least_first from debug on, instead of from emergency
 * @param cursor      empty: from the first on; else the page before's `ret_next`; -EINVAL: not one of ours
 * @param ret_next    empty: this is the last page
 */
MUST_CHECK int alerts_by_priority(struct store *s, const struct alert_filter *f, bool least_first,
				  str cursor, size_t limit, bool with_doc, struct arena *a,
				  struct alert_page *ret, str *ret_next, struct err *e);

/** One alert. @return 0, -ENOENT there is none or @p scope does not show it */
MUST_CHECK int alerts_get(struct store *s, const struct scope *scope, int64_t id, struct arena *a,
			  struct stored_alert *ret, struct err *e);

struct alert_step {
	int64_t time_ns;
	str who, note;
	enum alert_state state;
};

/** What people have made of one alert, the newest first. */
MUST_CHECK int alerts_history(struct store *s, int64_t id, struct arena *a, struct alert_step **ret,
			      size_t *ret_count, struct err *e);

/** What is made of alerts. */
struct alert_decision {
	enum alert_state state;
	str note, who;
	int64_t now_ns;
};

/**
 * Changes the state of alerts. Inside a transaction. Ids that are not there or not shown are passed over.
 *
 * @return how many were changed (those that were in that state already are not, but get the note)
 */
MUST_CHECK int alerts_triage(struct store *s, const struct scope *scope, const int64_t *ids,
			     size_t count, const struct alert_decision *to, struct err *e);

/** Alerts changed by one call. */
#define ALERT_TRIAGE_MOST 10000

/**
 * Changes the state of all alerts that match and arrived before @p before_ns, the newest first, at most ALERT_TRIAGE_MOST. Inside a
 * transaction. Those that are in that state already are left as they are.
 *
 * @param scope     what may be decided about; what may be looked at is the filter's
 * @param expected  -EBUSY where it would be more than these: who decides has not seen them all; nothing is changed
 * @param ret_more  whether there may be more, for another call
 * @return how many were changed
 */
MUST_CHECK int alerts_triage_all(struct store *s, const struct scope *scope,
				 const struct alert_filter *f, int64_t before_ns, int64_t expected,
				 const struct alert_decision *to, bool *ret_more, struct err *e);

#define ALERT_FACETS(X) \
	X(STATE, "state") \
	X(PRIORITY, "priority") \
	X(RULE, "rule") \
	X(HOST, "host") \
	X(CLUSTER, "cluster") \
	X(NAMESPACE, "namespace") \
	X(WORKLOAD, "workload") \
	X(IMAGE, "image") \
	X(TAG, "tag")

enum alert_facet {
#define ALERT_FACET_ENUM(id, name) ALERT_FACET_##id,
	ALERT_FACETS(ALERT_FACET_ENUM)
#undef ALERT_FACET_ENUM
		ALERT_FACET_COUNT
};

const char *alert_facet_name(enum alert_facet f);

struct alert_count {
	str value; /**< priorities as alert_priority_name() in lower case */
	int64_t count;
};

struct alert_facets {
	struct alert_count *values[ALERT_FACET_COUNT]; /**< the most frequent first */
	size_t count[ALERT_FACET_COUNT];
	int64_t total; /**< alerts that match */
	bool cut;      /**< only the newest were counted: there may be more */
};

/**
 * Counts what the alerts that match have in common. The values of a field are counted as if the filter said nothing of that
 * field, so that another can be picked.
 *
 * @param top most values a field
 */
MUST_CHECK int alerts_facets(struct store *s, const struct alert_filter *f, size_t top,
			     struct arena *a, struct alert_facets *ret, struct err *e);

struct alert_bucket {
	int64_t counts[PRIORITY_COUNT];
};

struct alert_histogram {
	int64_t from_ns, to_ns; /**< what the buckets cover: the filter's range, or all there is */
	int64_t bucket_ns;
	struct alert_bucket *buckets;
	size_t count;
	bool cut; /**< as of facets */
};

/**
 * Counts the alerts that match over time.
 *
 * @param buckets how many are wanted; where there are too many alerts to read, the buckets are whole hours or days
 */
MUST_CHECK int alerts_histogram(struct store *s, const struct alert_filter *f, size_t buckets,
				struct arena *a, struct alert_histogram *ret, struct err *e);

/** How much there is. */
struct alert_stock {
	int64_t alerts;
	int64_t bytes;               /**< of documents, as stored */
	int64_t first_day, last_day; /**< days since 1970; 0: there are none */
};

MUST_CHECK int alerts_stock(struct store *s, struct alert_stock *ret, struct err *e);

/**
 * Drops whole days: those before @p before_ns, and the oldest of the others until the store takes no more than
 * @p max_bytes. Today stays. Makes its own transactions.
 *
 * @param max_bytes 0: no bound
 * @return how many days went
 */
MUST_CHECK int alerts_retain(struct store *s, int64_t before_ns, int64_t max_bytes, struct err *e);

/**
 * Packs a few of the counters that a store which grew out of an older one holds in decimal (alert_cells.h): they take long to read.
 * Makes its own transaction.
 *
 * @return how many; 0: none is left
 */
MUST_CHECK int alerts_repack(struct store *s, struct err *e);

/** Makes the tables of the day of @p now_ns and the next, so that no batch has to. Makes its own transaction. */
MUST_CHECK int alerts_prepare_days(struct store *s, int64_t now_ns, struct err *e);

#endif

/** @file
 * What the files of alerts share: names of series kept in memory, documents compressed, the tables of days.
 */
#ifndef SKEP_CONSOLE_STORE_ALERTS_PRIV_H
#define SKEP_CONSOLE_STORE_ALERTS_PRIV_H

#include "codec/zstd.h"
#include "console/store/alert_cells.h"
#include "console/store/alert_walk.h"
#include "console/store/partition.h"
#include "console/store/series_index.h"

#define ALERT_DAY_MS ((int64_t)86400 * 1000)
#define ALERT_HOUR_MS ((int64_t)3600 * 1000)
/** The start of a day (in 2106) that ids still hold and no alert comes after. */
#define ALERT_END_MS (50000 * ALERT_DAY_MS)

struct alert_dictionary {
	int64_t id; /**< 0: none */
	struct zstd_unpacker *unpacker;
};

#define ALERT_DICTIONARIES 64

/** What a store has of alerts beside its connection. */
struct alert_cache {
	struct series_view series;
	struct series_index *own_index; /**< of a store that shares none */
	uint64_t transaction; /**< sql_transaction() that made series, or forgot some: 0 none */
	uint64_t learning;    /**< that learned a dictionary */
	struct alert_dictionary dictionaries[ALERT_DICTIONARIES];
	size_t dictionary_count;
	struct zstd_packer *packer; /**< with dictionary `packs`; NULL: to be made */
	int64_t packs;
	struct buf samples; /**< documents a dictionary is to be learned from */
	size_t *sample_sizes;
	uint32_t sample_count;
};

extern const struct partition_table alert_rows, alert_docs, alert_steps;
/** What the least id of a day may be. */
int64_t alert_day_low(int64_t day);
static inline int64_t alert_id_day(int64_t id)
{
	return alert_id_ms(id) / ALERT_DAY_MS;
}
/** Makes a day's tables, where they are missing. Inside a transaction. */
MUST_CHECK int alert_day_make(struct store *s, int64_t day, struct err *e);
/** Notes a decision about alerts in the order of their ids. Inside a transaction that holds the lock "alerts". */
MUST_CHECK int alert_steps_put(struct store *s, const struct alert_hit *hits, size_t count,
			       const struct alert_decision *to, struct err *e);
/** For stores of before decisions lay in tables a day. */
MUST_CHECK int alert_steps_take_over(struct sql *s, struct err *e);
/** For stores of before alerts had it: none of theirs stands for more than itself. @return as sql_script() */
MUST_CHECK int alert_rows_add_repeats(struct sql *s, struct err *e);

/** The store's cache, made at the first call. What a transaction made that is over is forgotten. */
MUST_CHECK int alert_cache_get(struct store *s, struct alert_cache **ret, struct err *e);
void alert_cache_free(struct alert_cache *c);
/** Lets go of what an idle store need not hold. */
void alert_cache_rest(struct store *s);
/** To be said by the transaction that makes series, or forgets some: others are not told until it is committed. */
void alert_cache_doubt(struct store *s);
/** Learns of series made since it last looked; none that this transaction made are told to others. */
MUST_CHECK int alert_cache_refresh(struct store *s, struct err *e);
/** The series as readers see it, in @p a; NULL: budget spent. */
const struct alert_series *series_describe(const struct alert_cache *c, const struct series *x,
					   struct arena *a);

/** Whether there is a dictionary to compress with. @return 1, 0 one is still to be learned, -errno */
MUST_CHECK int alert_doc_ready(struct store *s, struct alert_cache *c, struct err *e);
/** Appends a document as it is stored. @param ret_dictionary with which dictionary. Inside a transaction. */
MUST_CHECK int alert_doc_pack(struct store *s, struct alert_cache *c, str doc,
			      int64_t *ret_dictionary, struct buf *out, struct err *e);
MUST_CHECK int alert_doc_unpack(struct store *s, struct alert_cache *c, str stored,
				int64_t dictionary, int64_t size, struct arena *a, str *ret,
				struct err *e);
/** Learns a dictionary when enough documents were seen and there is none. Inside a transaction. */
MUST_CHECK int alert_doc_learn(struct store *s, struct alert_cache *c, int64_t now_ns,
			       struct err *e);

/** The first millisecond that is not before @ns: at least 0, at most ALERT_END_MS. */
int64_t alert_ms_from(int64_t ns);
/** Below which no alert of @ms and later has its id. */
int64_t alert_low_id(int64_t ms);
/** What the container's id is found by: 0 for none. */
int64_t alert_container_key(str container);

/** A cell of series x + ALERT_REPEATS counts not alerts of x, but what these stand for beside themselves. No series has such an id. */
#define ALERT_REPEATS ((int64_t)1 << 52)
#define ALERT_REPEATS_MOST ((int64_t)1 << 31)

/** What counters stand for: all there is (one place, 0), a day or an hour since 1970. */
enum alert_span { ALERT_SPAN_ALL, ALERT_SPAN_DAY, ALERT_SPAN_HOUR };

/** Adds cells, in any order, to the counters. Inside a transaction that holds the lock "alerts"; the cache knows their series. */
MUST_CHECK int alert_counts_add(struct store *s, struct alert_cell *cells, size_t count,
				struct err *e);
/** Moves what was counted before @p hour to where past hours are counted. Inside such a transaction. */
MUST_CHECK int alert_counts_settle(struct store *s, int64_t hour, struct err *e);
/** Writes the counters of a place anew. Inside such a transaction. */
MUST_CHECK int alert_counts_rewrite(struct store *s, enum alert_span span, int64_t place,
				    struct err *e);
/** Takes a day out of all counters. Inside such a transaction. */
MUST_CHECK int alert_counts_forget_day(struct store *s, int64_t day, struct err *e);

/** @return 0, or -errno, which ends the reading */
typedef int alert_cell_fn(void *ctx, const struct alert_cell *x, struct err *e);
/**
 * Reads the counters of places [from, to). Of a place, series and state there may be several cells: add them up. A cell's hour is
 * one of its place.
 */
MUST_CHECK int alert_counts_read(struct store *s, enum alert_span span, int64_t from, int64_t to,
				 alert_cell_fn *take, void *ctx, struct err *e);

/** Which series match. */
struct alert_match {
	struct alert_cache *cache;
	size_t count; /**< of series that were judged */
	int64_t last; /**< the last of their ids: others came later */
	/** By position of the series: bits 1 << facet that do not hold; ALERT_HIDDEN: scope. */
	uint32_t *missed;
	size_t matching;  /**< how many miss nothing */
	bool all;         /**< every series, whatever it is, matches */
	bool by_priority; /**< nothing but the priority decides */
};

#define ALERT_HIDDEN (1U << 31)

/** Where a series stands; count when it was not judged. */
static inline size_t alert_match_position(const struct alert_match *m, int64_t series)
{
	return MIN(series_position(&m->cache->series, series), m->count);
}

MUST_CHECK int alert_match_series(struct store *s, const struct alert_filter *f, struct arena *a,
				  struct alert_match *ret, struct err *e);
/**
 * Runs a statement on a day's table, in which {table} stands.
 * @return 0, -ENOENT the day was dropped meanwhile, or as sql_query()
 */
MUST_CHECK int alert_day_query(struct store *s, const struct partition_table *t, int64_t day,
			       const char *statement, const struct sql_value *values, size_t count,
			       struct sql_rows **ret, struct err *e);
/** Appends " AND state IN (...)", spelt out so that a planner knows how many there are; nothing for all states, or 0. */
void alert_say_states(unsigned states, struct buf *text);

/** Reads the documents of @p count alerts into their `doc`. */
MUST_CHECK int alert_docs_fetch(struct store *s, struct alert_hit *hits, size_t count,
				struct arena *a, struct err *e);
/** Whether @p text contains @p word, letters of ASCII without case. */
bool alert_text_has(str text, str word);

bool alert_in_scope(const struct alert_cache *c, int64_t series, const struct scope *scope);

#endif

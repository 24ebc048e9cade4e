/** @file
 * What the files of alerts share: names of series kept in memory, documents compressed, the tables of days.
 */
#ifndef SKEP_CONSOLE_STORE_ALERTS_PRIV_H
#define SKEP_CONSOLE_STORE_ALERTS_PRIV_H

#include "base/map.h"
#include "codec/zstd.h"
#include "console/store/alert_cells.h"
#include "console/store/alert_walk.h"
#include "console/store/partition.h"

#define ALERT_DAY_MS ((int64_t)86400 * 1000)
#define ALERT_HOUR_MS ((int64_t)3600 * 1000)
/** The start of a day (in 2106) that ids still hold and no alert comes after. */
#define ALERT_END_MS (50000 * ALERT_DAY_MS)

/** The texts of a series, by position. */
enum alert_text {
#define ALERT_TEXT_ENUM(field) ALERT_TEXT_##field,
	ALERT_SERIES_TEXTS(ALERT_TEXT_ENUM)
#undef ALERT_TEXT_ENUM
		ALERT_TEXT_COUNT
};

/** A series by the numbers of its words. */
struct series_key {
	uint32_t words[ALERT_TEXT_COUNT];
	uint32_t priority;
};

struct series {
	int64_t id;
	struct series_key key;
};

struct alert_dictionary {
	int64_t id; /**< 0: none */
	struct zstd_unpacker *unpacker;
};

#define ALERT_DICTIONARIES 64

struct alert_cache {
	struct arena arena;
	struct map by_text; /**< text to its number, plus one */
	str *words;
	size_t word_count, word_cap;
	struct map by_key;     /**< struct series_key to struct series */
	struct series **items; /**< by id, ascending */
	size_t count, cap;
	size_t most; /**< ALERT_SERIES_MAX, but in tests */
	int64_t last_id;
	int64_t epoch;      /**< of the store's series: another one means some were deleted */
	bool unsure;        /**< it holds what a transaction added that may yet be undone */
	uint64_t rollbacks; /**< of the connection, before that transaction */
	struct alert_dictionary dictionaries[ALERT_DICTIONARIES];
	size_t dictionary_count;
	struct zstd_packer *packer; /**< with dictionary `packs`; NULL: to be made */
	int64_t packs;
	struct buf samples; /**< documents a dictionary is to be learned from */
	size_t *sample_sizes;
	uint32_t sample_count;
};

extern const struct partition_table alert_rows, alert_docs;

/** The store's cache, made at the first call, begun anew when what it knows may be untrue. */
MUST_CHECK int alert_cache_get(struct store *s, struct alert_cache **ret, struct err *e);
void alert_cache_free(struct alert_cache *c);
/** To be said before it is told of what this transaction adds. */
void alert_cache_doubt(struct store *s);
/** Forgets all series. */
void alert_cache_forget(struct alert_cache *c);
/** Learns of series made since it last looked. */
MUST_CHECK int alert_cache_refresh(struct store *s, struct err *e);
/** Where the series of this id stands in items; count when it is not known. */
size_t alert_position(const struct alert_cache *c, int64_t id);
/** The number of a text, made when it is new. @return 0, -ENOBUFS */
MUST_CHECK int alert_cache_word(struct alert_cache *c, str text, uint32_t *ret, struct err *e);
/** Keeps a series. @return it, or NULL: no memory */
struct series *alert_cache_add(struct alert_cache *c, int64_t id, const struct series_key *key);
static inline str series_text(const struct alert_cache *c, const struct series *x,
			      enum alert_text t)
{
	return c->words[x->key.words[t]];
}
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

/** What counters stand for: all there is (one place, 0), a day or an hour since 1970. */
enum alert_span { ALERT_SPAN_ALL, ALERT_SPAN_DAY, ALERT_SPAN_HOUR };

/** Adds cells, in any order, to the counters. Inside a transaction that holds the lock "alerts"; the cache knows their series. */
MUST_CHECK int alert_counts_add(struct store *s, struct alert_cell *cells, size_t count,
				struct err *e);
/** Moves what was counted before @p hour to where past hours are counted. Inside such a transaction. */
MUST_CHECK int alert_counts_settle(struct store *s, int64_t hour, struct err *e);
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
	uint32_t *
		missed; /**< by position in cache->items: bits 1 << facet that do not hold; ALERT_HIDDEN: scope */
	size_t matching;  /**< how many miss nothing */
	bool all;         /**< every series, whatever it is, matches */
	bool by_priority; /**< nothing but the priority decides */
};

#define ALERT_HIDDEN (1U << 31)

MUST_CHECK int alert_match_series(struct store *s, const struct alert_filter *f, struct arena *a,
				  struct alert_match *ret, struct err *e);
/**
 * Runs a statement on a day's table, in which {table} stands.
 * @return 0, -ENOENT the day was dropped meanwhile, or as sql_query()
 */
MUST_CHECK int alert_day_query(struct store *s, const struct partition_table *t, int64_t day,
			       const char *statement, const struct sql_value *values, size_t count,
			       struct sql_rows **ret, struct err *e);

/** Reads the documents of @p count alerts into their `doc`. */
MUST_CHECK int alert_docs_fetch(struct store *s, struct alert_hit *hits, size_t count,
				struct arena *a, struct err *e);
/** Whether @p text contains @p word, letters of ASCII without case. */
bool alert_text_has(str text, str word);

bool alert_in_scope(const struct alert_cache *c, int64_t series, const struct scope *scope);

#endif

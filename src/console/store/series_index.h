/** @file
 * The series of alerts a process knows (alerts.h): one table for all its stores, which each read through a view of their own.
 *
 * The store stays the truth. A table holds what is committed there and only grows: nothing in it moves or changes, so what a view
 * covers is read without a lock. Adding, and finding by texts, are done under one mutex, for less than a microsecond at a time and
 * never over a call to the store. What a transaction makes is its own view's (*fresh*) until it is committed and read like anybody's.
 * When the store forgets series (its epoch) another table is begun; the old one goes with the last view of it.
 *
 * Memory: 62 to 68 bytes a series, and a text's own bytes and 30 to 45 more, once however many series have it: 300,000 series of
 * 20,000 texts take some 22 MB. Beyond the bounds nothing is made any more; what the store holds already is read all the same.
 */
#ifndef SKEP_CONSOLE_STORE_SERIES_INDEX_H
#define SKEP_CONSOLE_STORE_SERIES_INDEX_H

#include "base/map.h"
#include "console/store/alerts.h"

/** What all series may take together: names that agents make up are long, too. */
#define SERIES_BYTES_MAX ((size_t)96 << 20)

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
	uint32_t priority; /**< enum alert_priority */
};

struct series {
	int64_t id;
	struct series_key key;
};

struct series_index;
struct series_table;

/**
 * @param series, bytes  more are not made; 0: ALERT_SERIES_MAX, SERIES_BYTES_MAX
 * @param ret            freed by series_index_free()
 * @return 0, -ENOMEM
 */
MUST_CHECK int series_index_new(size_t series, size_t bytes, struct series_index **ret,
				struct err *e);
/** Once no view is left. */
void series_index_free(struct series_index *x);

struct series_figures {
	size_t series, texts, bytes;
	/** Series let go with their table because the store forgot some; those it still has were read again. */
	uint64_t evicted;
	uint64_t refused; /**< alerts whose series was not made, for there was no room */
};

/** Of any thread. */
void series_index_read(struct series_index *x, struct series_figures *ret);

/** What one store sees. Zeroed but for the index it is of none yet. */
struct series_view {
	struct series_index *index;
	struct series_table *table; /**< held; NULL: none */
	int64_t epoch, last_id;
	struct series *const *series; /**< in pieces, by id, ascending */
	str *const *words;            /**< in pieces, by number */
	size_t count, word_count;
	struct arena arena;
	struct series **fresh; /**< made by the transaction that is open, in the arena */
	size_t fresh_count, fresh_cap;
	size_t stored; /**< how many of them have their row */
	struct map fresh_by_key;
};

/**
 * Looks at the table of @p epoch, or of a later one, as it is now, begun when there is none. Forgets what is fresh.
 * @return 0, -ENOMEM
 */
MUST_CHECK int series_view_hold(struct series_view *v, int64_t epoch, struct err *e);
/** Forgets what is fresh. */
void series_view_forget(struct series_view *v);
/** Lets the table go: of a view nothing that was read lives on. */
void series_view_drop(struct series_view *v);

/** Tells of a committed series. Ids ascend; what is known is passed over. @param priority below PRIORITY_COUNT @return 0, -ENOBUFS */
MUST_CHECK int series_view_add(struct series_view *v, int64_t id, uint32_t priority,
			       const str texts[ALERT_TEXT_COUNT], struct err *e);

/**
 * The series of these texts; one that is not known yet is made, fresh, with the next id: the caller holds what keeps everybody else
 * from making any.
 *
 * @param always  make it where there is no room, too
 * @return 1, 0 it is not known and there is no room, -ENOBUFS
 */
MUST_CHECK int series_view_find(struct series_view *v, const struct alert_series *of, bool always,
				const struct series **ret, struct err *e);

/** The number of a text any series may have. @return whether there is one */
bool series_view_word(const struct series_view *v, str text, uint32_t *ret);

enum { SERIES_PIECE = 1024 };

static inline size_t series_count(const struct series_view *v)
{
	return v->count + v->fresh_count;
}
/** @param at below series_count() */
static inline const struct series *series_at(const struct series_view *v, size_t at)
{
	return at < v->count ? &v->series[at / SERIES_PIECE][at % SERIES_PIECE]
			     : v->fresh[at - v->count];
}
/** @param no below word_count */
static inline str series_word(const struct series_view *v, size_t no)
{
	return v->words[no / SERIES_PIECE][no % SERIES_PIECE];
}
static inline str series_text(const struct series_view *v, const struct series *x,
			      enum alert_text t)
{
	return series_word(v, x->key.words[t]);
}
/** Where the series of this id stands; series_count() when it is not known. */
size_t series_position(const struct series_view *v, int64_t id);

#endif

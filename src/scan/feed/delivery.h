/** @file
 * What every importer hands on goes through here: claims and facts are completed, checked and counted out to the sink.
 *
 * A claim that lacks its namespace, package or vulnerability, or whose text is no such thing (control characters,
 * absurd lengths), never reaches the sink: it is reported as unreadable.
 */
#ifndef SKEP_SCAN_FEED_DELIVERY_H
#define SKEP_SCAN_FEED_DELIVERY_H

#include "codec/value.h"
#include "scan/feed/feed.h"

/** Longest name, version, id or list of architectures that is believed. */
#define DELIVERY_TEXT_MAX 1024
/** Longest list of products. */
#define DELIVERY_LIST_MAX 32768

/** One file on its way through one importer. */
struct delivery {
	str path;
	str origin; /**< the format's name */
	struct arena *arena;
	const struct feed_sink *sink;
	struct err *e;
	size_t *passed_over; /**< counts what delivery_pass_over() is told; NULL where nothing is */
};

/** Normalises the package's name for its namespace, sets the origin and delivers. @return 0, -ENOBUFS, the sink's error */
MUST_CHECK int delivery_claim(const struct delivery *d, const struct claim *c);

/** Delivers a fact; without an id it is unreadable. Start from DELIVERY_FACT. @return 0 or the sink's error */
MUST_CHECK int delivery_fact(const struct delivery *d, const struct vulnerability *v);

/** A fact that says nothing yet: its unknown numbers are negative. */
#define DELIVERY_FACT ((struct vulnerability){ .epss = -1, .epss_percentile = -1 })

/** Adds a vector or a score to a fact; nothing when there is no room or neither is given. */
void delivery_cvss(struct vulnerability *v, str source, str vector, float score);

/** Reports a record; @p record names it inside the file, may be empty. */
void delivery_unreadable(const struct delivery *d, str record, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/** Counts a record that is understood but about something that is not matched: a product, an extended stream. */
void delivery_pass_over(const struct delivery *d);

/** At the end of a file: reports how many records were passed over as one unreadable record. @p what "lines about ..." */
void delivery_tell_passed_over(const struct delivery *d, const char *what);

/** Tells how current the file is; nothing when @p date is empty. */
void delivery_as_of(const struct delivery *d, str date);

/** -ENOBUFS with the usual sentence. */
int delivery_spent(const struct delivery *d);

/**
 * Parses a document with json_parse() or yaml_parse(): malformed text is reported as unreadable, not returned.
 *
 * @return 1 parsed, 0 unreadable (reported), -ENOBUFS
 */
MUST_CHECK int delivery_json(const struct delivery *d, str record, str text, struct value *ret);
MUST_CHECK int delivery_yaml(const struct delivery *d, str text, struct value *ret);

#endif

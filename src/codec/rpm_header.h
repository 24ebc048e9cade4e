/** @file
 * Reads rpm header blobs as the databases store them (rpm's doc/manual/format_header.md): a count of index entries and
 * of data bytes, the entries, the data. Numbers are big-endian.
 *
 * Input is hostile: nothing is allocated or copied, every string lies inside the blob, and an entry that does not fit
 * is counted instead of used. Where a tag stands twice the later entry counts, as it does for rpm: entries added after
 * the signed region replace those inside it.
 */
#ifndef SKEP_CODEC_RPM_HEADER_H
#define SKEP_CODEC_RPM_HEADER_H

#include "base/err.h"
#include "base/str.h"

/** X(id, number, what its values are): the tags we read (rpm's include/rpm/rpmtag.h) */
#define RPM_TAGS(X) \
	X(IMMUTABLE, 63, BYTES) \
	X(SHA256HEADER, 273, TEXT) \
	X(NAME, 1000, TEXT) \
	X(VERSION, 1001, TEXT) \
	X(RELEASE, 1002, TEXT) \
	X(EPOCH, 1003, NUMBERS) \
	X(VENDOR, 1011, TEXT) \
	X(LICENSE, 1014, TEXT) \
	X(ARCH, 1022, TEXT) \
	X(OLDFILENAMES, 1027, TEXT) \
	X(FILEMODES, 1030, NUMBERS) \
	X(SOURCERPM, 1044, TEXT) \
	X(DIRINDEXES, 1116, NUMBERS) \
	X(BASENAMES, 1117, TEXT) \
	X(DIRNAMES, 1118, TEXT) \
	X(MODULARITYLABEL, 5096, TEXT)

enum rpm_tag {
#define RPM_TAG_ENUM(id, number, values) RPM_TAG_##id = (number),
	RPM_TAGS(RPM_TAG_ENUM)
#undef RPM_TAG_ENUM
};

struct rpm_header {
	str index;          /**< 16 bytes an entry */
	str data;           /**< what the entries' offsets count from */
	size_t bad_entries; /**< of the wrong type, or not inside the data */
};

/** @return 0, or -EBADMSG: the sizes do not add up to the blob's */
MUST_CHECK int rpm_header_parse(str blob, struct rpm_header *ret, struct err *e);

/**
 * Whether the header is as its builder made it: false when it carries a SHA-256 digest of its immutable region that
 * does not match (rpm then refuses it). Headers without a digest pass.
 */
bool rpm_header_is_genuine(const struct rpm_header *h);

/** A string tag, or the first of several; empty when there is none. */
str rpm_header_str(const struct rpm_header *h, enum rpm_tag tag);

/** An array of strings, walked one by one. */
struct rpm_strings {
	str rest;
	uint32_t left;
};

/** The strings of a tag; none when it is absent. */
struct rpm_strings rpm_header_strings(const struct rpm_header *h, enum rpm_tag tag);
bool rpm_strings_next(struct rpm_strings *s, str *ret);

/** An array of 16- or 32-bit numbers. */
struct rpm_numbers {
	str bytes;
	uint32_t count;
	uint32_t width; /**< bytes of each */
};

struct rpm_numbers rpm_header_numbers(const struct rpm_header *h, enum rpm_tag tag);
/** The i-th number; i must be below count. */
uint32_t rpm_numbers_at(const struct rpm_numbers *n, uint32_t i);

#endif

/** @file
 * Reads the fields of one JSON object into a struct, checking kind and size. Internal to the room.
 *
 * An absent field is no error: it yields the empty string, 0 or false. Every function does nothing and returns the
 * first error when `error` is set already, so that a reader is a list of calls with one check at its end.
 */
#ifndef SKEP_MODEL_FIELD_PRIV_H
#define SKEP_MODEL_FIELD_PRIV_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/value.h"

#define FIELD_STR_MAX 65536

struct fields {
	const struct value *object;
	const char *what;    /**< for messages: "package", "layer", ... */
	struct arena *arena; /**< strings are copied into it */
	struct err *e;
	int error; /**< 0, -EBADMSG, -E2BIG or -ENOBUFS: latched */
};

/** Starts on @p v; an error when it is no object. */
struct fields fields_of(const struct value *v, const char *what, struct arena *a, struct err *e);

/** A string of at most @p max bytes. */
void field_str_max(struct fields *f, const char *key, size_t max, str *ret);
/** A string of at most FIELD_STR_MAX bytes. */
void field_str(struct fields *f, const char *key, str *ret);
/** A string that must be there. */
void field_str_needed(struct fields *f, const char *key, str *ret);
/** Empty, or a digest "sha256:<hex>". */
void field_digest(struct fields *f, const char *key, str *ret);
/** A path inside an image that must be there: normalised, without ".." parts. */
void field_path(struct fields *f, const char *key, str *ret);
void field_u64(struct fields *f, const char *key, uint64_t *ret);
void field_u32(struct fields *f, const char *key, uint32_t *ret);
void field_bool(struct fields *f, const char *key, bool *ret);

/**
 * An array; each element is to be read by the caller.
 * @return the array node (also when absent: one without elements)
 */
const struct value *field_array(struct fields *f, const char *key, size_t max);
/** An array of strings, each a path inside an image when @p paths. */
void field_strs(struct fields *f, const char *key, size_t max, bool paths, str **ret,
		size_t *ret_count);

/** Latches an error of the caller's own, or of a nested reader that has filled f->e. */
void field_fail(struct fields *f, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);
void field_check(struct fields *f, int r);

#endif

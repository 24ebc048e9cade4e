/** @file
 * Package URLs (purl-spec): pkg:type/namespace/name@version?qualifiers#subpath, in canonical form both ways.
 */
#ifndef SKEP_CODEC_PURL_H
#define SKEP_CODEC_PURL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define PURL_MAX_QUALIFIERS 16

struct purl {
	str type;      /**< lower case; never empty */
	str namespace; /**< may hold '/' between segments; empty when absent */
	str name;      /**< never empty */
	str version;   /**< empty when absent */
	str subpath;
	size_t qualifier_count;
	struct {
		str key;                   /**< lower case */
		str value;                 /**< decoded; never empty */
	} qualifiers[PURL_MAX_QUALIFIERS]; /**< sorted by key */
};

/** Decodes; strings are owned by @p a. @return 0, -EBADMSG, -E2BIG too many qualifiers, -ENOBUFS */
MUST_CHECK int purl_parse(str text, struct arena *a, struct purl *ret, struct err *e);
/** Appends the canonical text; qualifiers in key order, empty ones left out. */
void purl_render(const struct purl *p, struct buf *out);
/** Adds a qualifier in its place; nothing when @p value is empty. @return 0 or -E2BIG */
MUST_CHECK int purl_set(struct purl *p, str key, str value);
/** The qualifier's value, or the empty span. */
str purl_get(const struct purl *p, const char *key);

#endif

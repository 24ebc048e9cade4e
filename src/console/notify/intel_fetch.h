/** @file
 * Fetches a list of threat intelligence: a plain list, a STIX 2.1 bundle, or the objects of a TAXII 2.1 collection (OASIS, section
 * 5.4), page by page.
 *
 * The peer is not trusted: certificates are verified, only https is spoken, also where it leads elsewhere; sizes, pages and
 * time are bounded. Addresses are judged as those of receivers are (wire/reach.h).
 */
#ifndef SKEP_CONSOLE_NOTIFY_INTEL_FETCH_H
#define SKEP_CONSOLE_NOTIFY_INTEL_FETCH_H

#include "base/arena.h"
#include "base/err.h"
#include "wire/network.h"

#define INTEL_FETCH_MAX_BYTES (8u << 20) /**< of all pages */
#define INTEL_FETCH_MAX_PAGES 100
#define INTEL_FETCH_TAG_BYTES 256

struct intel_fetch {
	str url;                      /**< https */
	const char *ca_file;          /**< authority trusted, too, PEM; NULL: the system's */
	str authorization;            /**< of the header so called; empty: none */
	str etag, modified;           /**< of what is there already; empty: fetch it all */
	const struct networks *reach; /**< NULL: everywhere */
	bool (*is_over)(void *ctx);   /**< asked now and then: give up? */
	void *ctx;
};

struct intel_fetched {
	bool is_unchanged; /**< what is there already is what there is */
	str *pages;        /**< texts for intel_read_pages() */
	size_t count;
	str etag, modified; /**< to ask by the next time */
	str gap;            /**< why there is more than was read, for people; empty: it is whole */
};

/** Whether @p url can be fetched. @return 0, -EINVAL (the sentence says why) */
MUST_CHECK int intel_fetch_check(str url, struct err *e);

/**
 * Fetches, and waits for it, two minutes at most.
 *
 * @param a owns @p ret
 * @return 0, -EINVAL (the URL), -EPROTO (what went wrong, in words without secrets), -E2BIG, -EBADMSG (a page is no JSON),
 *         -ECANCELED (is_over), -ENOBUFS, -ENOMEM
 */
MUST_CHECK int intel_fetch(const struct intel_fetch *f, struct arena *a, struct intel_fetched *ret,
			   struct err *e);

#endif

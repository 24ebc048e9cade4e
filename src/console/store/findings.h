/** @file
 * Images, their inventories and what is wrong with them: a row for each image, vulnerability and package; facts of each
 * vulnerability once; what people accepted.
 *
 * An image is named by the digest scans know it by ("sha256:..."); asset ids are "image:" and that. Containers that
 * run an image are the present assets of kind container whose image_id names it. Functions that change things run inside
 * the caller's transaction.
 */
#ifndef SKEP_CONSOLE_STORE_FINDINGS_H
#define SKEP_CONSOLE_STORE_FINDINGS_H

#include "console/store/scope.h"
#include "console/store/store.h"
#include "model/gap.h"
#include "model/vulnerability.h"

#define INVENTORY_MAX (64 << 20)

enum layer_owner { OWNER_UNKNOWN, OWNER_BASE, OWNER_APPLICATION };

/** A vulnerability's facts as the store keeps them. */
struct stored_vulnerability {
	str id, title, description;
	str published;  /**< RFC 3339 or a date; empty: not known */
	str references; /**< URLs separated by blanks */
	str aliases;    /**< separated by blanks */
	enum severity severity;
	double score;                 /**< CVSS, 0 to 10; negative: none */
	double epss, epss_percentile; /**< 0 to 1; negative: not known */
	str kev_added;                /**< date; empty: not known to be exploited */
	bool kev;
};

struct stored_finding {
	str vulnerability;
	str package, version, type, path; /**< type: deb, npm, ...; path: where it was found */
	str fixed;                        /**< version that mends it; empty: none */
	enum fix_state state;
	enum severity severity;
	double score, risk; /**< negative: none */
	str layer; /**< image_layer_name() of the layer that brought it; empty: not known */
	/* Set by the store. */
	enum layer_owner owner;
	bool accepted;
	bool kev;
	double epss;
};

/** An image and what a scan said of it. */
struct stored_image {
	str digest;
	str references; /**< separated by blanks */
	str os;
	int64_t bytes;
	int64_t layers, packages;
	int64_t scanned_ns;  /**< 0: not yet */
	str scan_error;      /**< why the last scan failed; empty: it did not */
	int64_t failed_ns;   /**< when */
	int64_t database_ns; /**< age of the database it was matched with; 0: not matched */
	/* Set by the store where it reads: what is not accepted; of each vulnerability the worst package counts, once. */
	int64_t counts[SEVERITY_COUNT];
	int64_t fixable, kev, accepted, running;
	/** Of the last match: what could not be judged, and how much of that for want of advisories. */
	int64_t gap_count, unjudged;
	/** Of registries that have it: 1 << promotion_stage (registry_tags.h). */
	unsigned int stages;
	str base; /**< the base image it is built on (image_layers.h); empty: none is known */
	int64_t base_layers; /**< how many of the lowest layers are a base image's; 0: not known */
};

/** Makes an image known, or brings references, os, size up to date; what a scan said stays. */
MUST_CHECK int images_put(struct store *s, const struct stored_image *i, int64_t now_ns,
			  struct err *e);
/** Stores an image's inventory (JSON, compressed here) as a scan made it; its findings follow. -E2BIG over the bound */
MUST_CHECK int images_put_inventory(struct store *s, str digest, str inventory, int64_t packages,
				    int64_t layers, str os, int64_t scanned_ns, struct err *e);
MUST_CHECK int images_put_scan_error(struct store *s, str digest, str why, int64_t now_ns,
				     struct err *e);
/** Ids of the vulnerabilities of an image, each once. */
MUST_CHECK int images_vulnerabilities(struct store *s, str digest, struct arena *a, str **ret,
				      size_t *ret_count, struct err *e);
/** @return 0, -ENOENT there is none */
MUST_CHECK int images_inventory(struct store *s, str digest, struct buf *out, struct err *e);
/**
 * Digests that wait: those never scanned (and whose scan did not fail), or, without @p only_unscanned, those scanned but not
 * matched with the database of @p database_ns.
 */
MUST_CHECK int images_waiting(struct store *s, int64_t database_ns, bool only_unscanned, size_t max,
			      struct arena *a, str **ret, size_t *ret_count, struct err *e);

/** Makes exactly these the findings of an image, as matched with the database of that age; and keeps the facts. */
MUST_CHECK int findings_replace(struct store *s, str digest, const struct stored_finding *findings,
				size_t count, const struct stored_vulnerability *facts,
				size_t fact_count, int64_t database_ns, struct err *e);

/** Keeps what matching could not judge, beside the findings: no finding of an image nobody could judge says nothing. */
MUST_CHECK int images_put_gaps(struct store *s, str digest, const struct gap_list *gaps,
			       struct err *e);
/** @return 0 (@p ret may be empty), -ENOENT, -EBADMSG or -E2BIG what is kept is none, -ENOBUFS */
MUST_CHECK int images_gaps(struct store *s, str digest, struct arena *a, struct gap_list *ret,
			   struct err *e);

/** What lists of images are sorted by; by risk the worst is first, by others the least. */
enum image_sort {
	IMAGE_BY_RISK,
	IMAGE_BY_NAME,
	IMAGE_BY_SIZE,
	IMAGE_BY_SCANNED,
	IMAGE_BY_RUNNING,
	IMAGE_BY_FIXABLE
};

struct image_filter {
	const struct scope *
		scope; /**< NULL shows nothing; asks about references, and namespaces its containers are in */
	str text;            /**< words of references or digest */
	unsigned severities; /**< bits: has one of these that is not accepted; 0: any */
	int running;         /**< 1 only those that run, 0 only others, -1 any */
	enum image_sort sort;
	bool descending; /**< the other way round; nothing by risk */
	unsigned
		stages; /**< bits 1 << promotion_stage: a registry has it at one of these; 0: any */
	bool (*holds)(void *ctx, const struct stored_image *i); /**< NULL: none */
	void *ctx;
};

struct image_page {
	struct stored_image *items;
	size_t count;
	str next; /**< cursor; empty: this is the last */
};

MUST_CHECK int images_page(struct store *s, const struct image_filter *f, str cursor, size_t limit,
			   struct arena *a, struct image_page *ret, struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int images_get(struct store *s, const struct scope *scope, str digest, struct arena *a,
			  struct stored_image *ret, struct err *e);
/** What findings of an image are sorted by; by risk the worst is first, by others the least. */
enum finding_sort {
	FINDING_BY_RISK,
	FINDING_BY_SEVERITY,
	FINDING_BY_VULNERABILITY,
	FINDING_BY_PACKAGE,
	FINDING_BY_EPSS
};

struct finding_filter {
	str text;            /**< part of the vulnerability's or the package's name; empty: any */
	unsigned severities; /**< bits; 0: any */
	unsigned owners;     /**< bits 1 << layer_owner; 0: any */
	int kev, fixable;    /**< 1 only those, 0 only others, -1 any */
	enum finding_sort sort;
	bool descending; /**< the other way round; nothing by risk */
};

struct finding_page {
	struct stored_finding *items;
	size_t count;
	str next; /**< cursor; empty: this is the last */
};

/** The findings of an image; equal ones the worst first. However many there are, it takes the memory of a page. @return 0, -EINVAL the cursor is not of such a list, -ENOBUFS */
MUST_CHECK int findings_page(struct store *s, str digest, const struct finding_filter *f,
			     str cursor, size_t limit, struct arena *a, struct finding_page *ret,
			     struct err *e);
/** Those of an image by risk, the worst first and what is accepted last, @p max at most. */
MUST_CHECK int findings_worst(struct store *s, str digest, size_t max, struct arena *a,
			      struct stored_finding **ret, size_t *ret_count, struct err *e);

/** As image_sort. */
enum vulnerability_sort {
	VULNERABILITY_BY_RISK,
	VULNERABILITY_BY_ID,
	VULNERABILITY_BY_SEVERITY,
	VULNERABILITY_BY_SCORE,
	VULNERABILITY_BY_EPSS,
	VULNERABILITY_BY_IMAGES,
	VULNERABILITY_BY_RUNNING,
	VULNERABILITY_BY_PUBLISHED,
	VULNERABILITY_BY_KEV /**< not known to be exploited, then by when that became known */
};

struct vulnerability_filter {
	const struct scope *scope;
	str text;            /**< words of id, title, package */
	unsigned severities; /**< bits; 0: any */
	int kev, fixable;    /**< 1 only those, 0 only others, -1 any */
	int accepted;        /**< 1 accepted everywhere, 0 not everywhere, -1 any */
	enum vulnerability_sort sort;
	bool descending; /**< the other way round; nothing by risk */
};

/** A vulnerability and where it is. */
struct vulnerability_row {
	struct stored_vulnerability
		v; /**< description and references only from vulnerabilities_get() */
	int64_t images, containers; /**< that have it: containers that run */
	int64_t accepted;           /**< images in which it is accepted */
	bool fixable;
};

struct vulnerability_page {
	struct vulnerability_row *items;
	size_t count;
	str next;
};

MUST_CHECK int vulnerabilities_page(struct store *s, const struct vulnerability_filter *f,
				    str cursor, size_t limit, struct arena *a,
				    struct vulnerability_page *ret, struct err *e);
MUST_CHECK int vulnerabilities_get(struct store *s, const struct scope *scope, str id,
				   struct arena *a, struct vulnerability_row *ret, struct err *e);

/** Where a vulnerability is: one row an image and package. */
struct affected {
	str image, references;
	struct stored_finding finding;
	int64_t containers;
};

MUST_CHECK int vulnerabilities_affected(struct store *s, const struct scope *scope, str id,
					size_t max, struct arena *a, struct affected **ret,
					size_t *ret_count, struct err *e);

struct heat_row {
	str key, name; /**< digest and reference, or namespace */
	int64_t counts[SEVERITY_COUNT], kev;
	/** images of it of which not all is known: not scanned yet, or no advisories for some of what they hold */
	int64_t unjudged;
};

/** What burns where: vulnerabilities in use, not accepted, by image or by namespace, the hottest first. */
MUST_CHECK int vulnerabilities_heat(struct store *s, const struct scope *scope, bool by_namespace,
				    size_t max, struct arena *a, struct heat_row **ret,
				    size_t *ret_count, struct err *e);

struct findings_summary {
	int64_t counts
		[SEVERITY_COUNT]; /**< vulnerabilities of images in use, each once, not accepted */
	int64_t kev, fixable, accepted;
	int64_t images, scanned, waiting; /**< images in use */
	int64_t unjudged; /**< of those scanned: the database has no advisories for some of what they hold */
};

MUST_CHECK int findings_summary(struct store *s, const struct scope *scope,
				struct findings_summary *ret, struct err *e);

struct acceptance {
	int64_t id;
	str vulnerability;
	str image; /**< digest, or the beginning of a reference followed by '*'; empty: everywhere */
	str reason, approver;
	int64_t created_ns;
	int64_t expires_ns; /**< 0: never */
};

/** Accepts a risk; images it touches are counted anew. */
MUST_CHECK int acceptances_add(struct store *s, const struct acceptance *x, int64_t *ret_id,
			       struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int acceptances_remove(struct store *s, int64_t id, struct err *e);
MUST_CHECK int acceptances_get(struct store *s, int64_t id, struct arena *a, struct acceptance *ret,
			       struct err *e);
/** Of a vulnerability; of all when @p vulnerability is empty. */
MUST_CHECK int acceptances_list(struct store *s, str vulnerability, size_t max, struct arena *a,
				struct acceptance **ret, size_t *ret_count, struct err *e);
/** Ends those whose time is over and counts anew. Makes its own transactions. @return how many ended */
MUST_CHECK int acceptances_expire(struct store *s, int64_t now_ns, struct err *e);

#endif

/** @file
 * Definitions of the Open Vulnerability and Assessment Language as rpm distributions publish them: a tree of criteria
 * whose leaves say "PACKAGE is earlier than EVR" or "PACKAGE is installed".
 *
 * The caller builds the tree, from XML or from JSON made of it; this module makes the claims. What a leaf means is
 * taken from the test it refers to where the caller resolved it, else from its comment.
 */
#ifndef SKEP_SCAN_FEED_OVAL_H
#define SKEP_SCAN_FEED_OVAL_H

#include "base/map.h"
#include "scan/feed/delivery.h"
#include "scan/feed/ids.h"

struct oval_criteria {
	struct oval_criteria *parent;
	str platform; /**< "Oracle Linux 7 is installed" among its leaves */
	str module;   /**< "Module nodejs:12 is enabled" among its leaves */
	str arch;     /**< "Oracle Linux arch is x86_64" among its leaves */
	str flavour;  /**< "ksplice" or "fips": the packages are of a repository of their own */
};

struct oval_leaf {
	struct oval_leaf *next;
	struct oval_criteria *criteria; /**< it stands in */
	str comment;
	str test; /**< id of the test; empty */
	/* As the test says; empty package: not resolved. */
	str package, evr, operation, arch;
};

struct oval_definition {
	str id;
	str title;
	str description;
	str severity;
	str platform; /**< "Red Hat Enterprise Linux 8"; of several the first that is known */
	str namespace; /**< when the caller knows better; else told by platform, leaves and versions */
	str advisory; /**< RHSA-2020:4751, ELSA-..., SUSE-SU-... */
	str products; /**< Red Hat's CPEs it is about, space-separated */
	str state;    /**< Red Hat's resolution: "Will not fix", ... */
	str published;
	struct ids cves;
	bool unaffected; /**< lists what is not affected */
	struct oval_leaf *first, *last;
};

/** A test, an object or a state. */
struct oval_part {
	str object, state;        /**< ids, of a test */
	str name;                 /**< of an object: the package */
	str evr, operation, arch; /**< of a state */
};

/** Tells the leaf what its test says, where @p parts (by id) hold the test and its object. */
void oval_resolve(const struct map *parts, struct oval_leaf *leaf);

/** Appends a leaf; what its comment tells of module, architecture and platform is noted. NULL when the arena is spent. */
MUST_CHECK struct oval_leaf *oval_add_leaf(struct arena *a, struct oval_definition *def,
					   struct oval_criteria *criteria, str comment);

/** Notes a reference: CVE ids go to the set, an advisory's id becomes the definition's. @return 0 or -ENOBUFS */
MUST_CHECK int oval_add_reference(struct oval_definition *def, str id);

/** Notes a CPE of Red Hat the definition is about. @return 0 or -ENOBUFS */
MUST_CHECK int oval_add_product(struct arena *a, struct oval_definition *def, str cpe);

/** What delivery_pass_over() counts here: the importer tells it at the end of the file. */
#define OVAL_PASSED_OVER "packages of ksplice or FIPS builds whose versions do not show it"

/** Delivers the claims and, for a single CVE, the facts. @return 0, -ENOBUFS or the sink's error */
MUST_CHECK int oval_deliver(const struct delivery *d, const struct oval_definition *def);

#endif

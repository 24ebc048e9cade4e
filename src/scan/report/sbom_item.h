/** @file
 * One package on its way out of an SBOM: what the standard's fields, the properties of known tools and the package URL
 * say of it, put together by one set of rules.
 */
#ifndef SKEP_SCAN_REPORT_SBOM_ITEM_H
#define SKEP_SCAN_REPORT_SBOM_ITEM_H

#include "base/limits.h"
#include "base/map.h"
#include "model/inventory.h"

/** What is gathered while a document is read. */
struct sbom_reader {
	struct arena *a;
	const struct limits *limits;
	struct inventory *inventory;
	size_t package_cap, layer_cap, tag_cap;
	struct map layers;    /**< by diff id or digest: index + 1 */
	struct map distros;   /**< "id version" of purl qualifiers: struct sbom_distro */
	struct map seen;      /**< packages already taken, by purl and path */
	struct map described; /**< SPDX: ids of what the document is about */
	bool os_given;        /**< the document has a component for the operating system */
};

struct sbom_distro {
	str id, version;
	size_t packages;
};

struct sbom_item {
	struct package p; /**< fields given in so many words */
	str purl;
	str source_epoch, source_release; /**< parts of p.source_version, as trivy splits it */
	str source_rpm;                   /**< "name-version-release.src.rpm" */
	str layer_digest, layer_diff_id;
};

/**
 * Takes one "key: value" of a tool: "skep:...", "aquasecurity:trivy:..." and "syft:..." names; others are ignored.
 */
void sbom_item_fact(struct sbom_item *item, str key, str value);

/** A fact of the operating system: "skep:os:..." and "syft:distro:..." names. */
void sbom_os_fact(struct os *os, str key, str value);
/** The id os-release(5) gives a distribution that tools call by @p name: "redhat" is rhel, "amazon" is amzn. */
str sbom_os_id(struct arena *a, str name);

/**
 * Completes the item from its purl and adds it to the inventory. One that cannot be identified becomes a gap.
 *
 * @return 0, -E2BIG more packages than the limit, -ENOBUFS
 */
MUST_CHECK int sbom_item_add(struct sbom_reader *r, struct sbom_item *item, struct err *e);

/** After the last item: the operating system from purls when the document did not say, layers, order. */
MUST_CHECK int sbom_finish(struct sbom_reader *r, struct err *e);

/** The index of a layer, made when new. @return 0, -ENOBUFS */
MUST_CHECK int sbom_layer(struct sbom_reader *r, str digest, str diff_id, uint32_t *ret);

#endif

/** @file
 * What the two SBOM renderers share: each fact of a package under its key, names that are unique in the document, and
 * an identifier that follows from the content.
 */
#ifndef SKEP_SCAN_REPORT_SBOM_WRITE_H
#define SKEP_SCAN_REPORT_SBOM_WRITE_H

#include "scan/report/report_priv.h"

#define SBOM_UUID_BYTES 37

/** Called for each fact that is there; @p value is never empty. */
typedef void sbom_fact(void *ctx, const char *key, str value);

/** The facts of a package, names and versions apart: keys of PACKAGE_FIELDS and of sbom_names.h. */
void sbom_write_package(const struct view *v, const struct package *p, sbom_fact *fact, void *ctx);
/** The facts of the operating system: keys of OS_FIELDS. */
void sbom_write_os(const struct os *os, sbom_fact *fact, void *ctx);

/**
 * A reference for each package, unique in the document: its purl where no other package has the same.
 * @return array owned by the view's arena, NULL when memory is gone
 */
str *sbom_write_refs(const struct view *v);

/** A UUID (RFC 9562, version 8) made of what the document says: the same document, the same UUID. */
void sbom_write_uuid(const struct view *v, const char *kind, char ret[SBOM_UUID_BYTES]);

/** The report's time as "YYYY-MM-DDThh:mm:ssZ"; the epoch when it has none. */
str sbom_write_time(const struct view *v);

#endif

/** @file
 * Reads the content manifests of Red Hat's images, root/buildinfo/content_manifests/NAME.json and, in newer ones,
 * usr/share/buildinfo/content-sets.json: which repositories ("content sets") the packages of a layer were installed
 * from. Input is hostile.
 */
#ifndef SKEP_SCAN_PACKAGE_CONTENT_MANIFEST_H
#define SKEP_SCAN_PACKAGE_CONTENT_MANIFEST_H

#include "base/arena.h"
#include "base/err.h"

enum { CONTENT_MANIFEST_MAX_BYTES = 60000 };

/**
 * The content sets, joined by blanks in document order.
 *
 * @return 0 (empty when the document names none), -EBADMSG not such a document, -E2BIG over CONTENT_MANIFEST_MAX_BYTES,
 *         -ENOBUFS
 */
MUST_CHECK int content_manifest_parse(str text, struct arena *a, str *ret, struct err *e);

#endif

/** @file
 * Layers, lowest first, to what a container sees: OCI image-spec, layer.md.
 *
 * A layer's whiteouts, opaque folders, links and other non-folders hide evidence of the layers below it, never its own.
 * Of a path seen in several layers the topmost counts. A package belongs to the lowest layer from which on it was in
 * the database at that path without a break, in that very version.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_MERGE_H
#define SKEP_SCAN_LAYER_LAYER_MERGE_H

#include "model/inventory.h"

/**
 * Fills v->os, v->packages (namespace, layer, owned files, content sets, purl; sorted) and adds to v->gaps.
 *
 * @param layers pointers may be NULL for layers that are missing; strings are borrowed from them
 * @return 0, or -ENOBUFS
 */
MUST_CHECK int layer_merge(const struct layer *const *layers, size_t count, struct arena *a,
			   struct inventory *v, struct err *e);

#endif

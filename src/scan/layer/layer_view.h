/** @file
 * The merged view while layers are laid one over the other: which evidence and which links are visible.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_VIEW_H
#define SKEP_SCAN_LAYER_LAYER_VIEW_H

#include "base/map.h"
#include "model/layer.h"

struct view_file {
	const struct evidence *evidence;
	uint32_t layer;   /**< that wrote this file */
	struct map since; /**< package key -> index of its layer plus one, as a pointer */
	bool hidden;
};

struct view_link {
	const struct layer_link *link;
	uint32_t layer;
	bool hidden;
};

struct layer_view {
	struct arena *arena;
	struct view_file *files;
	size_t file_count, file_cap;
	struct map at; /**< path -> index into files plus one, as a pointer */
	struct view_link *links;
	size_t link_count, link_cap;
	struct map link_at; /**< path -> index into links plus one, as a pointer */
};

void layer_view_init(struct layer_view *v, struct arena *a);
/** Lays the next layer over the view. @return 0, or -ENOBUFS */
MUST_CHECK int layer_view_apply(struct layer_view *v, const struct layer *l, uint32_t index,
				struct err *e);
/** Index of the layer that @p p of @p f is attributed to. */
uint32_t layer_view_since(const struct view_file *f, const struct package *p, struct arena *a);
/** Where @p path leads once all visible links on its way are followed; p NULL after too many. */
str layer_view_resolve(const struct layer_view *v, str path);

#endif

/** @file
 * The files of an OCI layout, or of a content store laid out like one, below a folder.
 */
#ifndef SKEP_SCAN_SOURCE_LAYOUT_FOLDER_PRIV_H
#define SKEP_SCAN_SOURCE_LAYOUT_FOLDER_PRIV_H

#include "scan/source/image_store.h"

struct layout_folder {
	int root;
	int *fds; /**< of layers, closed at the end */
	size_t fd_count, fd_cap;
	struct arena *arena;
};

/** As struct image_store has it; @p ctx is a struct layout_folder. */
MUST_CHECK int layout_folder_text(void *ctx, str path, struct arena *a, str *ret, struct err *e);
MUST_CHECK int layout_folder_layer(void *ctx, str path, struct layer_job *job, struct err *e);
void layout_folder_done(struct layout_folder *f);

#endif

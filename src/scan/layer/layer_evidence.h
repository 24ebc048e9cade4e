/** @file
 * What one layer tells, while it is being read: evidence by path, the last entry of a path winning as it does when
 * the layer is unpacked; and what hides evidence of the layers below.
 *
 * Only paths that matter to package databases are kept, so a layer of any number of other files takes no memory.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_EVIDENCE_H
#define SKEP_SCAN_LAYER_LAYER_EVIDENCE_H

#include "base/limits.h"
#include "base/map.h"
#include "model/layer.h"

struct layer_held;

struct layer_evidence {
	struct arena *arena;
	const struct limits *limits;
	struct layer *layer;
	struct map at;     /**< path -> struct evidence */
	struct map hiding; /**< paths already among the blockers or links */
	/** databases whose companion may still come, newest first; malloc'd */
	struct layer_held *held;
	uint64_t held_bytes;
	size_t found; /**< files taken so far */
	bool spent;   /**< the memory budget is gone: said once */
};

void layer_evidence_init(struct layer_evidence *v, struct layer *layer, const struct limits *l,
			 struct arena *a);
void layer_evidence_done(struct layer_evidence *v);

/** Whether @p path is wanted, or the companion of a wanted database. */
bool layer_evidence_wants(str path, enum evidence_kind *ret_kind, struct arena *a);

/** A wanted file was read. @p bytes may go afterwards. */
void layer_evidence_add(struct layer_evidence *v, enum evidence_kind kind, str path, str bytes);
/** A hard link at a wanted path: the same file as @p target, earlier in this layer. */
void layer_evidence_link(struct layer_evidence *v, enum evidence_kind kind, str path, str target);
/** Something that is no folder, or that was not read, stands at a path that matters. */
void layer_evidence_block(struct layer_evidence *v, str path);
/** A symbolic link stands at a path that matters. */
void layer_evidence_symlink(struct layer_evidence *v, str path, str target);
void layer_evidence_whiteout(struct layer_evidence *v, str path);
void layer_evidence_opaque(struct layer_evidence *v, str folder);
/** Reads the held databases and moves all evidence into the layer. */
void layer_evidence_finish(struct layer_evidence *v);

#endif

/** @file
 * Feeds the files of a folder that tell something about packages to a worker, as a tar stream.
 *
 * Only folders on the way to package databases are looked into and only wanted files are opened, all with links
 * resolved inside the root (but see is_layer). Nothing is parsed here. Devices and pipes are never opened for reading.
 */
#ifndef SKEP_SCAN_SOURCE_TREE_FEED_H
#define SKEP_SCAN_SOURCE_TREE_FEED_H

#include "base/limits.h"

struct err;

struct tree_feed {
	int root; /**< descriptor of the folder */
	const struct limits *limits;
	/**
	 * One layer as overlayfs keeps it: links, what it deletes (whiteouts) and what folders it replaced are told as a layer's tar does;
	 * else links are followed. Without tar_split replaced folders are known by an attribute that only CAP_SYS_ADMIN may see.
	 */
	bool is_layer;
	bool is_above; /**< is_layer: there are layers below that it may hide something of */
	int tar_split; /**< is_layer: descriptor of what the engine kept of its archive (LAYER_TAR_SPLIT); -1: none */
};

/** A layer_feed; @p ctx is a struct tree_feed. @return 0, 1 with what could not be read, or the errno of writing */
int tree_feed_run(void *ctx, int fd, struct err *e);

#endif

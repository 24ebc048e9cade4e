/** @file
 * Reads one image, within limits of memory and time, and writes what it holds as the `inventory` record of doc/formats/agent-protocol.md.
 */
#ifndef SKEP_SCAN_SOURCE_SCAN_IMAGE_H
#define SKEP_SCAN_SOURCE_SCAN_IMAGE_H

#include "scan/source/source.h"

/** How the file of an image that could not be read begins. */
#define SCAN_IMAGE_FAILED "{\"error\":"

struct scan_image_task {
	const char *image;  /**< "sha256:...", the name the record gives it */
	const char *target; /**< as source_read_image() takes it */
	const char *file;   /**< to write, one line */
	const struct scan_options *options;
	/**
	 * How many of the lowest layers are a base image's, as the caller knows base images; 0: not known. Where that is less
	 * than what the first instruction tells, the latter counts. May be NULL.
	 */
	size_t (*base_layers)(void *ctx, const struct inventory *v);
	void *ctx;
	int nice; /**< 0 to 19: how far others' work goes before */
};

/** For a process of its own. What goes wrong is written to the file. Its cache of layers is kept within bounds. @return 0, -errno of the file */
MUST_CHECK int scan_image(const struct scan_image_task *t);
/** Writes that an image could not be read. */
MUST_CHECK int scan_image_failed(const char *image, const char *why, const char *file);

#endif

/** @file
 * Reads one image of an engine and writes what it holds as the `inventory` record of doc/formats/agent-protocol.md.
 */
#ifndef SKEP_PROG_AGENT_SCAN_IMAGE_H
#define SKEP_PROG_AGENT_SCAN_IMAGE_H

#include "base/err.h"

/** How the file of an image that could not be read begins. */
#define SCAN_IMAGE_FAILED "{\"error\":"

struct scan_image_task {
	const char *image;  /**< "sha256:..." */
	const char *engine; /**< its socket */
	const char *cache;  /**< of layers */
	const char *file;   /**< to write, one line */
};

/** For a process of its own. What goes wrong is written to the file. @return 0, -errno of the file */
MUST_CHECK int scan_image(const struct scan_image_task *t);
/** Writes that an image could not be read. */
MUST_CHECK int scan_image_failed(const char *image, const char *why, const char *file);

#endif

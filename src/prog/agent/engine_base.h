/** @file
 * Which of an image's layers are a base image's, as far as the images of a Docker engine tell.
 */
#ifndef SKEP_PROG_AGENT_ENGINE_BASE_H
#define SKEP_PROG_AGENT_ENGINE_BASE_H

#include "model/inventory.h"

/**
 * How many of the lowest layers are all the layers of another image of the engine, the largest such image; 0: not known.
 *
 * @param engine its socket, a string. As scan_image_task.base_layers.
 */
size_t engine_base_layers(void *engine, const struct inventory *v);

#endif

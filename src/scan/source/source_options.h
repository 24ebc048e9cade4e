/** @file
 * The part of the scan's options that workers need.
 */
#ifndef SKEP_SCAN_SOURCE_SOURCE_OPTIONS_H
#define SKEP_SCAN_SOURCE_SOURCE_OPTIONS_H

#include "scan/layer/layer_read.h"
#include "scan/source/source.h"

static inline struct layer_options source_layer_options(const struct scan_options *o)
{
	return (struct layer_options){ .limits = o->limits,
				       .skip_dirs = o->skip_dirs,
				       .skip_files = o->skip_files };
}

#endif

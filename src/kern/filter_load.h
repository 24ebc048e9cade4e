/** @file
 * Puts a kernel filter into the maps its BPF programs read, while they run.
 */
#ifndef SKEP_KERN_FILTER_LOAD_H
#define SKEP_KERN_FILTER_LOAD_H

#include "kern/control.h"
#include "kern/hook.h"

/**
 * Replaces the filter. Every event is judged by the old or by the new one, whole. Does nothing while no program that is
 * loaded has a filter.
 *
 * @param c  its generation says which image is in use; counted up
 * @return 0, -ENOMEM, -errno of the map
 */
MUST_CHECK int filter_load(const struct hooks *h, struct control *c, const struct kernel_filter *f,
			   struct err *e);

#endif

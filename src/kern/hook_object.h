/** @file
 * The compiled BPF objects, carried inside the program.
 */
#ifndef SKEP_KERN_HOOK_OBJECT_H
#define SKEP_KERN_HOOK_OBJECT_H

#include "base/base.h"

/** The ELF file of src/kern/NAME.bpf.c. @return NULL when there is none of that name */
const void *hook_object_find(const char *name, size_t *ret_bytes);

#endif

/** @file
 * The compiled BPF programs, carried inside the program.
 */
#ifndef SKEP_KERN_HOOK_OBJECT_H
#define SKEP_KERN_HOOK_OBJECT_H

#include "base/base.h"

/** The ELF file of src/kern/sensor.bpf.c. */
const void *hook_object(size_t *ret_bytes);

#endif

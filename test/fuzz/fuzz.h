/** @file
 * What a fuzz target defines. The property it asserts stands in the target, not here.
 */
#ifndef SKEP_TEST_FUZZ_H
#define SKEP_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

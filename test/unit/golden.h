/** @file
 * Golden files: what a renderer wrote when somebody last looked at it and found it good (test/golden/).
 */
#ifndef SKEP_TEST_GOLDEN_H
#define SKEP_TEST_GOLDEN_H

#include "unit.h"

/**
 * Fails unless @p actual is what test/golden/NAME holds. With SKEP_BLESS set in the environment (tool/bless) the
 * file is written instead.
 */
void golden_check(const char *name, str actual);

#endif

/** @file
 * Where tests of the sensor can be run: what the kernel tells is in the host's numbers, which are ours unless we are in a PID
 * namespace of our own.
 */
#ifndef SKEP_TEST_SENSOR_HOST_H
#define SKEP_TEST_SENSOR_HOST_H

#include <fcntl.h>

#include "asset/host_namespace.h"
#include "unit.h"

static inline bool sensor_tells_our_numbers(void)
{
	OWNED_FD root = open("/", O_PATH | O_CLOEXEC);

	return host_namespace_has_proc(root);
}

static inline void own_numbers(void **state)
{
	(void)state;
	SKIP_BECAUSE("a PID namespace of its own: what the kernel tells is in the host's numbers");
}

static inline int run_elsewhere(void)
{
	const struct CMUnitTest elsewhere[] = { cmocka_unit_test(own_numbers) };

	return cmocka_run_group_tests(elsewhere, NULL, NULL);
}

/** As cmocka_run_group_tests(); elsewhere it is said that they were skipped. */
#define RUN_SENSOR_TESTS(tests, up, down) \
	(sensor_tells_our_numbers() ? cmocka_run_group_tests(tests, up, down) : run_elsewhere())

#endif

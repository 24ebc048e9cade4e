/** @file
 * Where tests of the sensor can be run: what the kernel tells is in the host's numbers, which are ours unless we are in a PID
 * namespace of our own, and by which back-end: SENSOR_BACKEND=object where the kernel has trampolines, else tracepoints.
 */
#ifndef SKEP_TEST_SENSOR_HOST_H
#define SKEP_TEST_SENSOR_HOST_H

#include <fcntl.h>

#include "asset/host_namespace.h"
#include "kern/hook_probe.h"
#include "kern/sensor.h"
#include "unit.h"

/** The one that tests are to be run by. */
static inline enum sensor_backend tested_backend(void)
{
	const char *name = getenv("SENSOR_BACKEND");

	return name && strcmp(name, "object") == 0 ? SENSOR_OBJECT : SENSOR_TRACEPOINT;
}

static inline void no_trampolines(void **state)
{
	char why[160] = "";

	(void)state;
	(void)hook_probe(HOOK_PROBE_FENTRY, why, sizeof(why));
	SKIP_BECAUSE("no object back-end without trampolines: %s", why);
}

/** Of root; whoever may load no programs at all is told so by each test. */
static inline bool lacks_backend(void)
{
	char why[160];

	return tested_backend() == SENSOR_OBJECT && geteuid() == 0 &&
	       !hook_probe(HOOK_PROBE_FENTRY, why, sizeof(why));
}

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

static inline int run_instead(const char *name, void (*why)(void **state))
{
	const struct CMUnitTest instead[] = { { .name = name, .test_func = why } };

	return cmocka_run_group_tests(instead, NULL, NULL);
}

/** As cmocka_run_group_tests(); elsewhere it is said that they were skipped. */
#define RUN_SENSOR_TESTS(tests, up, down) \
	(sensor_tells_our_numbers() ? cmocka_run_group_tests(tests, up, down) \
				    : run_instead("own_numbers", own_numbers))

/** The same, of tests that are run by tested_backend(). */
#define RUN_BACKEND_TESTS(tests, up, down) \
	(lacks_backend() ? run_instead("no_trampolines", no_trampolines) \
			 : RUN_SENSOR_TESTS(tests, up, down))

#endif

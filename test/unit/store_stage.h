/** @file
 * Empty stores for tests, on each engine: SQLite in a folder of its own, PostgreSQL 15 in a cluster this program starts
 * (as user postgres when it is root; a Unix socket in a temporary folder; no port) and ends with itself.
 */
#ifndef SKEP_TEST_STORE_STAGE_H
#define SKEP_TEST_STORE_STAGE_H

#include "console/store/store.h"
#include "unit.h"

enum stage_engine { STAGE_SQLITE, STAGE_POSTGRES, STAGE_ENGINES };

/** For cmocka's group: starts the server where there is one; removes everything. */
int store_stage_up(void **state);
int store_stage_down(void **state);

/** Where a new, empty store is to be; NULL when the engine is not here, which is told as a skip. Lives until the end. */
const char *store_stage_where(enum stage_engine engine);
/** The same with its data in a file system of its own, of @p megabytes; NULL as well where none can be mounted. */
const char *store_stage_small_where(enum stage_engine engine, unsigned megabytes);
/** Makes the one made last larger. */
void store_stage_grow(unsigned megabytes);
/** The server's process, to be stopped and killed. */
void store_stage_kill_server(void);
void store_stage_start_server(void);

/** A test that runs @p fn with an empty store, prepared and opened, on each engine. */
typedef void (*store_test)(struct store *s, const char *where);
void store_stage_each(store_test fn);
/** A test of cmocka's, test_NAME, that does so. */
#define EACH(name) \
	static void test_##name(void **state UNUSED) \
	{ \
		store_stage_each(name); \
	}

/** Where calls inside OK() say why they failed. */
extern struct err stage_err;
#define E (&stage_err)

/** The call's result; fails the test with what was said. OK(sql_begin(s, E)) */
#define OK(call) \
	({ \
		int r_ = (call); \
		if (r_ < 0) \
			fail_msg("%s: %s (%d)", #call, stage_err.text, r_); \
		r_; \
	})
/** The call fails with this errno. */
#define FAILS(code, call) \
	do { \
		int r_ = (call); \
		if (r_ != -(code)) \
			fail_msg("%s: got %d (%s), want %d", #call, r_, stage_err.text, -(code)); \
	} while (0)

#endif

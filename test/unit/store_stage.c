#include "store_stage.h"

#include <stdio.h>

#include "pg_cluster.h"

enum { WHERES = 256, ROOM = 200 };

struct err stage_err;

static struct pg_cluster cluster;
static char wheres[WHERES][ROOM];
static unsigned where_count;
static bool skip_told;

void store_stage_start_server(void)
{
	pg_cluster_start(&cluster);
}

void store_stage_kill_server(void)
{
	pg_cluster_kill(&cluster);
}

int store_stage_up(void **state)
{
	(void)state;
	if (pg_cluster_make(&cluster, true))
		pg_cluster_start(&cluster);
	return cluster.folder[0] ? 0 : -1;
}

int store_stage_down(void **state)
{
	(void)state;
	pg_cluster_remove(&cluster);
	return 0;
}

static void make_database(unsigned no)
{
	struct sql *s = NULL;
	char where[ROOM];
	OWNED_BUF text = BUF_INIT;

	pg_cluster_where(&cluster, "postgres", where, sizeof(where));
	OK(sql_open(where, NULL, &s, E));
	buf_printf(&text, "CREATE DATABASE t%u", no);
	OK(sql_script(s, buf_cstr(&text), E));
	sql_close(s);
}

const char *store_stage_where(enum stage_engine engine)
{
	unsigned no = where_count;
	char name[16];

	if (engine == STAGE_POSTGRES && cluster.server <= 0) {
		if (!skip_told)
			print_message("# skipped: no PostgreSQL 15 here: its half of each test\n");
		skip_told = true;
		return NULL;
	}
	assert_true(no < WHERES);
	where_count++;
	snprintf(name, sizeof(name), "t%u", no);
	if (engine == STAGE_SQLITE) {
		snprintf(wheres[no], ROOM, "%s/%s", cluster.folder, name);
	} else {
		make_database(no);
		pg_cluster_where(&cluster, name, wheres[no], ROOM);
	}
	return wheres[no];
}

void store_stage_each(store_test fn)
{
	for (unsigned engine = 0; engine < STAGE_ENGINES; engine++) {
		const char *where = store_stage_where(engine);
		struct store *s = NULL;

		if (!where)
			continue;
		OK(store_prepare(where, E));
		OK(store_open(where, NULL, &s, E));
		fn(s, where);
		store_close(s);
	}
}

#include "store_stage.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "pg_cluster.h"

enum { WHERES = 256, ROOM = 200 };

struct err stage_err;

static struct pg_cluster cluster;
static char wheres[WHERES][ROOM];
static unsigned where_count;
static bool skip_told;
static char mounts[STAGE_ENGINES][ROOM]; /* small file systems, to be unmounted */
static unsigned mount_count;

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
	pg_cluster_kill(&cluster);
	while (mount_count)
		umount(mounts[--mount_count]);
	pg_cluster_remove(&cluster);
	return 0;
}

/* @param folder where its tables lie; NULL: with the others */
static void make_database(unsigned no, const char *folder)
{
	struct sql *s = NULL;
	char where[ROOM];
	OWNED_BUF text = BUF_INIT;

	pg_cluster_where(&cluster, "postgres", where, sizeof(where));
	OK(sql_open(where, NULL, &s, E));
	if (folder) {
		buf_printf(&text, "CREATE TABLESPACE s%u LOCATION '%s'", no, folder);
		OK(sql_script(s, buf_cstr(&text), E));
		buf_reset(&text);
	}
	buf_printf(&text, "CREATE DATABASE t%u", no);
	if (folder)
		buf_printf(&text, " TABLESPACE s%u", no);
	OK(sql_script(s, buf_cstr(&text), E));
	/*
	 * A new database's files have holes until its pages are written: with the disk full, a
	 * mere read that needs a page's place in memory would fail then.
	 */
	if (folder)
		OK(sql_script(s, "CHECKPOINT", E));
	sql_close(s);
}

static bool mount_small(const char *folder, unsigned megabytes)
{
	const struct passwd *who = getpwnam("postgres");
	char size[32];

	snprintf(size, sizeof(size), "size=%um", megabytes);
	if (geteuid() != 0 || mkdir(folder, 0700) < 0 ||
	    mount("none", folder, "tmpfs", 0, size) < 0)
		return false;
	snprintf(mounts[mount_count++], ROOM, "%s", folder);
	return !who || chown(folder, who->pw_uid, who->pw_gid) == 0;
}

void store_stage_grow(unsigned megabytes)
{
	char size[32];

	snprintf(size, sizeof(size), "size=%um", megabytes);
	assert_int_equal(mount("none", mounts[mount_count - 1], "tmpfs", MS_REMOUNT, size), 0);
}

const char *store_stage_small_where(enum stage_engine engine, unsigned megabytes)
{
	char folder[ROOM];
	unsigned no = where_count;

	if (engine == STAGE_POSTGRES && cluster.server <= 0)
		return NULL;
	assert_true(no < WHERES && mount_count < STAGE_ENGINES);
	snprintf(folder, sizeof(folder), "%s/small%u", cluster.folder, no);
	if (!mount_small(folder, megabytes)) {
		print_message("# skipped: no small file system can be mounted\n");
		return NULL;
	}
	where_count++;
	if (engine == STAGE_SQLITE) {
		snprintf(wheres[no], ROOM, "%s", folder);
	} else {
		char name[16];

		snprintf(name, sizeof(name), "t%u", no);
		make_database(no, folder);
		pg_cluster_where(&cluster, name, wheres[no], ROOM);
	}
	return wheres[no];
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
		make_database(no, NULL);
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

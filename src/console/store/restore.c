#include <fcntl.h>
#include <sys/stat.h>

#include "console/store/migrate.h"
#include "console/store/store.h"

enum { CHUNK_BYTES = 1 << 20 };

static int check_copy(const char *copy, struct err *e)
{
	struct sql *sql = NULL;
	struct sql_options o = { .read_only = true, .exact = true };
	int r = sql_open(copy, &o, &sql, e);

	r = r < 0 ? r : sql_check(sql, true, e);
	if (r == 0) {
		r = migrate_check_known(sql, e);
		if (r == -ENOEXEC)
			r = err_set(e, EBADMSG, "'%s' is no store of ours", copy);
	}
	sql_close(sql);
	/* It is what was given to us. */
	return r == -EUCLEAN ? -EBADMSG : r;
}

static int copy_file(const char *from, const char *to, struct err *e)
{
	OWNED_FD in = open(from, O_RDONLY | O_CLOEXEC);
	OWNED_FD out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
	ssize_t n = 1;

	if (in < 0 || out < 0)
		return err_sys(e, errno, "cannot open '%s'", in < 0 ? from : to);
	while (n > 0)
		n = copy_file_range(in, NULL, out, NULL, CHUNK_BYTES, 0);
	if (n < 0 || fsync(out) < 0)
		return err_sys(e, errno, "cannot write '%s'", to);
	return 0;
}

static int put_in_place(const char *db, const char *copy, struct err *e)
{
	OWNED_BUF before = BUF_INIT, before_log = BUF_INIT, fresh = BUF_INIT, log = BUF_INIT;
	OWNED_BUF index = BUF_INIT;
	int r;

	buf_printf(&before, "%s.before-restore", db);
	buf_printf(&before_log, "%s.before-restore-wal", db);
	buf_printf(&fresh, "%s.restoring", db);
	buf_printf(&log, "%s-wal", db);
	buf_printf(&index, "%s-shm", db);
	r = copy_file(copy, buf_cstr(&fresh), e);
	if (r < 0)
		return r;
	if (rename(db, buf_cstr(&before)) < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot rename '%s'", db);
	/* The log belongs to the old file, and so does its index: they would be played into the new one. */
	unlink(buf_cstr(&index));
	if (rename(buf_cstr(&log), buf_cstr(&before_log)) < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot rename '%s'", buf_cstr(&log));
	if (rename(buf_cstr(&fresh), db) < 0)
		return err_sys(e, errno, "cannot rename '%s'", buf_cstr(&fresh));
	return 0;
}

int store_restore(const char *where, const char *copy, struct err *e)
{
	OWNED_BUF db = BUF_INIT;
	OWNED_FD lock = -1;
	int r;

	if (sql_names_postgres(where))
		return err_set(e, EOPNOTSUPP, "PostgreSQL is restored by its own pg_restore");
	r = check_copy(copy, e);
	if (r < 0)
		return r;
	sql_file(where, &db);
	r = store_hold(where, &lock, e);
	return r < 0 ? r : put_in_place(buf_cstr(&db), copy, e);
}

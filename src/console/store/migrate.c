#include "console/store/migrate.h"

#include "base/clock.h"
#include "console/store/alerts_priv.h"

static const struct {
	const char *name, *statements;
	int (*change)(struct sql *s, struct err *e); /* NULL: statements say it */
} migrations[] = {
#define STATEMENTS(name_, statements_) { .name = name_, .statements = statements_ },
#define CHANGE(name_, change_) { .name = name_, .change = change_ },
#define X STATEMENTS
#define C CHANGE
#include "console/store/migration.def"
#undef C
#undef X
#undef CHANGE
#undef STATEMENTS
};

static bool is_known(str name)
{
	for (size_t i = 0; i < ARRAY_LEN(migrations); i++)
		if (str_is(name, migrations[i].name))
			return true;
	return false;
}

/* Of two by one name the second would never run. */
static void check_names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(migrations); i++)
		for (size_t k = 0; k < i; k++)
			assert(!str_is(str_from(migrations[i].name), migrations[k].name));
}

int migrate_check_known(struct sql *s, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s, "SELECT name FROM migration", SQL_NONE, &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		if (!is_known(sql_text(rows, 0)))
			return err_set(e, EOPNOTSUPP,
				       "a newer version made this store: '%.*s' is not known here",
				       STR_ARG(sql_text(rows, 0)));
	return r;
}

/* Begins with the others held out, the table of what was done made. */
static int begin(struct sql *s, struct err *e)
{
	int r = sql_begin(s, e);

	r = r < 0 ? r : sql_lock(s, "migrate", e);
	return r < 0 ? r
		     : sql_script(s,
				  "CREATE TABLE IF NOT EXISTS migration "
				  "(name {text} PRIMARY KEY, done_ns BIGINT NOT NULL);",
				  e);
}

/* @return 1 it was run, 0 it had been */
static int run_one(struct sql *s, size_t at, struct err *e)
{
	str name = str_from(migrations[at].name);
	int64_t there;
	int r = begin(s, e);

	r = r < 0 ? r
		  : sql_get_int(s, "SELECT 1 FROM migration WHERE name = ?1", SQL_ARGS(SQL_T(name)),
				&there, e);
	if (r == 0) {
		r = migrations[at].change ? migrations[at].change(s, e)
					  : sql_script(s, migrations[at].statements, e);
		r = r < 0 ? r
			  : sql_do(s, "INSERT INTO migration (name, done_ns) VALUES (?1, ?2)",
				   SQL_ARGS(SQL_T(name), SQL_I(clock_ns(CLOCK_REALTIME))), e);
		r = r < 0 ? r : sql_commit(s, e);
		if (r == 0)
			return 1;
	}
	sql_rollback(s);
	return r < 0 ? err_wrap(e, r, "migration '%s'", migrations[at].name) : 0;
}

int migrate(struct sql *s, struct err *e)
{
	int ran = 0;
	int r = begin(s, e);

	check_names();
	r = r < 0 ? r : migrate_check_known(s, e);
	r = r < 0 ? r : sql_commit(s, e);
	sql_rollback(s);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(migrations); i++) {
		r = run_one(s, i, e);
		ran += r > 0;
	}
	return r < 0 ? r : ran;
}

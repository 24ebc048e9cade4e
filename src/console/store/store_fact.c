#include "console/store/store_fact.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/steady_clock.h"
#include "console/store/partition.h"

#define KNOWN_NS "known_ns"

int store_fact_get(struct sql *s, const char *name, struct arena *a, str *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	str value;
	int r = sql_query(s, "SELECT value FROM store_fact WHERE name = ?1",
			  SQL_ARGS(SQL_T(str_from(name))), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r <= 0)
		return r;
	value = sql_text_in(rows, 0, a);
	if (!value.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	*ret = value;
	return 1;
}

int store_fact_put(struct sql *s, const char *name, str value, struct err *e)
{
	return sql_no_count(sql_do(s,
				   "INSERT INTO store_fact (name, value) VALUES (?1, ?2) "
				   "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
				   SQL_ARGS(SQL_T(str_from(name)), SQL_T(value)), e));
}

int store_fact_offer(struct sql *s, const char *name, str value, struct err *e)
{
	return sql_no_count(sql_do(s,
				   "INSERT INTO store_fact (name, value) VALUES (?1, ?2) "
				   "ON CONFLICT (name) DO NOTHING",
				   SQL_ARGS(SQL_T(str_from(name)), SQL_T(value)), e));
}

int store_known_time(struct sql *s, int64_t *ret_ns, struct err *e)
{
	return sql_get_int(s, "SELECT CAST(value AS BIGINT) FROM store_fact WHERE name = ?1",
			   SQL_ARGS(SQL_T(S(KNOWN_NS))), ret_ns, e);
}

int store_clock_ahead(struct sql *s, int64_t now_ns, int64_t *ret_days, struct err *e)
{
	int64_t known_ns = 0;
	int r = store_known_time(s, &known_ns, e);

	if (r <= 0 || !steady_clock_is_doubtful(now_ns, known_ns))
		return MIN(r, 0);
	*ret_days = (now_ns - known_ns) / DAY_NS;
	return 1;
}

int store_keep_time(struct sql *s, int64_t now_ns, struct err *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, now_ns);
	return store_fact_put(s, KNOWN_NS, str_from(text), e);
}

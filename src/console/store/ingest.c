#include "console/store/ingest.h"

int ingest_mark(struct store *s, str agent, str spool, uint64_t *ret, struct err *e)
{
	int64_t seq = 0;
	/* An update that changes nothing: it takes the row's lock on a server with many writers. */
	int r = sql_get_int(
		s->sql,
		"INSERT INTO ingest_mark (agent, spool, seq, at_ns) VALUES (?1, ?2, 0, 0) "
		"ON CONFLICT (agent, spool) DO UPDATE SET agent = excluded.agent "
		"RETURNING seq",
		SQL_ARGS(SQL_T(agent), SQL_T(spool)), &seq, e);

	if (r < 0)
		return r;
	*ret = (uint64_t)seq;
	return 0;
}

int ingest_advance(struct store *s, str agent, str spool, uint64_t seq, int64_t now_ns,
		   struct err *e)
{
	int r = sql_do(
		s->sql,
		"UPDATE ingest_mark SET seq = ?3, at_ns = ?4 WHERE agent = ?1 AND spool = ?2",
		SQL_ARGS(SQL_T(agent), SQL_T(spool), SQL_I(seq), SQL_I(now_ns)), e);

	if (r == 0)
		return err_set(e, ENOENT, "spool '%.*s' has no mark", STR_ARG(spool));
	return MIN(r, 0);
}

int ingest_forget(struct store *s, int64_t before_ns, struct err *e)
{
	return sql_do(s->sql, "DELETE FROM ingest_mark WHERE at_ns < ?1 AND seq > 0",
		      SQL_ARGS(SQL_I(before_ns)), e);
}

#include "console/store/agents.h"

#include "console/store/settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "codec/digest.h"
#include "codec/mac.h"

enum { ID_LETTERS = 12, SUM_TEXT = 2 * SHA256_BYTES + 1 };
#define JOINS_NS ((int64_t)24 * 3600 * 1000000000)

static void sum_text(const void *bytes, size_t n, char ret[SUM_TEXT])
{
	uint8_t sum[SHA256_BYTES];

	sha256_of((str){ bytes, n }, sum);
	hex_render(sum, sizeof(sum), ret);
}

/* ---- Reading ---- */

#define AGENT_COLUMNS \
	"id, name, machine_id, kernel, os, version, address, labels, stats, scan, state, ended, " \
	"silent, " \
	"enrolled_ns, seen_ns, certificate_to_s, lost, flows_lost, clock_ms, clock_state"

/* What is known of an agent's clock, as the store has it. */
enum clock_state { CLOCK_RIGHT, CLOCK_ONCE_OFF, CLOCK_OFF, CLOCK_OFF_TOLD };

static int read_agent(struct sql_rows *r, struct arena *a, struct agent *ret, struct err *e)
{
	str *const texts[] = { &ret->id,    &ret->name,    &ret->machine_id, &ret->kernel,
			       &ret->os,    &ret->version, &ret->address,    &ret->labels,
			       &ret->stats, &ret->scan };

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		*texts[i] = sql_text_in(r, i, a);
		if (!texts[i]->p)
			return err_set(e, ENOBUFS, "memory budget spent");
	}
	ret->state = sql_int(r, 10) ? AGENT_REVOKED : AGENT_ACTIVE;
	ret->ended = sql_int(r, 11) != 0;
	ret->silent = sql_int(r, 12) != 0;
	ret->enrolled_ns = sql_int(r, 13);
	ret->seen_ns = sql_int(r, 14);
	ret->certificate_to_s = sql_int(r, 15);
	ret->lost = sql_int(r, 16);
	ret->flows_lost = sql_int(r, 17);
	ret->clock_known = !sql_is_null(r, 18);
	ret->clock_ms = sql_int(r, 18);
	ret->clock_off = sql_int(r, 19) >= CLOCK_OFF;
	return 0;
}

/** Takes the rows of a query that yields AGENT_COLUMNS. */
static int read_agents(struct sql_rows *rows, struct arena *a, struct agent **ret,
		       size_t *ret_count, struct err *e)
{
	struct agent *items = NULL;
	size_t count = 0, cap = 0;
	int r;

	while ((r = sql_next(rows, e)) > 0) {
		struct agent *at = ARENA_PUSH(a, items, count, cap);

		if (!at)
			return err_set(e, ENOBUFS, "memory budget spent");
		r = read_agent(rows, a, at, e);
		if (r < 0)
			return r;
	}
	*ret = items;
	*ret_count = count;
	return r;
}

int agent_get(struct store *s, str id, struct arena *a, struct agent *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " AGENT_COLUMNS " FROM agent WHERE id = ?1",
			  SQL_ARGS(SQL_T(id)), &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "there is no such agent");
	return r < 0 ? r : read_agent(rows, a, ret, e);
}

int agent_list(struct store *s, str after, size_t limit, struct arena *a, struct agent **ret,
	       size_t *ret_count, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT " AGENT_COLUMNS " FROM agent WHERE id > ?1 ORDER BY id LIMIT ?2",
			  SQL_ARGS(SQL_T(after), SQL_I(limit)), &rows, e);

	return r < 0 ? r : read_agents(rows, a, ret, ret_count, e);
}

int agent_count(struct store *s, int64_t *ret_all, int64_t *ret_silent, struct err *e)
{
	int r = sql_get_int(s->sql, "SELECT COUNT(*) FROM agent WHERE state = 0", SQL_NONE, ret_all,
			    e);

	if (r >= 0)
		r = sql_get_int(s->sql, "SELECT COUNT(*) FROM agent WHERE state = 0 AND silent = 1",
				SQL_NONE, ret_silent, e);
	return MIN(r, 0);
}

/* ---- Tokens ---- */

int agent_token_new(struct store *s, const uint8_t authority[SHA256_BYTES], int64_t expires_ns,
		    int64_t uses, str labels, str made_by, struct buf *out, int64_t *ret_id,
		    struct err *e)
{
	struct join_token t;
	char sum[SUM_TEXT];
	int r = random_bytes(t.secret, sizeof(t.secret), e);

	if (r < 0)
		return r;
	if (uses < 1)
		return err_set(e, EINVAL, "a token is for one agent at least");
	memcpy(t.authority, authority, sizeof(t.authority));
	sum_text(t.secret, sizeof(t.secret), sum);
	r = sql_get_int(
		s->sql,
		"INSERT INTO agent_token (secret, made_ns, expires_ns, uses, uses_left, labels, "
		"made_by) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6) RETURNING id",
		SQL_ARGS(SQL_T(str_from(sum)), SQL_I(store_now()), SQL_I(expires_ns), SQL_I(uses),
			 SQL_T(labels), SQL_T(made_by)),
		ret_id, e);
	if (r < 0)
		return r;
	join_token_render(&t, out);
	secret_wipe(&t, sizeof(t));
	return buf_error(out);
}

/* ---- Joining ---- */

static int draw_id(char ret[AGENT_ID_BYTES], struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t random[ID_LETTERS];
	int r = random_bytes(random, sizeof(random), e);

	memcpy(ret, "a-", 2);
	for (size_t i = 0; r == 0 && i < ID_LETTERS; i++)
		ret[2 + i] = letters[random[i] % 32];
	ret[2 + ID_LETTERS] = '\0';
	return r;
}

/** The agent that came by this request before. @return 1, 0, -errno */
static int joined_before(struct store *s, str secret, str request, char ret[AGENT_ID_BYTES],
			 struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		"SELECT j.agent FROM agent_join j, agent a WHERE j.request = ?1 AND j.secret = "
		"?2 AND a.id = j.agent AND a.state = 0",
		SQL_ARGS(SQL_T(request), SQL_T(secret)), &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r > 0)
		snprintf(ret, AGENT_ID_BYTES, "%.*s", STR_ARG(sql_text(rows, 0)));
	return r;
}

static int use_token(struct store *s, str secret, struct buf *labels, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "UPDATE agent_token SET uses_left = uses_left - 1 WHERE secret = ?1 AND "
			  "uses_left > 0 AND expires_ns > ?2 RETURNING labels",
			  SQL_ARGS(SQL_T(secret), SQL_I(store_now())), &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r == 0)
		return err_set(e, EACCES, "the token is unknown, used or expired");
	if (r < 0)
		return r;
	buf_add(labels, sql_text(rows, 0));
	/* To its end, so that the statement is over. */
	r = sql_next(rows, e);
	return MIN(r, 0);
}

int agent_join(struct store *s, const uint8_t secret[JOIN_TOKEN_SECRET_BYTES],
	       const uint8_t request[SHA256_BYTES], const struct agent_node *n,
	       char ret[AGENT_ID_BYTES], struct err *e)
{
	OWNED_BUF labels = BUF_INIT;
	char sum[SUM_TEXT], asked[SUM_TEXT];
	int64_t now = store_now();
	int r;

	sum_text(secret, JOIN_TOKEN_SECRET_BYTES, sum);
	hex_render(request, SHA256_BYTES, asked);
	r = joined_before(s, str_from(sum), str_from(asked), ret, e);
	if (r != 0)
		return MIN(r, 0);
	r = use_token(s, str_from(sum), &labels, e);
	if (r == 0)
		r = draw_id(ret, e);
	if (r == 0)
		r = sql_do(s->sql,
			   "INSERT INTO agent (" AGENT_COLUMNS
			   ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', '', 0, 0, 0, ?9, ?9, 0, "
			   "0, 0, NULL, 0)",
			   SQL_ARGS(SQL_T(str_from(ret)), SQL_T(n->name), SQL_T(n->machine_id),
				    SQL_T(n->kernel), SQL_T(n->os), SQL_T(n->version),
				    SQL_T(n->address), SQL_T(buf_str(&labels)), SQL_I(now)),
			   e);
	if (r >= 0)
		r = sql_do(s->sql,
			   "INSERT INTO agent_join (request, secret, agent, made_ns) VALUES (?1, "
			   "?2, ?3, "
			   "?4)",
			   SQL_ARGS(SQL_T(str_from(asked)), SQL_T(str_from(sum)),
				    SQL_T(str_from(ret)), SQL_I(now)),
			   e);
	return MIN(r, 0);
}

int agent_certificate_add(struct store *s, str agent, str serial, int64_t to_s, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO agent_certificate (serial, agent, to_s) VALUES (?1, ?2, ?3)",
		       SQL_ARGS(SQL_T(serial), SQL_T(agent), SQL_I(to_s)), e);

	if (r >= 0)
		r = sql_do(s->sql, "UPDATE agent SET certificate_to_s = ?2 WHERE id = ?1",
			   SQL_ARGS(SQL_T(agent), SQL_I(to_s)), e);
	return MIN(r, 0);
}

int agent_check(struct store *s, str agent, str serial, struct err *e)
{
	int64_t state = 1;
	int r = sql_get_int(
		s->sql,
		"SELECT a.state FROM agent a, agent_certificate c WHERE c.serial = ?1 AND "
		"c.agent = ?2 AND a.id = c.agent",
		SQL_ARGS(SQL_T(serial), SQL_T(agent)), &state, e);

	if (r < 0)
		return r;
	return r == 0 || state != AGENT_ACTIVE ? err_set(e, EACCES, "the agent is revoked") : 0;
}

int agent_revoke(struct store *s, str agent, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE agent SET state = 1 WHERE id = ?1", SQL_ARGS(SQL_T(agent)),
		       e);

	return r == 0 ? err_set(e, ENOENT, "there is no such agent") : MIN(r, 0);
}

static int delete_agent(struct store *s, void *ctx, struct err *e)
{
	static const char *const from[] = { "DELETE FROM agent_certificate WHERE agent = ?1",
					    "DELETE FROM agent_look WHERE agent = ?1",
					    "DELETE FROM agent_command WHERE agent = ?1" };
	str agent = *(const str *)ctx;
	int r = sql_do(s->sql, "DELETE FROM agent WHERE id = ?1", SQL_ARGS(SQL_T(agent)), e);

	if (r == 0)
		return err_set(e, ENOENT, "there is no such agent");
	for (size_t i = 0; i < ARRAY_LEN(from) && r >= 0; i++)
		r = sql_do(s->sql, from[i], SQL_ARGS(SQL_T(agent)), e);
	return MIN(r, 0);
}

int agent_delete(struct store *s, str agent, struct err *e)
{
	return sql_in_transaction(s->sql) ? delete_agent(s, &agent, e)
					  : store_transact(s, delete_agent, &agent, e);
}

/* ---- What it tells ---- */

/* Between the limit and half of it a clock is what it was: one that drifts about the limit is told of once. */
int agent_seen(struct store *s, str agent, str address, const int64_t *clock_ms, struct err *e)
{
	const int64_t by = clock_ms ? MAX(*clock_ms, -*clock_ms) : 0;
	const bool off = by > AGENT_CLOCK_LIMIT_MS, right = by <= AGENT_CLOCK_LIMIT_MS / 2;

	return sql_no_count(
		sql_do(s->sql,
		       "UPDATE agent SET seen_ns = ?2, address = ?3, silent = 0, ended = 0, "
		       "clock_ms = ?4, clock_state = CASE WHEN ?5 = 1 THEN ?7 "
		       "WHEN ?6 = 1 AND clock_state < ?8 THEN clock_state + 1 "
		       "ELSE clock_state END WHERE id = ?1",
		       SQL_ARGS(SQL_T(agent), SQL_I(store_now()), SQL_T(address),
				clock_ms ? SQL_I(*clock_ms) : SQL_N, SQL_I(right), SQL_I(off),
				SQL_I(CLOCK_RIGHT), SQL_I(CLOCK_OFF)),
		       e));
}

int agent_set_stats(struct store *s, str agent, str doc, struct err *e)
{
	return sql_no_count(sql_do(s->sql, "UPDATE agent SET stats = ?2 WHERE id = ?1",
				   SQL_ARGS(SQL_T(agent), SQL_T(doc)), e));
}

int agent_set_scan(struct store *s, str agent, str doc, struct err *e)
{
	return sql_no_count(sql_do(s->sql, "UPDATE agent SET scan = ?2 WHERE id = ?1",
				   SQL_ARGS(SQL_T(agent), SQL_T(doc)), e));
}

int agent_set_node(struct store *s, str agent, const struct agent_node *n, struct err *e)
{
	return sql_no_count(
		sql_do(s->sql,
		       "UPDATE agent SET name = ?2, machine_id = ?3, kernel = ?4, os = ?5, "
		       "version = ?6 WHERE id = ?1",
		       SQL_ARGS(SQL_T(agent), SQL_T(n->name), SQL_T(n->machine_id),
				SQL_T(n->kernel), SQL_T(n->os), SQL_T(n->version)),
		       e));
}

int agent_add_lost(struct store *s, str agent, int64_t count, struct err *e)
{
	return sql_no_count(sql_do(s->sql, "UPDATE agent SET lost = lost + ?2 WHERE id = ?1",
				   SQL_ARGS(SQL_T(agent), SQL_I(count)), e));
}

int agent_add_flows_lost(struct store *s, str agent, int64_t count, struct err *e)
{
	return sql_no_count(sql_do(s->sql,
				   "UPDATE agent SET flows_lost = flows_lost + ?2 WHERE id = ?1",
				   SQL_ARGS(SQL_T(agent), SQL_I(count)), e));
}

int agent_set_ended(struct store *s, str agent, struct err *e)
{
	return sql_no_count(sql_do(s->sql, "UPDATE agent SET ended = 1 WHERE id = ?1",
				   SQL_ARGS(SQL_T(agent)), e));
}

int agent_look_begin(struct store *s, str agent, str kind, int64_t now_ns, struct err *e)
{
	return sql_no_count(
		sql_do(s->sql,
		       "INSERT INTO agent_look (agent, kind, began_ns) VALUES (?1, ?2, ?3) ON "
		       "CONFLICT (agent, kind) DO UPDATE SET began_ns = excluded.began_ns",
		       SQL_ARGS(SQL_T(agent), SQL_T(kind), SQL_I(now_ns)), e));
}

int agent_look_end(struct store *s, str agent, str kind, int64_t *ret, struct err *e)
{
	int64_t began = 0;
	int r = sql_get_int(s->sql,
			    "SELECT began_ns FROM agent_look WHERE agent = ?1 AND kind = ?2",
			    SQL_ARGS(SQL_T(agent), SQL_T(kind)), &began, e);

	if (r >= 0)
		r = sql_do(s->sql, "DELETE FROM agent_look WHERE agent = ?1 AND kind = ?2",
			   SQL_ARGS(SQL_T(agent), SQL_T(kind)), e);
	if (r >= 0)
		*ret = began;
	return MIN(r, 0);
}

/* ---- Commands ---- */

int agent_command_add(struct store *s, str agent, const char *kind, str members, int64_t *ret_id,
		      struct err *e)
{
	int64_t now = store_now();
	/* Of rules the last count: those that an agent has yet to confirm may be others' predecessors by now. */
	int r = sql_get_int(
		s->sql,
		"SELECT id FROM agent_command AS c WHERE agent = ?1 AND done_ns = 0 AND kind = ?2 "
		"AND members = ?3 AND made_ns > ?4 AND NOT (kind = 'rules' AND EXISTS (SELECT 1 "
		"FROM agent_command WHERE agent = ?1 AND kind = ?2 AND id > c.id))",
		SQL_ARGS(SQL_T(agent), SQL_T(str_from(kind)), SQL_T(members),
			 SQL_I(now - AGENT_COMMAND_LIFE_NS)),
		ret_id, e);

	if (r != 0)
		return MIN(r, 0);
	r = sql_get_int(
		s->sql,
		"INSERT INTO agent_command (agent, kind, members, made_ns, done_ns, ok, message) "
		"VALUES (?1, ?2, ?3, ?4, 0, 0, '') RETURNING id",
		SQL_ARGS(SQL_T(agent), SQL_T(str_from(kind)), SQL_T(members), SQL_I(now)), ret_id,
		e);
	return MIN(r, 0);
}

int agent_command_waiting(struct store *s, str agent, int64_t after, size_t limit, struct arena *a,
			  struct agent_command **ret, size_t *ret_count, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct agent_command *items = NULL;
	size_t count = 0, cap = 0;
	int r = sql_query(
		s->sql,
		"SELECT id, kind, members, made_ns FROM agent_command WHERE agent = ?1 AND "
		"done_ns = 0 AND id > ?2 AND made_ns > ?3 ORDER BY id LIMIT ?4",
		SQL_ARGS(SQL_T(agent), SQL_I(after), SQL_I(store_now() - AGENT_COMMAND_LIFE_NS),
			 SQL_I(limit)),
		&rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct agent_command *c = ARENA_PUSH(a, items, count, cap);

		if (!c)
			return err_set(e, ENOBUFS, "memory budget spent");
		*c = (struct agent_command){ .id = sql_int(rows, 0),
					     .kind = sql_text_in(rows, 1, a),
					     .members = sql_text_in(rows, 2, a),
					     .made_ns = sql_int(rows, 3) };
	}
	if (r < 0)
		return r;
	*ret = items;
	*ret_count = count;
	return 0;
}

int agent_command_done(struct store *s, str agent, int64_t id, bool ok, str message, struct err *e)
{
	return sql_no_count(
		sql_do(s->sql,
		       "UPDATE agent_command SET done_ns = ?3, ok = ?4, message = ?5 WHERE id = "
		       "?1 AND agent = ?2",
		       SQL_ARGS(SQL_I(id), SQL_T(agent), SQL_I(store_now()), SQL_I(ok),
				SQL_T(str_take(message, 1000))),
		       e));
}

/* ---- Time ---- */

/* Agents of which something is to be told once. */
struct telling {
	const char *count; /* how many there are: most of the time there is nothing to write */
	const char *mark;  /* marks them as told, and yields AGENT_COLUMNS */
	const struct sql_value *args;
	size_t arg_count;
	struct arena *arena;
	struct agent *items;
	size_t found;
};

static int mark_told(struct store *s, void *ctx, struct err *e)
{
	struct telling *w = ctx;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, w->mark, w->args, w->arg_count, &rows, e);

	return r < 0 ? r : read_agents(rows, w->arena, &w->items, &w->found, e);
}

static int take_untold(struct store *s, struct telling *w, struct agent **ret, size_t *ret_count,
		       struct err *e)
{
	int64_t waiting = 0;
	int r = sql_get_int(s->sql, w->count, w->args, w->arg_count, &waiting, e);

	if (r >= 0 && waiting)
		r = sql_in_transaction(s->sql) ? mark_told(s, w, e)
					       : store_transact(s, mark_told, w, e);
	if (r < 0)
		return r;
	*ret = w->items;
	*ret_count = w->found;
	return 0;
}

#define SILENT "state = 0 AND ended = 0 AND silent = 0 AND seen_ns < ?1"

int agent_take_silent(struct store *s, int64_t now_ns, struct arena *a, struct agent **ret,
		      size_t *ret_count, struct err *e)
{
	struct sql_value before;
	struct telling w = { .count = "SELECT COUNT(*) FROM agent WHERE " SILENT,
			     .mark = "UPDATE agent SET silent = 1 WHERE " SILENT
				     " RETURNING " AGENT_COLUMNS,
			     .args = &before,
			     .arg_count = 1,
			     .arena = a };
	struct settings set;
	int r = settings_get(s, &set, e);

	if (r < 0)
		return r;
	before = SQL_I(now_ns - set.values[SETTING_AGENT_SILENT_SECONDS] * 1000000000);
	return take_untold(s, &w, ret, ret_count, e);
}

#define OFF "state = 0 AND ended = 0 AND clock_state = ?1"

int agent_take_clocks_off(struct store *s, struct arena *a, struct agent **ret, size_t *ret_count,
			  struct err *e)
{
	const struct sql_value off = SQL_I(CLOCK_OFF);
	struct telling w = { .count = "SELECT COUNT(*) FROM agent WHERE " OFF,
			     .mark = "UPDATE agent SET clock_state = clock_state + 1 WHERE " OFF
				     " RETURNING " AGENT_COLUMNS,
			     .args = &off,
			     .arg_count = 1,
			     .arena = a };

	return take_untold(s, &w, ret, ret_count, e);
}

#define REPORTS "state = 0 AND ended = 0 AND silent = 0 AND clock_ms IS NOT NULL"

int agent_clocks(struct store *s, struct agent_clocks *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT COUNT(*), COALESCE(SUM(CASE WHEN clock_state >= ?1 THEN 1 ELSE 0 "
			  "END), 0), COALESCE(MAX(ABS(clock_ms)), 0) FROM agent WHERE " REPORTS,
			  SQL_ARGS(SQL_I(CLOCK_OFF)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r > 0)
		*ret = (struct agent_clocks){ .known = sql_int(rows, 0),
					      .off = sql_int(rows, 1),
					      .most_ms = sql_int(rows, 2) };
	return MIN(r, 0);
}

static int forget_past(struct store *s, void *ctx, struct err *e)
{
	int64_t now = *(const int64_t *)ctx;
	int r = sql_do(s->sql, "DELETE FROM agent_join WHERE made_ns < ?1",
		       SQL_ARGS(SQL_I(now - JOINS_NS)), e);

	if (r >= 0)
		r = sql_do(s->sql, "DELETE FROM agent_token WHERE expires_ns < ?1",
			   SQL_ARGS(SQL_I(now - JOINS_NS)), e);
	if (r >= 0)
		r = sql_do(s->sql, "DELETE FROM agent_command WHERE made_ns < ?1",
			   SQL_ARGS(SQL_I(now - 7 * AGENT_COMMAND_LIFE_NS)), e);
	if (r >= 0)
		r = sql_do(s->sql, "DELETE FROM agent_certificate WHERE to_s < ?1",
			   SQL_ARGS(SQL_I(now / 1000000000)), e);
	return MIN(r, 0);
}

int agent_forget_past(struct store *s, int64_t now_ns, struct err *e)
{
	return store_transact(s, forget_past, &now_ns, e);
}

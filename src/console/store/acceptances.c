#include "console/store/findings_priv.h"

#define ACCEPTANCE_COLUMNS "id, vulnerability, image, reason, approver, created_ns, expires_ns"

/* Whether an acceptance speaks of an image: "", its digest, or the beginning of a reference and '*'. */
static bool speaks_of(str pattern, str digest, str references)
{
	if (pattern.n == 0 || str_eq(pattern, digest))
		return true;
	while (references.n) {
		str one = str_cut(&references, ' ');

		if (str_ends(pattern, S("*")) ? str_starts(one, str_take(pattern, pattern.n - 1))
					      : str_eq(one, pattern))
			return true;
	}
	return false;
}

struct pair {
	str vulnerability, image;
	bool was, is;
};

/* The pairs concerned, each as often as there are acceptances that might speak of it. */
static int read_pairs(struct store *s, str digest, str vulnerability, struct arena *a,
		      struct pair **ret, size_t *ret_count, struct err *e)
{
	struct pair *out = NULL;
	size_t n = 0, cap = 0;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		digest.n ? "SELECT p.vulnerability, p.image, p.accepted, x.image, i.refs, x.id "
			   "FROM image_vulnerability p JOIN image i ON i.digest = p.image "
			   "LEFT JOIN acceptance x ON x.vulnerability = p.vulnerability "
			   "WHERE p.image = ?1 ORDER BY p.vulnerability, p.image"
			 : "SELECT p.vulnerability, p.image, p.accepted, x.image, i.refs, x.id "
			   "FROM image_vulnerability p JOIN image i ON i.digest = p.image "
			   "LEFT JOIN acceptance x ON x.vulnerability = p.vulnerability "
			   "WHERE p.vulnerability = ?1 ORDER BY p.vulnerability, p.image",
		SQL_ARGS(SQL_T(digest.n ? digest : vulnerability)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct pair *p = n ? &out[n - 1] : NULL;

		if (!p || !str_eq(p->vulnerability, sql_text(rows, 0)) ||
		    !str_eq(p->image, sql_text(rows, 1))) {
			p = ARENA_PUSH(a, out, n, cap);
			if (!p)
				return err_set(e, ENOBUFS, "too many findings at once");
			*p = (struct pair){ sql_text_in(rows, 0, a), sql_text_in(rows, 1, a),
					    sql_int(rows, 2) != 0, false };
			if (!p->vulnerability.p || !p->image.p)
				return err_set(e, ENOBUFS, "too many findings at once");
		}
		p->is = p->is || (!sql_is_null(rows, 5) &&
				  speaks_of(sql_text(rows, 3), p->image, sql_text(rows, 4)));
	}
	*ret = out;
	*ret_count = n;
	return r;
}

static int set_pair(struct store *s, const struct pair *p, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE image_vulnerability SET accepted = ?3 WHERE vulnerability = ?1 AND "
		       "image = ?2",
		       SQL_ARGS(SQL_T(p->vulnerability), SQL_T(p->image), SQL_I(p->is)), e);

	r = r < 0 ? r
		  : sql_do(s->sql,
			   "UPDATE finding SET accepted = ?3 WHERE vulnerability = ?1 AND image = "
			   "?2",
			   SQL_ARGS(SQL_T(p->vulnerability), SQL_T(p->image), SQL_I(p->is)), e);
	return MIN(r, 0);
}

int acceptances_apply(struct store *s, str digest, str vulnerability, struct err *e)
{
	struct pair *pairs = NULL;
	size_t n = 0;
	struct arena a;
	int r;

	arena_init(&a, 0);
	r = read_pairs(s, digest, vulnerability, &a, &pairs, &n, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (pairs[i].was == pairs[i].is)
			continue;
		r = set_pair(s, &pairs[i], e);
		if (r == 0 && digest.n == 0)
			r = image_recount(s, pairs[i].image, e);
	}
	if (r == 0 && digest.n)
		r = image_recount(s, digest, e);
	arena_done(&a);
	return r;
}

int acceptances_add(struct store *s, const struct acceptance *x, int64_t *ret_id, struct err *e)
{
	int64_t id = 0;
	int r = sql_lock(s->sql, "findings", e);

	if (r == 0 && (x->vulnerability.n == 0 || x->reason.n == 0))
		r = err_set(e, EINVAL, "what is accepted, and why, must be said");
	r = r < 0 ? r
		  : sql_get_int(s->sql,
				"INSERT INTO acceptance (vulnerability, image, reason, approver, "
				"created_ns, expires_ns) "
				"VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
				SQL_ARGS(SQL_T(x->vulnerability), SQL_T(x->image), SQL_T(x->reason),
					 SQL_T(x->approver), SQL_I(x->created_ns),
					 SQL_I(x->expires_ns)),
				&id, e);
	r = r < 0 ? r : acceptances_apply(s, (str){ NULL, 0 }, x->vulnerability, e);
	if (r == 0)
		*ret_id = id;
	return r;
}

static int take(struct sql_rows *rows, struct arena *a, struct acceptance *x, struct err *e)
{
	*x = (struct acceptance){ .id = sql_int(rows, 0),
				  .vulnerability = sql_text_in(rows, 1, a),
				  .image = sql_text_in(rows, 2, a),
				  .reason = sql_text_in(rows, 3, a),
				  .approver = sql_text_in(rows, 4, a),
				  .created_ns = sql_int(rows, 5),
				  .expires_ns = sql_int(rows, 6) };
	return x->vulnerability.p && x->image.p && x->reason.p && x->approver.p
		       ? 0
		       : err_set(e, ENOBUFS, "too many acceptances at once");
}

int acceptances_get(struct store *s, int64_t id, struct arena *a, struct acceptance *ret,
		    struct err *e)
{
	struct acceptance x = { 0 };
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " ACCEPTANCE_COLUMNS " FROM acceptance WHERE id = ?1",
			  SQL_ARGS(SQL_I(id)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "there is no acceptance %lld", (long long)id);
	r = r < 0 ? r : take(rows, a, &x, e);
	if (r == 0)
		*ret = x;
	return r;
}

int acceptances_remove(struct store *s, int64_t id, struct err *e)
{
	struct acceptance x = { 0 };
	struct arena a;
	int r;

	arena_init(&a, 0);
	r = sql_lock(s->sql, "findings", e);
	r = r < 0 ? r : acceptances_get(s, id, &a, &x, e);
	r = r < 0 ? r
		  : sql_do(s->sql, "DELETE FROM acceptance WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);
	r = r < 0 ? r : acceptances_apply(s, (str){ NULL, 0 }, x.vulnerability, e);
	arena_done(&a);
	return MIN(r, 0);
}

int acceptances_list(struct store *s, str vulnerability, size_t max, struct arena *a,
		     struct acceptance **ret, size_t *ret_count, struct err *e)
{
	struct acceptance *out = ARENA_ARRAY(a, max, struct acceptance);
	OWNED_ROWS *rows = NULL;
	size_t n = 0;
	int r;

	if (!out)
		return err_set(e, ENOBUFS, "too many acceptances at once");
	r = sql_query(s->sql,
		      "SELECT " ACCEPTANCE_COLUMNS
		      " FROM acceptance WHERE ?1 = '' OR vulnerability = ?1 "
		      "ORDER BY id DESC LIMIT ?2",
		      SQL_ARGS(SQL_T(vulnerability), SQL_I(max)), &rows, e);
	while (r >= 0 && n < max && (r = sql_next(rows, e)) > 0) {
		r = take(rows, a, &out[n], e);
		if (r < 0)
			return r;
		n++;
	}
	if (r < 0)
		return r;
	*ret = out;
	*ret_count = n;
	return 0;
}

static int remove_in_transaction(struct store *s, void *ctx, struct err *e)
{
	const int64_t *id = ctx;
	int r = acceptances_remove(s, *id, e);

	return r == -ENOENT ? 0 : r;
}

int acceptances_expire(struct store *s, int64_t now_ns, struct err *e)
{
	int ended = 0;

	for (;;) {
		int64_t id = 0;
		int r = sql_get_int(s->sql,
				    "SELECT id FROM acceptance WHERE expires_ns > 0 AND expires_ns "
				    "<= ?1 LIMIT 1",
				    SQL_ARGS(SQL_I(now_ns)), &id, e);

		r = r > 0 ? store_transact(s, remove_in_transaction, &id, e) : r;
		if (r < 0 || id == 0)
			return r < 0 ? r : ended;
		ended++;
	}
}

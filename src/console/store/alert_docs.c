/* Documents of several alerts by few statements, and words in them. */
#include <ctype.h>
#include <inttypes.h>

#include "console/store/alerts_priv.h"

enum { AT_ONCE = 64 };

int alert_day_query(struct store *s, const struct partition_table *t, int64_t day,
		    const char *statement, const struct sql_value *values, size_t count,
		    struct sql_rows **ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int64_t there = 0;
	int r, known;

	partition_say(t, day, statement, &text);
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for a statement");
	r = sql_query(s->sql, buf_cstr(&text), values, count, ret, e);
	/* A table that is missing is a wrong statement to the engine. */
	if (r != -ENOEXEC || sql_in_transaction(s->sql))
		return r;
	known = sql_get_int(s->sql, "SELECT 1 FROM alert_day WHERE day = ?1", SQL_ARGS(SQL_I(day)),
			    &there, NULL);
	return known == 0 ? err_set(e, ENOENT, "the day of these alerts was dropped") : r;
}

void alert_say_states(unsigned states, struct buf *text)
{
	const char *join = " AND state IN (";

	if (states == 0 || states == (1U << ALERT_STATE_COUNT) - 1)
		return;
	for (unsigned i = 0; i < ALERT_STATE_COUNT; i++)
		if (states & 1U << i) {
			buf_printf(text, "%s%u", join, i);
			join = ", ";
		}
	buf_byte(text, ')');
}

static struct alert_hit *find_hit(struct alert_hit *hits, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (hits[i].id == id)
			return &hits[i];
	return NULL;
}

/* At most AT_ONCE of one day. */
static int fetch_some(struct store *s, struct alert_cache *c, struct alert_hit *hits, size_t count,
		      struct arena *a, struct err *e)
{
	struct sql_value values[AT_ONCE];
	OWNED_ROWS *rows = NULL;
	int r;

	for (size_t i = 0; i < AT_ONCE; i++)
		values[i] = SQL_I(hits[MIN(i, count - 1)].id);
	r = alert_day_query(
		s, &alert_docs, alert_id_day(hits[0].id),
		"SELECT id, dictionary, size, doc FROM {table} WHERE id IN " SQL_SIXTY_FOUR, values,
		AT_ONCE, &rows, e);
	if (r == -ENOENT)
		return 0;
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct alert_hit *h = find_hit(hits, count, sql_int(rows, 0));

		if (h)
			r = alert_doc_unpack(s, c, sql_blob(rows, 3), sql_int(rows, 1),
					     sql_int(rows, 2), a, &h->doc, e);
		if (r < 0)
			break;
	}
	return MIN(r, 0);
}

int alert_docs_fetch(struct store *s, struct alert_hit *hits, size_t count, struct arena *a,
		     struct err *e)
{
	struct alert_cache *c = NULL;
	int r = alert_cache_get(s, &c, e);

	for (size_t i = 0, n; r == 0 && i < count; i += n) {
		int64_t day = alert_id_day(hits[i].id);

		for (n = 1; n < AT_ONCE && i + n < count && alert_id_day(hits[i + n].id) == day;)
			n++;
		r = fetch_some(s, c, &hits[i], n, a, e);
	}
	return r;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool alert_text_has(str text, str word)
{
	char low, high;

	if (word.n == 0 || text.n < word.n)
		return word.n == 0;
	low = lower(word.p[0]);
	high = (char)toupper((unsigned char)low);
	for (size_t i = 0; i + word.n <= text.n; i++) {
		size_t n = 1;

		if (text.p[i] != low && text.p[i] != high)
			continue;
		while (n < word.n && lower(text.p[i + n]) == lower(word.p[n]))
			n++;
		if (n == word.n)
			return true;
	}
	return false;
}

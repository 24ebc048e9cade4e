#include "console/sql/sql_where.h"

enum { WORDS_MAX = 8 };

void sql_where_add(struct sql_where *w, const char *part, const struct sql_value *values,
		   size_t count)
{
	size_t used = 0;

	for (const char *p = part; *p; p++) {
		if (*p != '?') {
			buf_byte(&w->text, *p);
			continue;
		}
		if (used == count || w->count == SQL_WHERE_MAX) {
			w->failed = true;
			return;
		}
		w->values[w->count++] = values[used++];
		buf_printf(&w->text, "?%zu", w->count);
	}
}

static str pattern_of(struct sql_where *w, str word)
{
	OWNED_BUF pattern = BUF_INIT;
	str kept;

	if (!w->made_arena) {
		arena_init(&w->arena, 0);
		w->made_arena = true;
	}
	sql_like(word, &pattern);
	kept = arena_str(&w->arena, buf_str(&pattern));
	w->failed = w->failed || !kept.p || buf_error(&pattern) < 0;
	return kept;
}

void sql_where_words(struct sql_where *w, const char *columns, str text)
{
	for (unsigned words = 0; text.n;) {
		str word = str_cut(&text, ' '), rest = str_from(columns);
		const char *join = " AND (";

		if (word.n == 0)
			continue;
		if (++words > WORDS_MAX || w->count == SQL_WHERE_MAX) {
			w->failed = true;
			return;
		}
		w->values[w->count++] = SQL_T(pattern_of(w, word));
		while (rest.n) {
			str column = str_cut(&rest, ' ');

			buf_printf(&w->text, "%s%.*s {like} ?%zu ESCAPE '\\'", join,
				   STR_ARG(column), w->count);
			join = " OR ";
		}
		buf_byte(&w->text, ')');
	}
}

int sql_where_each(struct sql *s, struct sql_where *w, sql_row_taker take, void *ctx, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r, n = 0, more = 1;

	r = w->failed || buf_error(&w->text) < 0
		    ? err_set(e, E2BIG, "too much is asked at once")
		    : sql_query(s, buf_cstr(&w->text), w->values, w->count, &rows, e);
	while (r >= 0 && more > 0 && (r = sql_next(rows, e)) > 0) {
		r = more = take(ctx, rows, e);
		n++;
	}
	buf_done(&w->text);
	if (w->made_arena)
		arena_done(&w->arena);
	return r < 0 ? r : n;
}

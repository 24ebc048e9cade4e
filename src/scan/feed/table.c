#include "scan/feed/table.h"

#include "codec/csv.h"

#define ROW_BUDGET_BYTES (4u << 20)

/* The next record that can be read; what csv had to unquote is in @p rows, emptied for each. 1, 0 at the end, -ENOBUFS */
static int next(const struct delivery *d, struct csv *csv, struct arena *rows)
{
	for (;;) {
		struct err why = { 0 };
		int r;

		/* The fields of the row before go with their memory, also where no row follows. */
		csv->count = 0;
		arena_done(rows);
		arena_init(rows, ROW_BUDGET_BYTES);
		r = csv_next(csv, rows, &why);
		if (r >= 0)
			return r;
		if (r == -ENOBUFS)
			return delivery_spent(d);
		delivery_unreadable(d, (str){ 0 }, "%s", why.text);
	}
}

int table_each(const struct delivery *d, str text, const char *const *columns, size_t count,
	       int (*take)(const struct delivery *d, const struct table_row *row))
{
	struct csv csv;
	struct arena rows = { 0 };
	str fields[TABLE_MAX_COLUMNS];
	int at[TABLE_MAX_COLUMNS], r;

	csv_init(&csv, text);
	r = next(d, &csv, &rows);
	if (r == 0)
		delivery_unreadable(d, (str){ 0 }, "holds no table");
	for (size_t i = 0; i < count; i++)
		at[i] = csv_find(&csv, columns[i]);
	if (r > 0 && at[0] < 0) {
		delivery_unreadable(d, (str){ 0 }, "has no column '%s'", columns[0]);
		r = 0;
	}
	while (r > 0 && (r = next(d, &csv, &rows)) > 0) {
		for (size_t i = 0; i < count; i++)
			fields[i] = csv_field(&csv, at[i]);
		r = take(d, &(struct table_row){ csv.line, fields, &rows });
		r = r < 0 ? r : 1;
	}
	arena_done(&rows);
	return r;
}

bool table_is_true(str field)
{
	return str_eq_nocase(field, S("true")) || str_is(field, "1");
}

float table_float(str field, float otherwise)
{
	char text[32], *end;
	float f;

	field = str_trim(field);
	if (field.n == 0 || field.n >= sizeof(text))
		return otherwise;
	memcpy(text, field.p, field.n);
	text[field.n] = '\0';
	f = strtof(text, &end);
	return *end || !(f >= 0) || f > 1e6f ? otherwise : f;
}

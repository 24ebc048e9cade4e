#include "scan/feed/table.h"

#define ROW_BUDGET_BYTES (4u << 20)

int table_next(struct table *t)
{
	for (;;) {
		struct err why = { 0 };
		int r;

		/* The fields of the row before go with their memory, also where no row follows. */
		t->csv.count = 0;
		arena_done(&t->rows);
		arena_init(&t->rows, ROW_BUDGET_BYTES);
		r = csv_next(&t->csv, &t->rows, &why);
		if (r >= 0)
			return r;
		if (r == -ENOBUFS)
			return delivery_spent(t->d);
		delivery_unreadable(t->d, (str){ 0 }, "%s", why.text);
	}
}

int table_open(struct table *t, const struct delivery *d, str text)
{
	int r;

	*t = (struct table){ .d = d };
	csv_init(&t->csv, text);
	arena_init(&t->rows, ROW_BUDGET_BYTES);
	r = table_next(t);
	if (r == 0)
		delivery_unreadable(d, (str){ 0 }, "holds no table");
	return r;
}

void table_close(struct table *t)
{
	arena_done(&t->rows);
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

#include "console/store/settings.h"

static const struct setting_row rows[SETTING_COUNT] = {
#define KIND_INTEGER false
#define KIND_BOOLEAN true
#define X(id, name, kind, value, least, most) { name, KIND_##kind, value, least, most },
#include "console/store/setting.def"
#undef X
};

const struct setting_row *setting_row(enum setting s)
{
	return &rows[s];
}

int settings_read(struct sql *s, struct settings *ret, struct err *e)
{
	OWNED_ROWS *found = NULL;
	struct settings out;
	int r = sql_query(s, "SELECT name, value FROM setting", SQL_NONE, &found, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < SETTING_COUNT; i++)
		out.values[i] = rows[i].value;
	while ((r = sql_next(found, e)) > 0) {
		for (size_t i = 0; i < SETTING_COUNT; i++)
			if (str_is(sql_text(found, 0), rows[i].name))
				out.values[i] =
					MAX(rows[i].least, MIN(rows[i].most, sql_int(found, 1)));
	}
	if (r == 0)
		*ret = out;
	return r;
}

int settings_get(struct store *s, struct settings *ret, struct err *e)
{
	return settings_read(s->sql, ret, e);
}

int settings_set(struct store *s, enum setting which, int64_t value, struct err *e)
{
	int r;

	if (value < rows[which].least || value > rows[which].most)
		return err_set(e, ERANGE, "%s must be %lld to %lld", rows[which].name,
			       (long long)rows[which].least, (long long)rows[which].most);
	r = sql_do(s->sql,
		   "INSERT INTO setting (name, value) VALUES (?1, ?2) "
		   "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		   SQL_ARGS(SQL_T(str_from(rows[which].name)), SQL_I(value)), e);
	return r < 0 ? r : 0;
}

#include "console/access/permission.h"

static const struct permission_row rows[] = {
#define X(id, name, duty, reach, en, zh) { name, DUTY_##duty, REACH_##reach, { en, zh } },
#include "console/access/permission.def"
#undef X
};

_Static_assert(PERMISSION_COUNT < 63, "permissions are bits of a signed column");

const struct permission_row *permission_row(enum permission p)
{
	assert(p < PERMISSION_COUNT);
	return &rows[p];
}

int permission_find(str name, enum permission *ret, struct err *e)
{
	for (enum permission p = 0; p < PERMISSION_COUNT; p++)
		if (str_is(name, rows[p].name)) {
			*ret = p;
			return 0;
		}
	return err_set(e, ENOENT, "there is no permission '%.*s'", STR_ARG(str_take(name, 64)));
}

bool permission_one_duty(uint64_t permissions, enum duty *ret)
{
	enum duty one = DUTY_ANY;

	for (enum permission p = 0; p < PERMISSION_COUNT; p++) {
		if (!(permissions & PERMISSION_BIT(p)) || rows[p].duty == DUTY_ANY)
			continue;
		if (one != DUTY_ANY && one != rows[p].duty)
			return false;
		one = rows[p].duty;
	}
	if (ret)
		*ret = one;
	return true;
}

uint64_t permission_of_duty(enum duty d)
{
	uint64_t out = 0;

	for (enum permission p = 0; p < PERMISSION_COUNT; p++)
		if (rows[p].duty == d)
			out |= PERMISSION_BIT(p);
	return out;
}

uint64_t permission_of_fleet(uint64_t permissions)
{
	uint64_t out = 0;

	for (enum permission p = 0; p < PERMISSION_COUNT; p++)
		if (rows[p].reach == REACH_FLEET)
			out |= permissions & PERMISSION_BIT(p);
	return out;
}

#include "base/quantity.h"

#include <inttypes.h>

static str digits(str *rest)
{
	size_t n = 0;

	while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		n++;

	str d = str_take(*rest, n);

	*rest = str_skip(*rest, n);
	return d;
}

static const struct {
	const char *unit;
	uint64_t bytes;
} byte_units[] = {
	{ "", 1 },
	{ "b", 1 },
	{ "k", 1ULL << 10 },
	{ "kib", 1ULL << 10 },
	{ "kb", 1000 },
	{ "m", 1ULL << 20 },
	{ "mib", 1ULL << 20 },
	{ "mb", 1000000 },
	{ "g", 1ULL << 30 },
	{ "gib", 1ULL << 30 },
	{ "gb", 1000000000 },
	{ "t", 1ULL << 40 },
	{ "tib", 1ULL << 40 },
	{ "tb", 1000000000000 },
};

int quantity_bytes(str s, uint64_t *ret)
{
	uint64_t n;
	int r = str_u64(digits(&s), &n);

	if (r < 0)
		return r;
	s = str_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(byte_units); i++) {
		if (!str_eq_nocase(s, str_from(byte_units[i].unit)))
			continue;
		if (__builtin_mul_overflow(n, byte_units[i].bytes, &n))
			return -ERANGE;
		*ret = n;
		return 0;
	}
	return -EBADMSG;
}

static uint64_t seconds_in(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

int quantity_seconds(str s, uint64_t *ret)
{
	uint64_t total = 0, n;

	do {
		int r = str_u64(digits(&s), &n);
		uint64_t unit = s.n ? seconds_in(s.p[0]) : 1;

		if (r < 0)
			return r;
		if (!unit)
			return -EBADMSG;
		if (__builtin_mul_overflow(n, unit, &n) || __builtin_add_overflow(total, n, &total))
			return -ERANGE;
		s = str_skip(s, 1);
	} while (s.n);
	*ret = total;
	return 0;
}

void quantity_tell_seconds(uint64_t seconds, enum lang lang, struct buf *out)
{
	static const struct {
		uint64_t seconds;
		const char *en, *zh;
	} units[] = { { 86400, "day", "天" },
		      { 3600, "hour", "小时" },
		      { 60, "minute", "分钟" },
		      { 1, "second", "秒" } };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && seconds < units[i].seconds)
		i++;
	for (size_t told = 0; told < 2 && i < ARRAY_LEN(units); told++, i++) {
		uint64_t n = seconds / units[i].seconds;

		if (n == 0 && told)
			return;
		if (lang == LANG_ZH)
			buf_printf(out, "%s%" PRIu64 " %s", told ? " " : "", n, units[i].zh);
		else
			buf_printf(out, "%s%" PRIu64 " %s%s", told ? " " : "", n, units[i].en,
				   n == 1 ? "" : "s");
		seconds %= units[i].seconds;
	}
}

#include "scan/feed/ids.h"

#include "base/buf.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(str s)
{
	size_t n = 0;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	return n;
}

/* Length of "CVE-2018-1" at the start of s, whatever separates its parts; 0 when there is none. */
static size_t cve_length(str s, str *year, str *number)
{
	str rest = s;

	if (!str_eq_nocase(str_take(rest, 3), S("CVE")))
		return 0;
	rest = str_skip(rest, 3);
	while (rest.n && (*rest.p == '-' || *rest.p == ' ' || *rest.p == '_'))
		rest = str_skip(rest, 1);
	if (digits(rest) != 4)
		return 0;
	*year = str_take(rest, 4);
	rest = str_skip(rest, 4);
	if (rest.n == 0 || (*rest.p != '-' && *rest.p != '_'))
		return 0;
	rest = str_skip(rest, 1);
	*number = str_take(rest, digits(rest));
	if (number->n < 3 || number->n > 12)
		return 0;
	return (size_t)(number->p + number->n - s.p);
}

bool ids_is_cve(str s)
{
	str year, number;

	return str_starts(s, S("CVE-")) && s.n > 8 && s.p[8] == '-' && is_digit(s.p[4]) &&
	       cve_length(s, &year, &number) == s.n && number.n >= 4;
}

int ids_add(struct ids *set, str id)
{
	str *at;

	for (size_t i = 0; i < set->count; i++)
		if (str_eq(set->items[i], id))
			return 0;
	at = ARENA_PUSH(set->arena, set->items, set->count, set->cap);
	if (!at)
		return -ENOBUFS;
	*at = id;
	return 0;
}

int ids_scan(struct ids *set, str text)
{
	while (text.n) {
		str year, number, id;
		size_t n = cve_length(text, &year, &number);

		if (!n) {
			text = str_skip(text, 1);
			continue;
		}
		/* MITRE pads numbers to four digits. */
		id = arena_printf(set->arena, "CVE-%.*s-%s%.*s", STR_ARG(year),
				  number.n == 3 ? "0" : "", STR_ARG(number));
		if (!id.p || ids_add(set, id) < 0)
			return -ENOBUFS;
		text = str_skip(text, n);
	}
	return 0;
}

int ids_scan_array(struct ids *set, const struct value *array)
{
	VALUE_EACH (item, array) {
		if (ids_scan(set, value_str(item)) < 0)
			return -ENOBUFS;
	}
	return 0;
}

str ids_join(const struct ids *set)
{
	OWNED_BUF b = BUF_INIT;

	for (size_t i = 0; i < set->count; i++) {
		if (i)
			buf_byte(&b, ' ');
		buf_add(&b, set->items[i]);
	}
	if (b.n == 0 || buf_error(&b))
		return (str){ 0 };
	return arena_str(set->arena, buf_str(&b));
}

#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { DAY_S = 86400 };
static const int64_t last_second = 253402300799;

/* Exactly n digits at the front of *s. */
static bool take_digits(str *s, size_t n, unsigned int *ret)
{
	unsigned int v = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (unsigned int)(s->p[i] - '0');
	}
	*s = str_skip(*s, n);
	*ret = v;
	return true;
}

static bool take_byte(str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

/* Howard Hinnant's days_from_civil, for years from 1970 on. */
static int64_t days_of(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int y = month <= 2 ? year - 1 : year;
	unsigned int era = y / 400, of_era = y - era * 400;
	unsigned int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_day(unsigned int year, unsigned int month, unsigned int day)
{
	static const unsigned char lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1])
		return false;
	return month != 2 || day < 29 || leap;
}

static bool parse_zone(str *s, int64_t *ret)
{
	unsigned int hours, minutes;
	bool east;

	*ret = 0;
	if (s->n == 0 || take_byte(s, 'Z') || take_byte(s, 'z'))
		return true;
	east = s->p[0] == '+';
	if (!east && s->p[0] != '-')
		return false;
	*s = str_skip(*s, 1);
	if (!take_digits(s, 2, &hours))
		return false;
	take_byte(s, ':');
	if (!take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = (east ? 1 : -1) * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

static bool parse_clock(str *s, int64_t *ret)
{
	unsigned int hour, minute, second;
	int64_t zone;

	if (!take_digits(s, 2, &hour) || !take_byte(s, ':') || !take_digits(s, 2, &minute) ||
	    !take_byte(s, ':') || !take_digits(s, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (take_byte(s, '.'))
		while (s->n && s->p[0] >= '0' && s->p[0] <= '9')
			*s = str_skip(*s, 1);
	if (!parse_zone(s, &zone))
		return false;
	*ret = (int64_t)(hour * 3600 + minute * 60 + second) - zone;
	return true;
}

int time_parse(str text, int64_t *ret)
{
	unsigned int year, month, day;
	int64_t clock = 0;
	bool ok = take_digits(&text, 4, &year) && take_byte(&text, '-') &&
		  take_digits(&text, 2, &month) && take_byte(&text, '-') &&
		  take_digits(&text, 2, &day) && is_day(year, month, day);

	if (ok && text.n)
		ok = (take_byte(&text, 'T') || take_byte(&text, 't') || take_byte(&text, ' ')) &&
		     parse_clock(&text, &clock) && text.n == 0;
	if (!ok)
		return -EBADMSG;
	*ret = days_of(year, month, day) * DAY_S + clock;
	return 0;
}

int time_parse_ns(str text, uint64_t *ret)
{
	str fraction = str_skip(text, str_find(text, '.'));
	uint64_t ns = 0, unit = 100000000;
	int64_t seconds;
	int r = time_parse(text, &seconds);

	/* A zone may lead before 1970. */
	if (r < 0 || seconds < 0 || (uint64_t)seconds >= UINT64_MAX / 1000000000)
		return -EBADMSG;
	for (size_t i = 1; i < fraction.n && fraction.p[i] >= '0' && fraction.p[i] <= '9'; i++) {
		ns += unit * (uint64_t)(fraction.p[i] - '0');
		unit /= 10;
	}
	*ret = (uint64_t)seconds * 1000000000 + ns;
	return 0;
}

static struct tm civil_of(int64_t seconds)
{
	time_t t = (time_t)MAX((int64_t)0, MIN(seconds, last_second));
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	return tm;
}

void time_render(int64_t seconds, char ret[TIME_TEXT_BYTES])
{
	struct tm tm = civil_of(seconds);
	size_t n = strftime(ret, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);

	assert(n > 0);
}

void time_render_day(int64_t seconds, char ret[TIME_TEXT_BYTES])
{
	struct tm tm = civil_of(seconds);
	size_t n = strftime(ret, TIME_TEXT_BYTES, "%Y-%m-%d", &tm);

	assert(n > 0);
}

void time_render_ns(uint64_t ns, char ret[TIME_NS_TEXT_BYTES])
{
	struct tm tm = civil_of((int64_t)(ns / 1000000000));
	size_t n = strftime(ret, TIME_NS_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);

	snprintf(ret + n, TIME_NS_TEXT_BYTES - n, ".%09" PRIu64 "Z", ns % 1000000000);
}

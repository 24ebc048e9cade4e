#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const char *in_language(const struct err *e, const char *fmt)
{
	return e->translate ? e->translate(fmt) : fmt;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
	"-Wformat-nonliteral" /* a translation keeps its format's conversions; a test holds it to that */
static void format(struct err *e, char *at, size_t room, const char *fmt, va_list ap)
{
	if (vsnprintf(at, room, in_language(e, fmt), ap) < 0)
		at[0] = '\0';
}
#pragma GCC diagnostic pop

int err_vset(struct err *e, int code, const char *fmt, va_list args)
{
	if (e) {
		e->code = code;
		format(e, e->text, sizeof(e->text), fmt, args);
	}
	return -code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)err_vset(e, code, fmt, ap);
	va_end(ap);
	return -code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (!e)
		return -code;
	e->code = code;
	va_start(ap, fmt);
	format(e, e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", in_language(e, strerror(code)));
	return -code;
}

int err_wrap(struct err *e, int r, const char *fmt, ...)
{
	char inner[ERR_TEXT_BYTES];
	va_list ap;
	size_t n;

	if (!e)
		return r;
	memcpy(inner, e->text, sizeof(inner));
	va_start(ap, fmt);
	format(e, e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	if (inner[0])
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", inner);
	if (!e->code)
		e->code = r < 0 ? -r : r;
	return r;
}

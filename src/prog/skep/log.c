#include "prog/skep/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/phrase.h"
#include "base/text.h"
#include "prog/skep/progress.h"
#include "prog/skep/translate.h"

static struct {
	enum log_level most;
	bool color;
	enum lang lang;
} state = { .most = LOG_NOTE };

void log_setup(enum log_level most, bool color, enum lang lang)
{
	state.most = most;
	state.color = color;
	state.lang = lang;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored \
	"-Wformat-nonliteral" /* a translation keeps its format's conversions; a test holds it to that */
PRINTF_LIKE(3, 0)
static bool format(char *text, size_t room, const char *fmt, va_list ap)
{
	return vsnprintf(text, room, state.lang == LANG_ZH ? translate_zh(fmt) : fmt, ap) >= 0;
}
#pragma GCC diagnostic pop

PRINTF_LIKE(2, 0)
static void line(enum log_level level, const char *fmt, va_list ap)
{
	static const struct {
		struct phrase word;
		const char *color;
	} levels[] = {
		[LOG_ERROR] = { { "error", "错误" }, "\033[1;31m" },
		[LOG_WARNING] = { { "warning", "警告" }, "\033[1;33m" },
		[LOG_NOTE] = { { "note", "提示" }, "\033[1m" },
		[LOG_DEBUG] = { { "debug", "调试" }, "\033[2m" },
	};
	OWNED_BUF shown = BUF_INIT;
	char text[4096];

	if (level > state.most)
		return;
	if (!format(text, sizeof(text), fmt, ap))
		return;
	for (str rest = str_from(text); rest.n;) {
		text_escape(str_line(&rest), &shown);
		if (rest.n)
			buf_byte(&shown, '\n');
	}
	progress_done();
	fprintf(stderr, "skep: %s%s%s: %s\n", state.color ? levels[level].color : "",
		phrase_in(levels[level].word, state.lang), state.color ? "\033[0m" : "",
		buf_cstr(&shown));
}

#define LOG_FUNCTION(name, level) \
	void name(const char *fmt, ...) \
	{ \
		va_list ap; \
\
		va_start(ap, fmt); \
		line(level, fmt, ap); \
		va_end(ap); \
	}

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warning, LOG_WARNING)
LOG_FUNCTION(log_note, LOG_NOTE)
LOG_FUNCTION(log_debug, LOG_DEBUG)

void log_retell(const char *english, struct buf *out)
{
	OWNED_BUF zh = BUF_INIT;

	if (state.lang == LANG_ZH)
		retell_zh(str_from(english), &zh);
	buf_add(out, zh.n && !buf_error(&zh) ? buf_str(&zh) : str_from(english));
}

void log_retold(const char *english)
{
	OWNED_BUF own = BUF_INIT;

	log_retell(english, &own);
	log_note("%s", buf_cstr(&own));
}

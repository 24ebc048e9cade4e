#include "prog/skep/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

static struct {
	enum log_level most;
	bool color;
	bool progress, drawn;
	struct timespec last;
} state = { .most = LOG_NOTE };

void log_setup(enum log_level most, bool color)
{
	state.most = most;
	state.color = color;
}

PRINTF_LIKE(2, 0)
static void line(enum log_level level, const char *fmt, va_list ap)
{
	static const struct {
		const char *word, *color;
	} levels[] = {
		[LOG_ERROR] = { "error", "\033[1;31m" },
		[LOG_WARNING] = { "warning", "\033[1;33m" },
		[LOG_NOTE] = { "note", "\033[1m" },
		[LOG_DEBUG] = { "debug", "\033[2m" },
	};
	OWNED_BUF shown = BUF_INIT;
	char text[4096];

	if (level > state.most)
		return;
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	for (str rest = str_from(text); rest.n;) {
		text_escape(str_line(&rest), &shown);
		if (rest.n)
			buf_byte(&shown, '\n');
	}
	progress_done();
	fprintf(stderr, "skep: %s%s%s: %s\n", state.color ? levels[level].color : "",
		levels[level].word, state.color ? "\033[0m" : "", buf_cstr(&shown));
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

void progress_enable(void)
{
	state.progress = true;
}

static bool too_soon(void)
{
	struct timespec now;
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (now.tv_sec - state.last.tv_sec) * 1000 + (now.tv_nsec - state.last.tv_nsec) / 1000000;
	if (state.drawn && ms < 100)
		return true;
	state.last = now;
	return false;
}

#define PROGRESS_CELLS 24

void progress_update(const char *phase, uint64_t done, uint64_t total)
{
	char bar[PROGRESS_CELLS + 1];
	size_t filled;

	if (!state.progress || (too_soon() && done != total))
		return;
	state.drawn = true;
	if (!total) {
		fprintf(stderr, "\r\033[K%s %.1f MB", phase, (double)done / 1e6);
		return;
	}
	filled = (size_t)(MIN(done, total) * PROGRESS_CELLS / total);
	memset(bar, ' ', PROGRESS_CELLS);
	memset(bar, '#', filled);
	bar[PROGRESS_CELLS] = '\0';
	fprintf(stderr, "\r\033[K%s [%s] %3.0f%% of %.1f MB", phase, bar,
		100.0 * (double)MIN(done, total) / (double)total, (double)total / 1e6);
}

void progress_done(void)
{
	if (state.drawn)
		fputs("\r\033[K", stderr);
	state.drawn = false;
}

#include "prog/skep/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/phrase.h"
#include "base/text.h"

#define BAR_MAX 30
#define BAR_MIN 5
#define REDRAW_MS 100

static struct {
	bool enabled, drawn;
	enum lang lang;
	uint64_t last_ms;
} state;

static str phase_words(enum lang lang, const char *phase)
{
	static const struct {
		const char *phase;
		struct phrase words;
	} known[] = {
		{ "archive", { "reading the archive", "读取归档" } },
		{ "layers", { "reading layers", "读取镜像层" } },
		{ "files", { "reading files", "读取文件" } },
		{ "download", { "downloading", "下载" } },
		{ "import", { "importing", "导入" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(phase, known[i].phase) == 0)
			return str_from(phrase_in(known[i].words, lang));
	return str_from(phase);
}

void progress_line(struct buf *out, enum lang lang, const char *phase, uint64_t done_bytes,
		   uint64_t total_bytes, unsigned int width)
{
	uint64_t done = MIN(done_bytes, total_bytes);
	unsigned int percent =
		total_bytes ? (unsigned int)((double)done * 100 / (double)total_bytes) : 0;
	OWNED_BUF head = BUF_INIT;
	OWNED_BUF tail = BUF_INIT;
	unsigned int room, cells;

	text_escape(phase_words(lang, phase), &head);
	buf_byte(&head, ' ');
	if (total_bytes)
		buf_printf(&tail, "%3u%% / %.1f MB", percent, (double)total_bytes / 1e6);
	else
		buf_printf(&tail, "%.1f MB", (double)done_bytes / 1e6);

	room = text_width(buf_str(&head)) + text_width(buf_str(&tail)) + 4;
	cells = total_bytes && width >= room + BAR_MIN ? MIN(width - room, BAR_MAX) : 0;
	if (cells) {
		unsigned int filled = percent * cells / 100;

		buf_byte(&head, '[');
		for (unsigned int i = 0; i < cells; i++)
			buf_byte(&head, i < filled ? '#' : ' ');
		buf_add(&head, S("] "));
	}
	buf_add(&head, buf_str(&tail));
	text_ellipsis(buf_str(&head), MAX(width, 2u) - 1, out);
}

void progress_enable(enum lang lang)
{
	state.enabled = true;
	state.lang = lang;
}

static bool too_soon(void)
{
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (state.drawn && now - state.last_ms < REDRAW_MS)
		return true;
	state.last_ms = now;
	return false;
}

static unsigned int terminal_width(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

void progress_update(const char *phase, uint64_t done_bytes, uint64_t total_bytes)
{
	OWNED_BUF line = BUF_INIT;

	if (!state.enabled || (too_soon() && done_bytes != total_bytes))
		return;
	state.drawn = true;
	progress_line(&line, state.lang, phase, done_bytes, total_bytes, terminal_width());
	fprintf(stderr, "\r\033[K%s", buf_cstr(&line));
	fflush(stderr);
}

void progress_done(void)
{
	if (state.drawn)
		fputs("\r\033[K", stderr);
	state.drawn = false;
}

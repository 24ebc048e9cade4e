/* A notice from disk, told in every format. Whatever an agent wrote: JSON is JSON, a line is one line, a pair of CEF or LEEF
 * begins only where we began one, a mail has one end of its headers. */
#include "fuzz.h"

#include "codec/json.h"
#include "console/notify/card.h"
#include "console/notify/cef.h"
#include "console/notify/chat.h"
#include "console/notify/feed.h"
#include "console/notify/leef.h"
#include "console/notify/mail.h"

static void check_json(struct buf *b, struct arena *a)
{
	struct value v = { 0 };

	assert(!buf_error(b) && json_parse(buf_str(b), a, &v, NULL) == 0);
	buf_reset(b);
}

static void check_line(const struct buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		assert(b->p[i] != '\n' && b->p[i] != '\r');
}

/* After the seventh bar that is not escaped: pairs, each '=' but the first of a pair escaped. */
static void check_cef(const struct buf *b)
{
	str s = buf_str(b);
	size_t bars = 0, at = 0, pairs = 0;

	check_line(b);
	for (; at < s.n && bars < 7; at++) {
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == '|')
			bars++;
	}
	assert(bars == 7);
	for (; at < s.n; at++) {
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == '=')
			pairs++;
	}
	/* All that we ever write. */
	assert(pairs >= 2 && pairs <= 30);
}

static void check_leef(const struct buf *b)
{
	str rest = buf_str(b), header;
	size_t bars = 0, pairs = 0;

	check_line(b);
	header = str_cut(&rest, '\t');
	for (size_t i = 0; i < header.n; i++)
		bars += header.p[i] == '|';
	assert(bars == 6);
	for (; rest.n; pairs++)
		(void)str_cut(&rest, '\t');
	assert(pairs <= 24);
}

static void tell(const struct notice *n, struct arena *a)
{
	const struct mail_envelope v = { .from = S("s@b.c"), .host = S("h"), .now_s = 1795285228 };
	OWNED_BUF b = BUF_INIT;
	struct card c;

	cef_render(n, LANG_EN, &b);
	check_cef(&b);
	buf_reset(&b);
	leef_render(n, LANG_ZH, &b);
	check_leef(&b);
	buf_reset(&b);
	notice_json_within(n, 2000, &b);
	assert(b.n <= 2000);
	check_json(&b, a);
	feed_render_json(n, 1, false, &b);
	check_json(&b, a);
	feed_render_alertmanager(n, 1, "https://c", LANG_EN, 1, 60, &b);
	check_json(&b, a);
	if (card_make(n, LANG_ZH, "https://c", a, &c, NULL) < 0)
		return;
	chat_render_slack(&c, n->priority, &b);
	check_json(&b, a);
	chat_render_teams(&c, n->priority, &b);
	check_json(&b, a);
	chat_render_wecom(&c, &b);
	check_json(&b, a);
	chat_render_feishu(&c, n->priority, S("x"), 1, &b);
	check_json(&b, a);
	mail_render(&v, &c, n->priority, &b);
	/* One end of the headers, and no header but ours. */
	assert(str_search(buf_str(&b), S("\r\n\r\n")) < b.n);
	for (size_t i = 0; i < b.n; i++)
		assert((unsigned char)b.p[i] < 127 &&
		       (b.p[i] != '\n' || (i && b.p[i - 1] == '\r')));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWNED_BUF line = BUF_INIT;
	struct notice n, again;
	struct arena a;

	arena_init(&a, (size_t)64 << 20);
	if (notice_parse((str){ (const char *)data, size }, &a, &n, NULL) == 0) {
		notice_render(&n, &line);
		assert(str_find(buf_str(&line), '\n') == line.n);
		if (notice_parse(buf_str(&line), &a, &again, NULL) == 0)
			assert(again.id == n.id && again.more == n.more &&
			       again.priority == n.priority);
		tell(&n, &a);
	}
	arena_done(&a);
	return 0;
}

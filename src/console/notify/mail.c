#include "console/notify/mail.h"

#include <inttypes.h>
#include <time.h>

#include "base/text.h"
#include "codec/base64.h"

/* An encoded word has 75 characters at most (RFC 2047 section 2), a line of base64 76 (RFC 2045 section 6.8). */
enum { WORD_BYTES = 42, LINE_BYTES = 57, ADDRESS_MAX = 254, TEXT_MAX = 16 << 10 };

bool mail_is_address(str s)
{
	size_t at = str_find(s, '@');

	if (s.n > ADDRESS_MAX || at == 0 || at + 1 >= s.n || str_find_last(s, '@') != at ||
	    s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 || strchr("<>,;:\"()[]\\", s.p[i]))
			return false;
	return true;
}

static bool is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] >= 127)
			return false;
	return str_search(s, S("=?")) == s.n && s.n < 70;
}

/* As many bytes of whole characters as an encoded word takes. */
static str take_word(str *rest)
{
	str left = *rest, word = *rest;

	word.n = 0;
	while (left.n) {
		str next = left;

		(void)text_next(&next);
		if (rest->n - next.n > WORD_BYTES)
			break;
		left = next;
		word.n = rest->n - left.n;
	}
	*rest = left;
	return word;
}

static void put_subject(str title, struct buf *out)
{
	buf_add(out, S("Subject: "));
	if (is_plain(title)) {
		buf_add(out, title);
		buf_add(out, S("\r\n"));
		return;
	}
	while (title.n) {
		buf_add(out, S("=?UTF-8?B?"));
		base64_encode(out, take_word(&title));
		buf_add(out, title.n ? S("?=\r\n ") : S("?=\r\n"));
	}
}

/* RFC 5322 section 3.3, in English whatever the locale. */
static void put_date(uint64_t now_s, struct buf *out)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)now_s;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday,
		   tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		   tm.tm_sec);
}

static void put_id(const struct mail_envelope *v, struct buf *out)
{
	buf_printf(out, "Message-ID: <skep.%" PRIu64 ".%" PRIu64 "@", v->id, v->now_s);
	for (size_t i = 0; i < v->host.n; i++)
		buf_byte(out, (v->host.p[i] > ' ' && v->host.p[i] < 127 &&
			       !strchr("<>@()[]\\,;:\"", v->host.p[i]))
				      ? v->host.p[i]
				      : '-');
	buf_add(out, v->host.n ? S(">\r\n") : S("skep>\r\n"));
}

static void put_body(const struct card *c, struct buf *out)
{
	OWNED_BUF text = BUF_INIT;
	str rest;

	card_render_text(c, TEXT_MAX, &text);
	rest = buf_str(&text);
	while (rest.n) {
		base64_encode(out, str_take(rest, LINE_BYTES));
		buf_add(out, S("\r\n"));
		rest = str_skip(rest, LINE_BYTES);
	}
	if (buf_error(&text))
		out->error = buf_error(&text);
}

void mail_render(const struct mail_envelope *v, const struct card *c, enum alert_priority p,
		 struct buf *out)
{
	bool first = true;

	buf_printf(out, "From: <%.*s>\r\nTo: ", STR_ARG(v->from));
	VALUE_EACH (to, v->to) {
		buf_printf(out, "%s<%.*s>", first ? "" : ",\r\n ", STR_ARG(value_str(to)));
		first = false;
	}
	buf_add(out, S("\r\n"));
	put_subject(c->title, out);
	put_date(v->now_s, out);
	put_id(v, out);
	buf_printf(out,
		   "Auto-Submitted: auto-generated\r\nX-Priority: %d\r\nMIME-Version: 1.0\r\n"
		   "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
		   "base64\r\n\r\n",
		   p <= PRIORITY_CRITICAL ? 1 : 3);
	put_body(c, out);
}

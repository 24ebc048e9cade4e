#include "wire/syslog_message.h"

#include "base/text.h"

/* RFC 5424 section 6: the longest each header field may be. */
enum { HOST_MAX = 255, APP_MAX = 48, PROCESS_MAX = 128, ID_MAX = 32, VALUE_MAX = 512 };

static void put_name(struct buf *out, str s, size_t max)
{
	s = str_take(s, max);
	if (s.n == 0)
		buf_byte(out, '-');
	for (size_t i = 0; i < s.n; i++)
		buf_byte(out, s.p[i] > 32 && s.p[i] < 127 ? s.p[i] : '_');
	buf_byte(out, ' ');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/** @return whether @p s begins as @p picture does, in which 9 is any digit */
static bool looks_like(str s, const char *picture)
{
	for (size_t i = 0; picture[i]; i++)
		if (i >= s.n || (picture[i] == '9' ? !is_digit(s.p[i]) : s.p[i] != picture[i]))
			return false;
	return true;
}

/** FULL-DATE "T" FULL-TIME. TIME-SECFRAC has six digits at most. */
static void put_time(struct buf *out, str t)
{
	static const char seconds[] = "9999-99-99T99:99:99";
	size_t at = sizeof(seconds) - 1, end = at;
	str zone;

	if (looks_like(str_skip(t, at), ".9"))
		for (end = at + 1; end < t.n && is_digit(t.p[end]); end++)
			;
	zone = str_skip(t, end);
	if (!looks_like(t, seconds) ||
	    !(str_is(zone, "Z") ||
	      (zone.n == 6 && (looks_like(zone, "+99:99") || looks_like(zone, "-99:99"))))) {
		buf_add(out, S("- "));
		return;
	}
	buf_add(out, str_take(t, MIN(end, at + 7)));
	buf_add(out, zone);
	buf_byte(out, ' ');
}

static void put_data(const struct syslog_message *m, struct buf *out)
{
	if (m->verbatim && !m->param_count) {
		buf_add(out, S("- "));
		return;
	}
	buf_printf(out, "[%s", m->data_id);
	for (size_t i = 0; i < m->param_count; i++) {
		if (m->params[i].value.n == 0)
			continue;
		buf_printf(out, " %s=\"", m->params[i].name);
		text_put_line(m->params[i].value, VALUE_MAX,
			      &(struct text_line){ .escaped = "\"\\]" }, out);
		buf_byte(out, '"');
	}
	buf_add(out, S("] "));
}

void syslog_message_render(const struct syslog_message *m, struct buf *out)
{
	const size_t max = m->max_bytes ? m->max_bytes : SYSLOG_MAX_BYTES;
	size_t from = out->n, used;

	buf_printf(out, "<%u>1 ", m->facility * 8 + m->severity);
	put_time(out, m->time);
	put_name(out, m->host, HOST_MAX);
	put_name(out, m->app, APP_MAX);
	put_name(out, m->process, PROCESS_MAX);
	put_name(out, m->id, ID_MAX);
	put_data(m, out);
	/* It says that the text is UTF-8. */
	if (!m->verbatim)
		buf_add(out, S("\xef\xbb\xbf"));
	used = out->n - from;
	if (used < max)
		text_put_line(m->text, max - used, &(struct text_line){ .tabs = m->verbatim }, out);
}

#include "codec/json_out.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"

void json_out_init(struct json_out *j, struct buf *out, bool pretty)
{
	*j = (struct json_out){ .out = out, .pretty = pretty };
}

/* Length of the well-formed UTF-8 sequence at the head of s, or 0. */
static size_t utf8_sequence(str s)
{
	str rest = s;

	return text_next(&rest) == TEXT_ILL_FORMED ? 0 : s.n - rest.n;
}

static void escape(struct buf *out, unsigned char c)
{
	static const char short_for[] = "btn\0fr"; /* U+0008 to U+000D */

	if (c >= 8 && c <= 13 && c != 11)
		buf_printf(out, "\\%c", short_for[c - 8]);
	else
		buf_printf(out, "\\u%04x", c);
}

void json_quote(struct buf *out, str s)
{
	size_t plain = 0;

	buf_byte(out, '"');
	while (plain < s.n) {
		unsigned char c = (unsigned char)s.p[plain];
		size_t n = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f
				   ? utf8_sequence(str_skip(s, plain))
				   : 0;

		if (n) {
			plain += n;
			continue;
		}
		buf_add(out, str_take(s, plain));
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x80)
			escape(out, c);
		else
			buf_add(out, S("\xef\xbf\xbd"));
		s = str_skip(s, plain + 1);
		plain = 0;
	}
	buf_add(out, s);
	buf_byte(out, '"');
}

static void new_line(struct json_out *j)
{
	if (!j->pretty)
		return;
	buf_byte(j->out, '\n');
	for (unsigned int i = 0; i < j->depth; i++)
		buf_add(j->out, S("  "));
}

static void before_value(struct json_out *j)
{
	if (j->keyed) {
		j->keyed = false;
		return;
	}
	assert(!j->is_object[j->depth]);
	if (j->filled[j->depth])
		buf_byte(j->out, ',');
	j->filled[j->depth] = true;
	if (j->depth)
		new_line(j);
}

static void open_container(struct json_out *j, bool is_object)
{
	before_value(j);
	assert(j->depth < JSON_OUT_MAX_DEPTH);
	buf_byte(j->out, is_object ? '{' : '[');
	j->depth++;
	j->filled[j->depth] = false;
	j->is_object[j->depth] = is_object;
}

static void close_container(struct json_out *j, bool is_object)
{
	bool filled = j->filled[j->depth];

	assert(j->depth && j->is_object[j->depth] == is_object && !j->keyed);
	j->depth--;
	if (filled)
		new_line(j);
	buf_byte(j->out, is_object ? '}' : ']');
}

void json_object_open(struct json_out *j)
{
	open_container(j, true);
}

void json_object_close(struct json_out *j)
{
	close_container(j, true);
}

void json_array_open(struct json_out *j)
{
	open_container(j, false);
}

void json_array_close(struct json_out *j)
{
	close_container(j, false);
}

void json_key_str(struct json_out *j, str key)
{
	assert(j->is_object[j->depth] && !j->keyed);
	if (j->filled[j->depth])
		buf_byte(j->out, ',');
	j->filled[j->depth] = true;
	new_line(j);
	json_quote(j->out, key);
	buf_add(j->out, j->pretty ? S(": ") : S(":"));
	j->keyed = true;
}

void json_key(struct json_out *j, const char *key)
{
	json_key_str(j, str_from(key));
}

void json_str(struct json_out *j, str s)
{
	before_value(j);
	json_quote(j->out, s);
}

void json_cstr(struct json_out *j, const char *s)
{
	json_str(j, str_from(s));
}

void json_int(struct json_out *j, int64_t n)
{
	before_value(j);
	buf_printf(j->out, "%lld", (long long)n);
}

void json_uint(struct json_out *j, uint64_t n)
{
	before_value(j);
	buf_printf(j->out, "%llu", (unsigned long long)n);
}

void json_double(struct json_out *j, double n, int decimals)
{
	char text[64];
	int len;

	before_value(j);
	if (!isfinite(n) || fabs(n) >= 1e15) {
		buf_add(j->out, S("null"));
		return;
	}
	len = snprintf(text, sizeof(text), "%.*f", decimals, n);
	while (decimals > 0 && len > 1 && text[len - 1] == '0')
		len--;
	if (decimals > 0 && len > 1 && text[len - 1] == '.')
		len--;
	buf_add(j->out, (str){ text, (size_t)len });
}

void json_bool(struct json_out *j, bool b)
{
	before_value(j);
	buf_add(j->out, b ? S("true") : S("false"));
}

void json_null(struct json_out *j)
{
	before_value(j);
	buf_add(j->out, S("null"));
}

void json_raw(struct json_out *j, str json)
{
	before_value(j);
	buf_add(j->out, json);
}

void json_opt_str(struct json_out *j, const char *key, str s)
{
	if (s.n)
		json_put_str(j, key, s);
}

void json_put_str(struct json_out *j, const char *key, str s)
{
	json_key(j, key);
	json_str(j, s);
}

void json_put_cstr(struct json_out *j, const char *key, const char *s)
{
	json_put_str(j, key, str_from(s));
}

void json_put_int(struct json_out *j, const char *key, int64_t n)
{
	json_key(j, key);
	json_int(j, n);
}

void json_put_uint(struct json_out *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_uint(j, n);
}

void json_put_bool(struct json_out *j, const char *key, bool b)
{
	json_key(j, key);
	json_bool(j, b);
}

void json_put_strs(struct json_out *j, const char *key, const str *strings, size_t count)
{
	json_key(j, key);
	json_array_open(j);
	for (size_t i = 0; i < count; i++)
		json_str(j, strings[i]);
	json_array_close(j);
}

void json_put_words(struct json_out *j, const char *key, str words)
{
	json_key(j, key);
	json_array_open(j);
	while (words.n) {
		str word = str_cut(&words, ' ');

		if (word.n)
			json_str(j, word);
	}
	json_array_close(j);
}

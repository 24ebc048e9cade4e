/*
 * Whatever an alert holds, the message is one RFC 5424 has a production for, within the bound, without a control character,
 * in UTF-8; and a header field or parameter that could be written as it is was.
 */
#include "fuzz.h"

#include "base/text.h"
#include "input.h"
#include "wire/syslog_message.h"

enum { PARAMS = 4 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes the bytes of a picture, in which 9 is any digit. */
static bool take_picture(str *s, const char *picture)
{
	size_t n = strlen(picture);

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (picture[i] == '9' ? !is_digit(s->p[i]) : s->p[i] != picture[i])
			return false;
	*s = str_skip(*s, n);
	return true;
}

static bool is_timestamp(str t)
{
	size_t digits = 0;

	if (str_is(t, "-"))
		return true;
	if (!take_picture(&t, "9999-99-99T99:99:99"))
		return false;
	if (take_picture(&t, ".")) {
		while (digits < t.n && is_digit(t.p[digits]))
			digits++;
		if (digits < 1 || digits > 6)
			return false;
		t = str_skip(t, digits);
	}
	return str_is(t, "Z") ||
	       ((take_picture(&t, "+99:99") || take_picture(&t, "-99:99")) && t.n == 0);
}

static void check_name(str *rest, str wanted, size_t max)
{
	str name = str_cut(rest, ' ');

	assert(name.n >= 1 && name.n <= max);
	for (size_t i = 0; i < name.n; i++)
		assert(name.p[i] > 32 && name.p[i] < 127);
	for (size_t i = 0; i < wanted.n; i++)
		if (wanted.p[i] <= 32 || wanted.p[i] >= 127)
			return;
	if (wanted.n)
		assert(str_eq(name, str_take(wanted, max)));
}

/* PARAM-VALUE: '"', '\' and ']' behind a backslash, and a backslash before nothing else. */
static void check_value(str *rest, str wanted)
{
	bool plain = wanted.n < 250; /* with room for a backslash before each */
	size_t n = 0;

	assert(str_starts(*rest, S("\"")));
	*rest = str_skip(*rest, 1);
	while (rest->p[0] != '"') {
		char c = rest->p[0];

		assert(c != ']');
		if (c == '\\') {
			*rest = str_skip(*rest, 1);
			assert(rest->n && strchr("\"\\]", rest->p[0]));
			c = rest->p[0];
		}
		if (plain && n < wanted.n && (unsigned char)wanted.p[n] >= 32 &&
		    (unsigned char)wanted.p[n] < 127)
			assert(c == wanted.p[n]);
		else
			plain = false;
		n++;
		*rest = str_skip(*rest, 1);
		assert(rest->n);
	}
	*rest = str_skip(*rest, 1);
	assert(!plain || n == wanted.n);
}

static void check(str all, const struct syslog_message *m)
{
	unsigned int priority = m->facility * 8 + m->severity;
	uint32_t told;
	str rest = all;

	assert(all.n <= SYSLOG_MAX_BYTES && text_ill_formed(all) == all.n);
	for (size_t i = 0; i < all.n; i++)
		assert((unsigned char)all.p[i] >= 32 && all.p[i] != 127);
	assert(str_starts(rest, S("<")));
	rest = str_skip(rest, 1);
	assert(str_u32(str_cut(&rest, '>'), &told) == 0 && told == priority);
	assert(str_is(str_cut(&rest, ' '), "1") && is_timestamp(str_cut(&rest, ' ')));
	check_name(&rest, m->host, 255);
	check_name(&rest, m->app, 48);
	check_name(&rest, m->process, 128);
	check_name(&rest, m->id, 32);
	assert(str_starts(rest, S("[x@1")));
	rest = str_skip(rest, 4);
	for (size_t i = 0; i < m->param_count; i++) {
		if (!m->params[i].value.n)
			continue;
		assert(str_starts(rest, S(" ")) &&
		       str_starts(str_skip(rest, 1), str_from(m->params[i].name)));
		rest = str_skip(rest, 1 + strlen(m->params[i].name));
		assert(str_starts(rest, S("=")));
		rest = str_skip(rest, 1);
		check_value(&rest, m->params[i].value);
	}
	assert(str_starts(rest, S("] \xef\xbb\xbf")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[PARAMS] = { "a", "bb", "ccc", "dddd" };
	struct syslog_param params[PARAMS];
	struct input in = input_of(data, size);
	struct syslog_message m = { .facility = input_byte(&in) % 24,
				    .severity = input_byte(&in) % 8,
				    .data_id = "x@1",
				    .params = params,
				    .param_count = PARAMS };
	OWNED_BUF out = BUF_INIT;

	m.time = input_text(&in);
	m.host = input_text(&in);
	m.app = input_text(&in);
	m.process = input_text(&in);
	m.id = input_text(&in);
	for (size_t i = 0; i < PARAMS; i++)
		params[i] = (struct syslog_param){ names[i], input_text(&in) };
	m.text = in.rest;
	syslog_message_render(&m, &out);
	assert(!buf_error(&out));
	check(buf_str(&out), &m);
	return 0;
}

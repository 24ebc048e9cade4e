/*
 * RubyGems' Gem::Version: segments of digits and of letters, letters below digits, an absent segment 0.
 *
 * Ruby compares segment by segment as if 0 followed both without end, so a run of zeros is told by what ends it: see
 * the tags. Zeros before the first letters count for nothing ("1.0.a" is "1.a"), and '-' is ".pre.".
 */
#include "codec/version_priv.h"

enum { WORD = 0x01, ZEROS_THEN_WORD = 0x02, END = 0x03, ZEROS_THEN_NUMBER = 0x04, NUMBER = 0x05 };

struct segments {
	struct buf *out;
	unsigned int zeros; /* numbers 0 seen and not yet written */
	bool in_words;      /* a segment of letters came */
};

static void put_u16(struct buf *out, unsigned int v)
{
	buf_byte(out, (char)(v >> 8));
	buf_byte(out, (char)v);
}

static void put_number(struct segments *s, str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = str_skip(digits, 1);
	if (!digits.n) {
		s->zeros++;
		return;
	}
	if (s->zeros) {
		buf_byte(s->out, ZEROS_THEN_NUMBER);
		put_u16(s->out, ~s->zeros);
	}
	s->zeros = 0;
	buf_byte(s->out, NUMBER);
	version_put_number(s->out, digits);
}

static void put_word(struct segments *s, str word)
{
	if (s->zeros && s->in_words) {
		buf_byte(s->out, ZEROS_THEN_WORD);
		put_u16(s->out, s->zeros);
	}
	s->zeros = 0;
	s->in_words = true;
	buf_byte(s->out, WORD);
	buf_add(s->out, word);
	buf_byte(s->out, '\0');
}

/* A number first; segments apart by '.', and after the first '-' that may stand in for one too. */
static bool is_well_formed(str s)
{
	bool dashed = false, due = true;

	if (!s.n || !version_is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '-' && !dashed) {
			if (due)
				return false;
			dashed = true;
			due = true;
		} else if (c == '.') {
			if (due)
				return false;
			due = true;
		} else if (version_is_digit(c) ||
			   (version_is_alpha(c) && (dashed || str_find(s, '.') < i)) ||
			   (c == '-' && dashed)) {
			due = false;
		} else {
			return false;
		}
	}
	return !due;
}

int version_gem_key(str text, struct buf *out, struct err *e)
{
	struct segments s = { .out = out };
	str rest = str_trim(text);

	if (!is_well_formed(rest))
		return version_refuse(e, VERSION_GEM, text, "not of the form 1.2.3[.pre][-pre]");
	while (rest.n) {
		str segment = version_digits(rest);

		if (segment.n) {
			put_number(&s, segment);
		} else {
			while (segment.n < rest.n && version_is_alpha(rest.p[segment.n]))
				segment = str_take(rest, segment.n + 1);
			if (segment.n)
				put_word(&s, segment);
		}
		if (!segment.n) {
			if (rest.p[0] == '-')
				put_word(&s, S("pre"));
			segment.n = 1;
		}
		rest = str_skip(rest, segment.n);
	}
	buf_byte(out, END);
	return 0;
}

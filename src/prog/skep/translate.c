#include "prog/skep/translate.h"

#include <ctype.h>

static const struct {
	const char *en, *zh;
} messages[] = {
#define X(en, zh) { en, zh },
#include "prog/skep/messages_zh.def"
#undef X
};

/* The table is in byte order: tool/check-messages sorts it, and a test holds it to that. */
const char *translate_zh(const char *format)
{
	size_t low = 0, high = ARRAY_LEN(messages);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(format, messages[middle].en);

		if (c == 0)
			return messages[middle].zh;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return format;
}

translate_fn *translate_to(enum lang lang)
{
	return lang == LANG_ZH ? translate_zh : NULL;
}

/* ---- Sentences back to their formats ---- */

enum { FILLED_MAX = 8, RETELL_LOOKS = 32, RETELL_MAX_BYTES = 4096 };

struct filled {
	str values[FILLED_MAX];
	bool is_text[FILLED_MAX];
	size_t count;
	size_t literal; /* bytes of the format that were found in the sentence: the more, the surer */
};

/* Cuts what stands before the next conversion, with "%%" as it is. @param ret_kind its letter; 0 at the end */
static str cut_literal(const char **format, char *ret_kind)
{
	const char *begin = *format, *p = begin;
	str literal;

	while (*p && (*p != '%' || p[1] == '%'))
		p += *p == '%' ? 2 : 1;
	literal = (str){ begin, (size_t)(p - begin) };
	*ret_kind = '\0';
	if (*p)
		p += 1 + strspn(p + 1, "-+ #0123456789.*hlzjt");
	if (*p)
		*ret_kind = *p++;
	*format = p;
	return literal;
}

static size_t literal_bytes(str literal)
{
	size_t n = literal.n;

	for (size_t i = 0; i + 1 < literal.n; i++)
		if (literal.p[i] == '%') {
			n--;
			i++;
		}
	return n;
}

/* @return bytes of @p text the literal takes, or -1 when it does not begin with it */
static ssize_t begins_with(str text, str literal)
{
	size_t at = 0;

	for (size_t i = 0; i < literal.n; i++, at++) {
		if (at == text.n || text.p[at] != literal.p[i])
			return -1;
		i += literal.p[i] == '%';
	}
	return (ssize_t)at;
}

static bool is_of_number(char c, char kind)
{
	if (strchr("xXp", kind))
		return isxdigit((unsigned char)c);
	return isdigit((unsigned char)c) || c == '-' || (c == '.' && strchr("feg", kind));
}

/* @return bytes of the value at the start of @p text before @p literal; SIZE_MAX: there is none such */
static size_t find_value(str text, char kind, str literal, bool last)
{
	const bool is_text = kind == 's' || kind == 'c';
	size_t n = 0;

	if (!is_text) {
		while (n < text.n && is_of_number(text.p[n], kind))
			n++;
		return n ? n : SIZE_MAX;
	}
	if (last)
		return text.n >= literal_bytes(literal) ? text.n - literal_bytes(literal)
							: SIZE_MAX;
	/* Of texts side by side the last has it all. */
	while (n <= text.n && begins_with(str_skip(text, n), literal) < 0)
		n++;
	return n <= text.n ? n : SIZE_MAX;
}

static bool is_made_from(str text, const char *format, struct filled *ret)
{
	struct filled f = { 0 };
	char kind, next;
	str literal = cut_literal(&format, &kind);
	ssize_t taken = begins_with(text, literal);

	while (taken >= 0 && kind) {
		size_t n;

		f.literal += (size_t)taken;
		text = str_skip(text, (size_t)taken);
		literal = cut_literal(&format, &next);
		n = find_value(text, kind, literal, !next);
		if (n == SIZE_MAX || f.count == FILLED_MAX)
			return false;
		f.is_text[f.count] = kind == 's';
		f.values[f.count++] = str_take(text, n);
		text = str_skip(text, n);
		kind = next;
		taken = begins_with(text, literal);
	}
	if (taken < 0 || (size_t)taken != text.n)
		return false;
	f.literal += (size_t)taken;
	*ret = f;
	return true;
}

/* @param left how many sentences may still be looked for, in all: texts that others chose may be made of nothing but their beginnings */
static const char *find_format(str text, unsigned *left, struct filled *ret)
{
	const char *zh = NULL;
	struct filled f;

	if (!*left || !text.n)
		return NULL;
	--*left;
	ret->literal = 0;
	for (size_t i = 0; i < ARRAY_LEN(messages); i++)
		if (is_made_from(text, messages[i].en, &f) && f.literal > ret->literal) {
			zh = messages[i].zh;
			*ret = f;
		}
	return zh;
}

static void retell(str text, unsigned *left, struct buf *out);

static void put_filled(const char *format, const struct filled *f, unsigned *left, struct buf *out)
{
	for (size_t i = 0;; i++) {
		char kind;
		const str literal = cut_literal(&format, &kind);

		for (size_t k = 0; k < literal.n; k++) {
			buf_byte(out, literal.p[k]);
			k += literal.p[k] == '%';
		}
		if (!kind || i == f->count)
			return;
		if (f->is_text[i])
			retell(f->values[i], left, out);
		else
			buf_add(out, f->values[i]);
	}
}

/* Context that was put in front of a sentence (err_wrap) and the system's words behind one (err_sys) are parted by ": ". */
static bool retell_parts(str text, unsigned *left, struct buf *out)
{
	for (size_t i = 0; i + 2 < text.n && *left; i++) {
		struct filled f;
		const char *zh;

		if (!str_starts(str_skip(text, i), S(": ")))
			continue;
		zh = find_format(str_take(text, i), left, &f);
		if (!zh)
			continue;
		put_filled(zh, &f, left, out);
		buf_add(out, S("："));
		retell(str_skip(text, i + 2), left, out);
		return true;
	}
	return false;
}

/* One word in front names who says the rest, as a part of the agent does, and stays. @return its bytes with ": "; 0: there is none */
static size_t speaker_bytes(str text)
{
	size_t n = 0;

	while (n < text.n && !strchr(" :", text.p[n]))
		n++;
	return n && str_starts(str_skip(text, n), S(": ")) ? n + 2 : 0;
}

/* Bounded, and with it how deep it goes: each step looks once at least. */
static void retell(str text, unsigned *left, struct buf *out)
{
	struct filled f, of_rest;
	size_t speaker = speaker_bytes(text);
	const char *zh = find_format(text, left, &f);
	const char *rest = speaker ? find_format(str_skip(text, speaker), left, &of_rest) : NULL;

	if (rest && (!zh || of_rest.literal > f.literal)) {
		buf_add(out, str_take(text, speaker));
		put_filled(rest, &of_rest, left, out);
	} else if (zh) {
		put_filled(zh, &f, left, out);
	} else if (!retell_parts(text, left, out)) {
		if (!*left)
			speaker = 0;
		buf_add(out, speaker ? str_take(text, speaker) : text);
		if (speaker)
			retell(str_skip(text, speaker), left, out);
	}
}

void retell_zh(str english, struct buf *out)
{
	unsigned left = english.n <= RETELL_MAX_BYTES ? RETELL_LOOKS : 0;

	retell(english, &left, out);
}

const struct translation translation_zh = { translate_zh, retell_zh };

#include "scan/report/words.h"

#include <stdio.h>

#include "base/text.h"

static const char *const templates[LANG_COUNT][WORD_COUNT] = {
	[LANG_EN] = {
#define X(id, en, zh) [WORD_##id] = (en),
#include "scan/report/words.def"
#undef X
	},
	[LANG_ZH] = {
#define X(id, en, zh) [WORD_##id] = (zh),
#include "scan/report/words.def"
#undef X
	},
};

const char *words_template(enum lang lang, enum word w)
{
	return templates[lang][w];
}

/* "{0}" or "{0?one:many}", without the braces. */
static void add_place(struct buf *out, str place, const str args[WORDS_MAX_ARGS])
{
	str arg = args[(place.p[0] - '0') % WORDS_MAX_ARGS];

	if (place.n == 1) {
		buf_add(out, arg);
		return;
	}
	str many = str_skip(place, 2);
	str one = str_cut(&many, ':');
	buf_add(out, str_is(arg, "1") ? one : many);
}

void words_add_args(struct buf *out, enum lang lang, enum word w, const str args[WORDS_MAX_ARGS])
{
	str rest = str_from(templates[lang][w]);

	while (rest.n) {
		bool placed = str_find(rest, '{') < rest.n;

		buf_add(out, str_cut(&rest, '{'));
		if (placed)
			add_place(out, str_cut(&rest, '}'), args);
	}
}

str words_number(uint64_t n, struct words_number *room)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t at = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			room->text[at++] = ',';
		room->text[at++] = digits[i];
	}
	room->text[at] = '\0';
	return (str){ room->text, at };
}

str words_bytes(uint64_t n, struct words_number *room)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double v = (double)n;
	size_t unit = 0;

	for (; v >= 1000 && unit + 1 < ARRAY_LEN(units); unit++)
		v /= 1000;
	snprintf(room->text, sizeof(room->text), "%.*f %s", unit > 0 && v < 100, v, units[unit]);
	return str_from(room->text);
}

const char *words_severity(enum lang lang, enum severity s)
{
	static const char *const zh[] = {
#define WORDS_SEVERITY(id, name, chinese) [SEVERITY_##id] = (chinese),
		SEVERITIES(WORDS_SEVERITY)
#undef WORDS_SEVERITY
	};

	return lang == LANG_ZH ? zh[s] : severity_name(s);
}

const char *words_fix_state(enum lang lang, enum fix_state s)
{
	static const char *const words[LANG_COUNT][FIX_STATE_COUNT] = {
#define WORDS_EN(id, name, en, zh) [LANG_EN][FIX_##id] = (en),
		FIX_STATES(WORDS_EN)
#undef WORDS_EN
#define WORDS_ZH(id, name, en, zh) [LANG_ZH][FIX_##id] = (zh),
			FIX_STATES(WORDS_ZH)
#undef WORDS_ZH
	};

	return words[lang][s];
}

const char *words_gap_kind(enum lang lang, enum gap_kind k)
{
	static const char *const words[LANG_COUNT][GAP_KIND_COUNT] = {
#define WORDS_EN(id, name, en, zh) [LANG_EN][GAP_##id] = (en),
		GAP_KINDS(WORDS_EN)
#undef WORDS_EN
#define WORDS_ZH(id, name, en, zh) [LANG_ZH][GAP_##id] = (zh),
			GAP_KINDS(WORDS_ZH)
#undef WORDS_ZH
	};

	return words[lang][k];
}

const char *words_maturity(enum lang lang, enum maturity m)
{
	static const char *const zh[] = {
#define WORDS_MATURITY(id, name, chinese) [MATURITY_##id] = (chinese),
		MATURITIES(WORDS_MATURITY)
#undef WORDS_MATURITY
	};

	return lang == LANG_ZH ? zh[m] : maturity_name(m);
}

void words_ignore_note(struct buf *out, enum lang lang, const struct ignore_note *n)
{
	static const char *const words[LANG_COUNT][IGNORE_NOTE_COUNT] = {
#define WORDS_EN(id, name, en, zh) [LANG_EN][IGNORE_##id] = (en),
		IGNORE_NOTES(WORDS_EN)
#undef WORDS_EN
#define WORDS_ZH(id, name, en, zh) [LANG_ZH][IGNORE_##id] = (zh),
			IGNORE_NOTES(WORDS_ZH)
#undef WORDS_ZH
	};
	str rest = str_from(words[lang][n->kind]);
	size_t at = str_search(rest, S("{0}"));

	buf_add(out, str_take(rest, at));
	if (at < rest.n)
		text_escape(n->detail, out);
	buf_add(out, str_skip(rest, at + 3));
}

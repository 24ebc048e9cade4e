#define PCRE2_CODE_UNIT_WIDTH 8
#include "codec/regex.h"

#include <pcre2.h>

struct regex {
	pcre2_code *code;
};

struct regex_scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

/* RE2 has no back references, look-around, atomic groups, recursion or conditions, and PCRE2 cannot be told to refuse them all. */
static bool is_beyond_re2(str p, size_t *ret_at)
{
	bool class = false;

	for (size_t i = 0; i < p.n; i++) {
		str rest = str_skip(p, i + 1);

		*ret_at = i;
		if (p.p[i] == '\\') {
			if (!class && rest.n && memchr("123456789gkGKRXNZ", rest.p[0], 17))
				return true;
			if (str_starts(rest, S("Q"))) {
				size_t end = str_search(rest, S("\\E"));

				i += end;
			}
			i++;
		} else if (class) {
			class = p.p[i] != ']';
		} else if (p.p[i] == '[') {
			class = true;
			/* A ']' that comes first stands for itself. */
			if (str_starts(rest, S("^]")) || str_starts(rest, S("]")))
				i += rest.p[0] == '^' ? 2 : 1;
		} else if (p.p[i] == '(' && str_starts(rest, S("?")) &&
			   !str_starts(rest, S("?:")) && !str_starts(rest, S("?P<")) &&
			   !(rest.n > 1 && memchr("imsU-", rest.p[1], 5))) {
			return true;
		} else if (p.p[i] == '(' && str_starts(rest, S("*"))) {
			return true;
		} else if (memchr("*+?}", p.p[i], 4) && str_starts(rest, S("+"))) {
			return true;
		}
	}
	return false;
}

int regex_new(str pattern, struct regex **ret, size_t *ret_at, struct err *e)
{
	const uint32_t how = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL |
			     PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE;
	struct regex *r;
	size_t at;
	int code;

	if (pattern.n > REGEX_MAX_PATTERN)
		return err_set(e, E2BIG, "a regular expression of more than %d bytes",
			       REGEX_MAX_PATTERN);
	if (is_beyond_re2(pattern, &at)) {
		if (ret_at)
			*ret_at = at;
		return err_set(e, EBADMSG,
			       "the regular expression uses what RE2 has not, at byte %zu", at);
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	r->code = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, how, &code,
				&at, NULL);
	if (!r->code) {
		PCRE2_UCHAR text[120];

		pcre2_get_error_message(code, text, sizeof(text));
		free(r);
		if (ret_at)
			*ret_at = at;
		return err_set(e, EBADMSG, "malformed regular expression: %s, at byte %zu",
			       (const char *)text, at);
	}
	*ret = r;
	return 0;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->code);
	free(r);
}

int regex_scratch_new(struct regex_scratch **ret, struct err *e)
{
	struct regex_scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->data = pcre2_match_data_create(1, NULL);
	s->context = pcre2_match_context_create(NULL);
	if (!s->data || !s->context) {
		regex_scratch_free(s);
		return err_set(e, ENOMEM, "out of memory");
	}
	pcre2_set_match_limit(s->context, REGEX_MAX_STEPS);
	pcre2_set_depth_limit(s->context, REGEX_MAX_DEPTH);
	*ret = s;
	return 0;
}

void regex_scratch_free(struct regex_scratch *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	free(s);
}

int regex_match(const struct regex *r, struct regex_scratch *s, str text)
{
	int n = pcre2_match(r->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, s->data,
			    s->context);

	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	return n < 0 ? -E2BIG : 1;
}

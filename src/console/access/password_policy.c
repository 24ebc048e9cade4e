#include "console/access/password_policy.h"

#include "base/text.h"
#include "base/word.h"

/* So long a password needs no kinds: length is what makes it hard to guess. */
#define LONG_CHARACTERS 20
#define COMMON_MAX_BYTES 64

struct password_policy password_policy_of(struct password_policy p)
{
	p.least = p.least ? p.least : 12;
	p.kinds = p.kinds ? p.kinds : 3;
	p.remember =
		p.remember ? MIN(p.remember, PASSWORD_POLICY_REMEMBER) : PASSWORD_POLICY_REMEMBER;
	return p;
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes beyond ASCII are letters of some script. */
static bool is_letter(char c)
{
	return is_lower(c) || is_upper(c) || (uint8_t)c >= 0x80;
}

static unsigned int kinds_of(str s)
{
	bool lower = false, upper = false, digit = false, other = false;

	for (size_t i = 0; i < s.n; i++) {
		lower |= is_lower(s.p[i]);
		upper |= is_upper(s.p[i]);
		digit |= is_digit(s.p[i]);
		other |= !is_lower(s.p[i]) && !is_upper(s.p[i]) && !is_digit(s.p[i]);
	}
	return (unsigned int)lower + upper + digit + other;
}

static unsigned int distinct_bytes(str s)
{
	bool seen[256] = { false };
	unsigned int n = 0;

	for (size_t i = 0; i < s.n; i++) {
		n += !seen[(uint8_t)s.p[i]];
		seen[(uint8_t)s.p[i]] = true;
	}
	return n;
}

/* Without digits and signs at both ends, in lower case: "Password2024!" is "password". */
static str core_of(str s, char room[COMMON_MAX_BYTES])
{
	while (s.n && !is_letter(s.p[0]))
		s = str_skip(s, 1);
	while (s.n && !is_letter(s.p[s.n - 1]))
		s.n--;
	if (s.n > COMMON_MAX_BYTES)
		return (str){ 0 };
	for (size_t i = 0; i < s.n; i++)
		room[i] = is_upper(s.p[i]) ? (char)(s.p[i] + 32) : s.p[i];
	return (str){ room, s.n };
}

static bool is_common(str password)
{
	static const char *const common[] = {
#define X(word) word,
#include "console/access/password_common.def"
#undef X
	};
	char room[COMMON_MAX_BYTES];
	str core = core_of(password, room);

	return WORD_FIND(common, core) >= 0 || distinct_bytes(password) < 5;
}

static bool holds_name(str password, str user)
{
	if (user.n < 3)
		return false;
	return str_holds_nocase(password, user);
}

static unsigned int characters(str s)
{
	unsigned int n = 0;

	while (s.n) {
		text_next(&s);
		n++;
	}
	return n;
}

int password_policy_check(const struct password_policy *p, str user, str password, struct err *e)
{
	struct password_policy full = password_policy_of(*p);
	unsigned int n = characters(password);

	if (n < full.least)
		return err_set(e, EINVAL, "the password is too short: %u characters at least",
			       full.least);
	if (n < LONG_CHARACTERS && kinds_of(password) < full.kinds)
		return err_set(e, EINVAL,
			       "the password is too simple: %u kinds of small letters, capitals, "
			       "digits and signs, or %d characters",
			       full.kinds, LONG_CHARACTERS);
	if (holds_name(password, user))
		return err_set(e, EINVAL, "the password must not contain the user's name");
	if (is_common(password))
		return err_set(e, EINVAL, "the password is one of those tried first");
	return 0;
}

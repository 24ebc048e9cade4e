#include "console/notify/echo.h"

#include <ctype.h>

#include "codec/base64.h"
#include "wire/url.h"

/* Parts of addresses below LEAST are versions and switches. */
enum {
	RUN = 8,
	LEAST = 4,
	SLOT_BITS = 17,
	SLOTS = 1 << SLOT_BITS,
	RUNS_MAX = SLOTS / 2,
	ARENA_BYTES = 4 << 20
};

/* An answer may have a megabyte and the secrets many kilobytes: each place in it is looked up once. */
struct search {
	struct arena arena;
	str *shorts; /* secrets below RUN */
	size_t count, cap;
	bool failed;
	size_t run_count;
	uint64_t runs[SLOTS]; /* of the others; 0: none there */
};

static uint64_t run_at(str text, size_t i)
{
	uint64_t v;

	memcpy(&v, text.p + i, RUN);
	return v;
}

/* @return where @p run is, or would be */
static size_t slot(const struct search *s, uint64_t run)
{
	size_t at = (size_t)(run * 0x9e3779b97f4a7c15ULL >> (64 - SLOT_BITS));

	while (s->runs[at] && s->runs[at] != run)
		at = (at + 1) % SLOTS;
	return at;
}

static void add_short(struct search *s, str secret)
{
	str copy = arena_str(&s->arena, secret);
	str *at = copy.p ? ARENA_PUSH(&s->arena, s->shorts, s->count, s->cap) : NULL;

	if (at)
		*at = copy;
	else
		s->failed = true;
}

static void add(struct search *s, str secret)
{
	if (secret.n && secret.n < RUN)
		add_short(s, secret);
	for (size_t i = 0; i + RUN <= secret.n && !s->failed; i++) {
		const uint64_t run = run_at(secret, i);
		const size_t at = slot(s, run);

		s->failed = !s->runs[at] && ++s->run_count > RUNS_MAX;
		s->runs[at] = run;
	}
}

static bool is_in(const struct search *s, str text)
{
	for (size_t i = 0; i < s->count; i++)
		if (str_search(text, s->shorts[i]) < text.n)
			return true;
	for (size_t i = 0; i + RUN <= text.n; i++)
		if (s->runs[slot(s, run_at(text, i))])
			return true;
	return false;
}

/* @return the value of so many digits in front, -1: they are none, or no character of ASCII */
static int digits(str s, size_t n)
{
	int value = 0;

	if (s.n < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s.p[i]))
			return -1;
		value = value * 16 + (s.p[i] <= '9' ? s.p[i] - '0' : (s.p[i] | 0x20) - 'a' + 10);
	}
	return value < 0x80 ? value : -1;
}

/* Takes one level of a JSON string's and a URL's escapes off. */
static void unescape(str text, struct buf *out)
{
	while (text.n) {
		const bool back = text.p[0] == '\\' && text.n > 1;
		const bool coded = text.p[0] == '%' || (back && text.p[1] == 'u');
		const size_t mark = back && coded ? 2 : back || coded ? 1 : 0;
		const size_t n = back ? 4 : 2;
		const int value = coded ? digits(str_skip(text, mark), n) : -1;

		if (value >= 0) {
			buf_byte(out, (char)value);
			text = str_skip(text, mark + n);
		} else {
			buf_byte(out, text.p[back]);
			text = str_skip(text, back ? 2 : 1);
		}
	}
}

static void add_base64(struct search *s, str secret)
{
	OWNED_BUF b = BUF_INIT;

	base64_encode(&b, secret);
	s->failed |= buf_error(&b) != 0;
	while (b.n && b.p[b.n - 1] == '=')
		b.n--;
	add(s, buf_str(&b));
}

/* "Basic dXNlcjpwYXNz": the password is the secret. */
static void add_password(struct search *s, str base64)
{
	OWNED_BUF b = BUF_INIT;
	str pair;

	if (base64_decode(&b, base64, NULL) < 0)
		return;
	pair = buf_str(&b);
	(void)str_cut(&pair, ':');
	add(s, pair);
}

/* A header's value may begin with a scheme. */
static void add_text(struct search *s, str text)
{
	str rest = text, scheme = str_cut(&rest, ' ');

	rest = str_trim(rest.n ? rest : text);
	add(s, text);
	add(s, rest);
	add_base64(s, rest);
	if (str_eq_nocase(scheme, S("Basic")))
		add_password(s, rest);
}

static void add_part(struct search *s, str part)
{
	OWNED_BUF b = BUF_INIT;

	if (part.n < LEAST)
		return;
	unescape(part, &b);
	s->failed |= buf_error(&b) != 0;
	add(s, part);
	add(s, buf_str(&b));
}

/* What a query's parts are called is no secret, and just what is told of them: "invalid access_token". */
static void add_url(struct search *s, str text)
{
	struct url u;

	if (!url_split(text, &u)) {
		add_text(s, text);
		return;
	}
	add_part(s, u.path);
	while (u.query.n) {
		str value = str_cut(&u.query, '&');

		(void)str_cut(&value, '=');
		add_part(s, value);
	}
}

/* As http_job_basic() sends them. */
static void add_pair(struct search *s, const struct receiver *r)
{
	const str password = value_get_str(&r->settings, "password");
	OWNED_BUF pair = BUF_INIT;

	if (!password.n)
		return;
	buf_add(&pair, value_get_str(&r->settings, "user"));
	buf_byte(&pair, ':');
	buf_add(&pair, password);
	s->failed |= buf_error(&pair) != 0;
	add_base64(s, buf_str(&pair));
}

static void add_all(struct search *s, const struct receiver *r)
{
	for (const struct setting *t = r->kind->settings; t->name; t++) {
		if (t->type == SETTING_SECRET_URL)
			add_url(s, receiver_text(r, t->name));
		else if (t->type == SETTING_SECRET)
			add_text(s, receiver_text(r, t->name));
		else if (t->type == SETTING_SECRET_MAP)
			VALUE_MEMBERS (m, receiver_value(r, t->name))
				add_text(s, value_str(&m->value));
	}
	add_pair(s, r);
}

/* Servers show as text, and escape again, what came to them escaped. */
static bool is_in_any_form(const struct search *s, str answer)
{
	OWNED_BUF once = BUF_INIT, twice = BUF_INIT;

	unescape(answer, &once);
	unescape(buf_str(&once), &twice);
	return buf_error(&once) || buf_error(&twice) || is_in(s, answer) ||
	       is_in(s, buf_str(&once)) || is_in(s, buf_str(&twice));
}

bool echo_holds_secret(const struct receiver *r, str answer)
{
	struct search *s = calloc(1, sizeof(*s));
	bool found;

	if (!s)
		return true;
	arena_init(&s->arena, ARENA_BYTES);
	add_all(s, r);
	found = s->failed || is_in_any_form(s, answer);
	arena_done(&s->arena);
	free(s);
	return found;
}

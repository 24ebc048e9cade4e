/* Entries of a passwd(5) or group(5) file lie in the text, in order, each at a line's beginning, with its number behind it; and packed they come out as they
 * went in. */
#include "fuzz.h"

#include "asset/accounts.h"
#include "base/buf.h"
#include "input.h"

static bool inside(str text, str part)
{
	return !part.n || (part.p >= text.p && part.p + part.n <= text.p + text.n &&
			   str_find(part, ':') == part.n && str_find(part, '\n') == part.n);
}

static uint32_t number_in(str line)
{
	uint32_t n;
	str number;

	(void)str_cut(&line, ':');
	(void)str_cut(&line, ':');
	number = str_cut(&line, ':');
	/* The last number of a line may stand before a "\r\n". */
	if (number.n && number.p[number.n - 1] == '\r')
		number.n--;
	assert(str_u32(number, &n) == 0);
	return n;
}

static void check(enum account_file file, str text)
{
	OWNED_BUF packed = BUF_INIT;
	const char *at = text.p;
	struct account x, y;
	str out;

	for (str rest = text; accounts_next(file, &rest, &x);) {
		str line = str_skip(text, (size_t)(x.name.p - text.p));

		line = str_take(line, str_find(line, '\n'));
		assert(x.name.n && x.name.p >= at && inside(text, x.name));
		assert(x.name.p == text.p || x.name.p[-1] == '\n');
		assert(inside(line, x.home) && inside(line, x.shell));
		assert(number_in(line) == x.user);
		assert(file == ACCOUNT_PASSWD || (x.user == x.group && !x.home.n && !x.shell.n));
		at = x.name.p + x.name.n;
		accounts_pack(&packed, &x);
	}
	out = buf_str(&packed);
	for (str rest = text; accounts_next(file, &rest, &x);) {
		assert(accounts_unpack(&out, &y));
		assert(x.user == y.user && x.group == y.group && str_eq(x.name, y.name) &&
		       str_eq(x.home, y.home) && str_eq(x.shell, y.shell));
	}
	assert(!out.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);

	(void)input_byte(&in);
	check(ACCOUNT_PASSWD, in.rest);
	check(ACCOUNT_GROUP, in.rest);
	return 0;
}

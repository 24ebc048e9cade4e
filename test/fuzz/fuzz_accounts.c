/* A name told from a passwd(5) or group(5) file stands in it at a line's beginning, with the number asked for behind it. A home or a shell
 * is there for the same numbers, and lies in the same line. Entries taken one by one lie in the text, in order, and the first of a number is what
 * that number asks for. */
#include "fuzz.h"

#include "asset/accounts.h"
#include "input.h"

static void check(str text, uint32_t number)
{
	str name = accounts_parse(text, number, ACCOUNT_NAME), line;
	str home = accounts_parse(text, number, ACCOUNT_HOME);
	str shell = accounts_parse(text, number, ACCOUNT_SHELL);
	uint32_t found;

	assert(!name.p == !home.p && !name.p == !shell.p);
	if (!name.n)
		return;
	assert(!home.n || (home.p > name.p && home.p + home.n <= text.p + text.n &&
			   str_find(home, ':') == home.n && str_find(home, '\n') == home.n));
	assert(!shell.n || (shell.p > name.p && shell.p + shell.n <= text.p + text.n &&
			    (!home.n || shell.p > home.p + home.n)));
	assert(name.p >= text.p && name.p + name.n < text.p + text.n);
	assert(name.p == text.p || name.p[-1] == '\n');
	assert(str_find(name, ':') == name.n && str_find(name, '\n') == name.n);
	line = str_skip(text, (size_t)(name.p - text.p));
	line = str_take(line, str_find(line, '\n'));
	(void)str_cut(&line, ':');
	(void)str_cut(&line, ':');
	line = str_take(line, str_find(line, ':'));
	/* The last number of a line may stand before a "\r\n". */
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	assert(str_u32(line, &found) == 0 && found == number);
}

static void check_all(str text)
{
	const char *at = text.p;
	struct account x;

	for (str rest = text; accounts_next(&rest, &x);) {
		str first = accounts_parse(text, x.user, ACCOUNT_NAME);

		assert(x.name.n && x.name.p >= at && x.name.p + x.name.n <= text.p + text.n);
		assert(str_find(x.name, ':') == x.name.n && str_find(x.name, '\n') == x.name.n);
		assert(!x.home.n ||
		       (x.home.p > x.name.p && x.home.p + x.home.n <= text.p + text.n));
		assert(!x.shell.n || x.shell.p + x.shell.n <= text.p + text.n);
		assert(first.p && first.p <= x.name.p);
		at = x.name.p + x.name.n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	uint32_t asked = input_byte(&in);

	check(in.rest, asked);
	check(in.rest, 0);
	check(in.rest, 65534);
	check(in.rest, UINT32_MAX);
	check_all(in.rest);
	return 0;
}

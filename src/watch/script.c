#include "watch/script.h"

#include "base/word.h"

/* After these the script may come second: options of shells, Python, Perl, PHP, Ruby and Node, and what busybox is called for. */
static const char *const before[] = { "-o",        "+o",       "-O",          "+O", "-W",
				      "-X",        "-d",       "-I",          "-r", "-C",
				      "-S",        "--rcfile", "--init-file", "sh", "ash",
				      "--require", "--import" };

static bool begins_with_word(str text, str word)
{
	return word.n && str_starts(text, word) && (text.n == word.n || text.p[word.n] == ' ');
}

/* Python and Node make the name absolute themselves. */
static bool is_given(str rest, str cwd, str name)
{
	if (begins_with_word(rest, name))
		return true;
	if (!cwd.n || !str_starts(name, cwd))
		return false;
	name = str_skip(name, cwd.n);
	return begins_with_word(rest, name) ||
	       (str_starts(rest, S("./")) && begins_with_word(str_skip(rest, 2), name));
}

bool script_is_named(str args, str cwd, str name)
{
	bool may_be_value = false;

	while (args.n) {
		str word;
		bool option;

		if (is_given(args, cwd, name))
			return true;
		word = str_cut(&args, ' ');
		option = str_starts(word, S("-")) || str_starts(word, S("+"));
		if (!option && !may_be_value && WORD_FIND(before, word) < 0)
			return false;
		may_be_value = option && WORD_FIND(before, word) >= 0;
	}
	return false;
}

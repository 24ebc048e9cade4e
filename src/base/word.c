#include "base/word.h"

#include <errno.h>

static int find(const char *const *words, size_t count, str text, bool (*same)(str a, str b))
{
	for (size_t i = 0; i < count; i++)
		if (words[i] && same(text, str_from(words[i])))
			return (int)i;
	return -ENOENT;
}

int word_find(const char *const *words, size_t count, str text)
{
	return find(words, count, text, str_eq);
}

int word_find_nocase(const char *const *words, size_t count, str text)
{
	return find(words, count, text, str_eq_nocase);
}

const char *word_name(const char *const *words, size_t count, size_t i)
{
	return i < count && words[i] ? words[i] : "unknown";
}

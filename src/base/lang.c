#include "base/lang.h"

#include <stdlib.h>

int lang_find(str name, enum lang *ret)
{
	static const struct {
		const char *word;
		enum lang lang;
	} words[] = {
#define LANG_WORD(id, name) { name, LANG_##id },
		LANGS(LANG_WORD)
#undef LANG_WORD
			{ "c", LANG_EN },
		{ "posix", LANG_EN },
	};
	size_t n = 0;

	while (n < name.n && name.p[n] != '_' && name.p[n] != '-' && name.p[n] != '.' &&
	       name.p[n] != '@')
		n++;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq_nocase(str_take(name, n), str_from(words[i].word))) {
			*ret = words[i].lang;
			return 0;
		}
	return -ENOENT;
}

enum lang lang_of_environment(void)
{
	static const char *const variables[] = { "SKEP_LANG", "LC_ALL", "LC_MESSAGES", "LANG" };
	enum lang lang;

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		const char *text = getenv(variables[i]);

		if (text && *text)
			return lang_find(str_from(text), &lang) < 0 ? LANG_EN : lang;
	}
	return LANG_EN;
}

#include "prog/skep/translate.h"

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

/*
 * A cursor that is taken is the one its parts make, of as many parts as were asked for, none of which holds a NUL; any parts
 * without NUL come back from the cursor made of them, whose characters may stand in a URL.
 */
#include "fuzz.h"

#include "console/store/list_cursor.h"

static void check_taken(str text, size_t count, struct arena *a)
{
	str parts[LIST_CURSOR_PARTS], again;

	if (list_cursor_read(text, count, a, parts, NULL) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		assert(parts[i].n == 0 || !memchr(parts[i].p, 0, parts[i].n));
	assert(list_cursor_make(parts, count, a, &again, NULL) == 0 && str_eq(again, text));
}

static void check_made(str text, size_t count, struct arena *a)
{
	str parts[LIST_CURSOR_PARTS] = { 0 }, back[LIST_CURSOR_PARTS], cursor;

	for (size_t i = 0; i < count; i++) {
		parts[i] = i + 1 < count ? str_cut(&text, '/') : text;
		if (parts[i].n && memchr(parts[i].p, 0, parts[i].n))
			return;
	}
	assert(list_cursor_make(parts, count, a, &cursor, NULL) == 0);
	for (size_t i = 0; i < cursor.n; i++)
		assert(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
			      cursor.p[i]));
	assert(list_cursor_read(cursor, count, a, back, NULL) == 0);
	for (size_t i = 0; i < count; i++)
		assert(str_eq(back[i], parts[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };

	for (size_t count = 1; count <= LIST_CURSOR_PARTS; count++) {
		struct arena a;

		arena_init(&a, 0);
		check_taken(text, count, &a);
		check_made(text, count, &a);
		arena_done(&a);
	}
	return 0;
}

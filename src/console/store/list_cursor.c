#include "console/store/list_cursor.h"

#include "codec/base64.h"

int list_cursor_make(const str *parts, size_t count, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF plain = BUF_INIT, text = BUF_INIT;
	str made;

	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_byte(&plain, 0);
		buf_add(&plain, parts[i]);
	}
	base64url_encode(&text, buf_str(&plain));
	made = buf_error(&plain) < 0 || buf_error(&text) < 0 ? (str){ NULL, 0 }
							     : arena_str(a, buf_str(&text));
	if (!made.p)
		return err_set(e, ENOBUFS, "no memory for a cursor");
	*ret = made;
	return 0;
}

int list_cursor_read(str cursor, size_t count, struct arena *a, str *ret_parts, struct err *e)
{
	OWNED_BUF plain = BUF_INIT;
	size_t found = 0;
	str rest;

	if (base64url_decode(&plain, cursor, NULL) < 0)
		return err_set(e, EINVAL, "the cursor is not one of this list");
	rest = arena_str(a, buf_str(&plain));
	if (!rest.p)
		return err_set(e, ENOBUFS, "no memory for a cursor");
	for (size_t i = 0; i < rest.n; i++)
		found += rest.p[i] == 0;
	if (found != count - 1)
		return err_set(e, EINVAL, "the cursor is not one of this list");
	for (size_t i = 0; i < count; i++)
		ret_parts[i] = str_cut(&rest, 0);
	return 0;
}

#include "scan/feed/feed.h"

#include "scan/feed/formats.h"

const struct feed_format *const feed_formats[] = {
#define FEED_ENTRY(name) &feed_##name,
	FEED_FORMATS(FEED_ENTRY)
#undef FEED_ENTRY
		NULL,
};

bool feed_path_has(str path, const char *part)
{
	str p = str_from(part);

	return str_search(path, p) < path.n || str_starts(path, str_skip(p, 1));
}

str feed_path_name(str path)
{
	size_t slash = str_find_last(path, '/');

	return slash == path.n ? path : str_skip(path, slash + 1);
}

bool feed_head_has(str head, const char *text)
{
	return str_search(head, str_from(text)) < head.n;
}

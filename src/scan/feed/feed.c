#include "scan/feed/feed.h"

#include "scan/feed/formats.h"

const struct feed_format *const feed_formats[] = {
	&feed_alpine, &feed_debian_list, &feed_pypa, &feed_osv, NULL,
};

bool feed_path_has(str path, const char *part)
{
	str p = str_from(part);

	return str_search(path, p) < path.n || str_starts(path, str_skip(p, 1));
}

bool feed_head_has(str head, const char *text)
{
	return str_search(head, str_from(text)) < head.n;
}

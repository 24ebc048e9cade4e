#include "scan/feed/formats.h"

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

#include "scan/feed/feed.h"

#include "scan/feed/formats.h"

const struct feed_format *const feed_formats[] = {
#define FEED_ENTRY(name) &feed_##name,
	FEED_FORMATS(FEED_ENTRY)
#undef FEED_ENTRY
		NULL,
};

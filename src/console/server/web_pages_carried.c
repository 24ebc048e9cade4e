#include "console/server/web_pages.h"

/* Made by tool/carry. */
extern const char web_pages_blob[];
extern const char web_pages_blob_end[];

str web_pages_carried(void)
{
	return (str){ web_pages_blob, (size_t)(web_pages_blob_end - web_pages_blob) };
}

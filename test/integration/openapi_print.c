/* Prints the OpenAPI document of the console's API, for the tests that hold the web pages to it. */
#include <stdio.h>

#include "codec/json_out.h"
#include "console/api/openapi.h"

int main(void)
{
	struct buf out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, true);
	openapi_render(SKEP_VERSION, &j);
	if (out.error || fwrite(out.p, 1, out.n, stdout) != out.n || putchar('\n') == EOF)
		return 1;
	buf_done(&out);
	return 0;
}

#include <stdio.h>

#include "console/api/openapi.h"

/* Writes the document to the standard output, indented. */
int main(void)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, true);
	openapi_render(SKEP_VERSION, &j);
	buf_byte(&out, '\n');
	if (buf_error(&out) || fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0) {
		fputs("openapi: cannot write\n", stderr);
		return 1;
	}
	return 0;
}

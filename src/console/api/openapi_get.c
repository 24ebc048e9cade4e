#include "console/api/call.h"
#include "console/api/openapi.h"

int api_openapi_get(struct call *c, struct err *e)
{
	(void)e;
	openapi_render(SKEP_VERSION, &c->json);
	return 0;
}

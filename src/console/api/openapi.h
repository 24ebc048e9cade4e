/** @file
 * The OpenAPI 3.1 document of the API, made from object.def and route.def.
 */
#ifndef SKEP_CONSOLE_API_OPENAPI_H
#define SKEP_CONSOLE_API_OPENAPI_H

#include "codec/json_out.h"

/** Writes the document; the same bytes from the same tables. @param version  of the program */
void openapi_render(const char *version, struct json_out *j);

#endif

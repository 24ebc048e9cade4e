/** @file
 * What the blocking client and flows share.
 */
#ifndef SKEP_WIRE_HTTP_PRIV_H
#define SKEP_WIRE_HTTP_PRIV_H

#include "wire/http.h"

/** Sets what every transfer is bound to. @param curl a CURL *; @param detail CURL_ERROR_SIZE bytes. @return false: no memory */
bool http_apply_options(void *curl, const struct http_options *o, char *detail);

#endif

/** @file
 * An engine's address, for the modules that speak to it.
 */
#ifndef SKEP_WIRE_ENGINE_PRIV_H
#define SKEP_WIRE_ENGINE_PRIV_H

#include "wire/engine.h"
#include "wire/http.h"

struct engine {
	struct arena arena;
	enum engine_kind kind;
	struct http_options http;
	struct http_client *client;
	str base;  /**< "http://localhost" over a Unix socket */
	str place; /**< for messages */
};

#endif

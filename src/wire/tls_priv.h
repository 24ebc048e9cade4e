/** @file
 * What both ends of TLS share.
 */
#ifndef SKEP_WIRE_TLS_PRIV_H
#define SKEP_WIRE_TLS_PRIV_H

#include <openssl/ssl.h>

#include "wire/tls.h"

struct tls {
	SSL *ssl;
	short events;
};

#endif

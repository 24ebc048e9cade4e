/** @file
 * Rows of settings that kinds which speak TLS share.
 */
#ifndef SKEP_CONSOLE_NOTIFY_SETTING_TLS_H
#define SKEP_CONSOLE_NOTIFY_SETTING_TLS_H

#include "console/notify/setting.h"

/* The last rows of a table. */
#define SETTING_TLS \
	{ .name = "ca", \
	  .type = SETTING_PEM, \
	  .doc = { "certificate authority to trust, PEM", "受信任的证书颁发机构，PEM" } }, \
		{ .name = "clientCert", \
		  .type = SETTING_PEM, \
		  .doc = { "certificate to show, PEM", "客户端证书，PEM" } }, \
		{ .name = "clientKey", \
		  .type = SETTING_SECRET_PEM, \
		  .doc = { "its key, PEM", "客户端证书的私钥，PEM" } }, \
	{ \
		0 \
	}

#endif

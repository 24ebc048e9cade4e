/** @file
 * The certificates of a console that was given none: an authority of its own, and a server's certificate signed by it, in the
 * state folder (doc: authority.pem, authority.key, server.pem, server.key; keys are mode 0600).
 */
#ifndef SKEP_CONSOLE_SERVER_OWN_CERTIFICATE_H
#define SKEP_CONSOLE_SERVER_OWN_CERTIFICATE_H

#include "base/buf.h"
#include "base/err.h"

/**
 * Reads them, makes what is not there, and makes the server's anew when a third of its year is left, when it is called by other
 * names, or when it is none of the authority's.
 * @param folder made when absent
 * @param names  by which the server is called, besides localhost and this host's; NULL-terminated, may be NULL
 * @return 0, -EBADMSG (a file is damaged), -errno
 */
MUST_CHECK int own_certificate_get(const char *folder, const char *const *names,
				   struct buf *ret_certificate, struct buf *ret_key,
				   struct buf *ret_authority, struct err *e);

#endif

/** @file
 * Fetches one file to disk: from https, http, a local file, or an artifact in an OCI registry.
 *
 * What arrives is only bytes: whoever asked verifies them before use. Nothing stands at the destination until all of it
 * has come: it is written to PATH.part, and PATH.part.tag says what of; a later call goes on from there when the peer
 * still offers the same (a strong ETag, RFC 9110 section 13.1.5). Plain http is spoken to this machine's loopback only.
 */
#ifndef SKEP_WIRE_FETCH_H
#define SKEP_WIRE_FETCH_H

#include "base/err.h"

struct fetch_options {
	const char *ca_file;       /**< additional certificate authority, PEM; may be NULL */
	const char *docker_config; /**< for oci: URLs, as credentials_find() takes it */
	bool insecure;             /**< accept any certificate, and http to any host */
	unsigned int stall_s;      /**< 0: 30 */
	uint64_t max_bytes;        /**< 0: 4 GiB */
	/** Called often; @p total_bytes is 0 when unknown. May be NULL. */
	void (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
	void *progress_ctx;
};

/**
 * Fetches @p url to @p path, replacing what stands there in one step.
 *
 * @param url "https://...", "http://...", "file:/path", "file:path", or "oci:registry/repository:tag" (the first layer of
 *            the artifact, its digest verified; an "@sha256:..." pins the artifact)
 * @return 0, -EINVAL (another kind of URL), -EACCES (denied; certificate; http without @c insecure), -ENOENT,
 *         -EHOSTUNREACH, -ETIMEDOUT, -EPROTO, -E2BIG, -EBADMSG (no artifact), -EBUSY (another process fetches it), -ENOMEM, or the file system's errno.
 *         After -EPROTO, -ETIMEDOUT and -EHOSTUNREACH what came is kept for the next call.
 */
MUST_CHECK int fetch_file(const char *url, const char *path, const struct fetch_options *o,
			  struct err *e);

#endif

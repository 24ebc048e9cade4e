/** @file
 * Client of the OCI distribution API (distribution-spec 1.1), which is also Docker's registry v2: listing and pulling only.
 *
 * The registry is not trusted: documents are bounded and their digests are checked here; a blob's digest is the
 * receiver's to check. Credentials come from wire/credentials.h and go to the registry and the token service it
 * names, never to where a redirect leads, never from https to plain http.
 *
 * Plain http is spoken only to this machine's loopback and to registries the caller calls insecure, after https failed.
 */
#ifndef SKEP_WIRE_REGISTRY_H
#define SKEP_WIRE_REGISTRY_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/digest.h"
#include "codec/docker_config.h"
#include "codec/reference.h"
#include "codec/registry_list.h"

/** Bytes of one manifest, index or configuration. */
#define REGISTRY_DOCUMENT_MAX (16u << 20)

struct registry;

struct registry_options {
	const char *ca_file;       /**< additional certificate authority, PEM; may be NULL */
	const char *docker_config; /**< as credentials_find() takes it */
	bool insecure;             /**< accept any certificate, and plain http */
	/** taken instead of what docker_config says; copied; NULL: that */
	const struct docker_credential *credential;
	unsigned int stall_s;         /**< 0: 30 */
	const struct networks *reach; /**< as http_options.reach */
	unsigned int gap_ms;          /**< least time from one request to the next; 0: none */
};

/**
 * Prepares to pull from the repository of @p ref and finds out how its registry is spoken to.
 *
 * @param ref its repository may be empty: then the catalogue can be listed, and registry_select() names one
 * @return 0, -EHOSTUNREACH, -ETIMEDOUT, -EPROTO, -EACCES (certificate), -EPERM (out of reach), -ENOENT (the host is no
 *         registry), -ENOMEM, or
 *         what credentials_find() returned
 */
MUST_CHECK int registry_new(const struct registry_options *o, const struct reference *ref,
			    struct registry **ret, struct err *e);
void registry_free(struct registry *g);

/**
 * Closes the connection; the next call opens another. To be called before fork(2): parent and child must not speak over
 * one connection.
 */
void registry_disconnect(struct registry *g);

/** Goes on with another repository of the same registry. @return 0, -ENOMEM */
MUST_CHECK int registry_select(struct registry *g, str repository, struct err *e);

/**
 * Lists one page of the catalogue, or of the tags of the repository.
 *
 * @param page empty: the first; else @p ret_next of the page before
 * @param ret_next empty: this was the last
 * @return 0, -ENOENT (no catalogue, no such repository), -EBADMSG, -E2BIG, else as registry_manifest()
 */
MUST_CHECK int registry_list(struct registry *g, enum registry_listing what, str page,
			     struct arena *a, struct registry_list *ret, str *ret_next,
			     struct err *e);

/** The digest a tag points to, without fetching what it names where the registry tells. Errors as registry_manifest(). */
MUST_CHECK int registry_digest(struct registry *g, str tag, char ret[DIGEST_TEXT_BYTES],
			       struct err *e);

/** How long the last refusal for too many requests (429) asked to wait; 0: there was none since the last answer. */
uint64_t registry_wait_s(const struct registry *g);

struct registry_document {
	str bytes;      /**< owned by the arena */
	str media_type; /**< as the registry declares it, without parameters; may be empty */
	str digest;     /**< "sha256:..." of the bytes */
};

/**
 * Fetches an index or a manifest.
 *
 * @param tag_or_digest of a digest the bytes are checked; of a tag, what the registry says of them
 * @return 0, -ENOENT (no such image), -EACCES (denied), -EHOSTUNREACH (also 429 and 5xx after retries), -ETIMEDOUT,
 *         -EPROTO (also a wrong digest), -E2BIG, -EBADMSG (schema 1), -ENOBUFS
 */
MUST_CHECK int registry_manifest(struct registry *g, str tag_or_digest, struct arena *a,
				 struct registry_document *ret, struct err *e);

/** Fetches a configuration or another small blob whole and checks its digest. Errors as registry_manifest(). */
MUST_CHECK int registry_blob(struct registry *g, str digest, struct arena *a, str *ret,
			     struct err *e);

/**
 * Streams a blob, resuming when the transfer breaks. Errors as registry_manifest(), and what @p on_body returned.
 *
 * @param max_bytes more than that is -E2BIG
 */
MUST_CHECK int registry_blob_stream(struct registry *g, str digest, uint64_t max_bytes,
				    int (*on_body)(void *ctx, str bytes, struct err *e), void *ctx,
				    struct err *e);

#endif

/** @file
 * Image references as users write them: [registry/]repository[:tag][@digest], with Docker's defaults
 * (grammar of distribution's reference package).
 *
 * The text comes from a command line, a file or a peer. Nothing is looked up.
 */
#ifndef SKEP_CODEC_REFERENCE_H
#define SKEP_CODEC_REFERENCE_H

#include "base/arena.h"
#include "base/err.h"

#define REFERENCE_MAX_BYTES 4096
#define REFERENCE_MAX_NAME 255

struct reference {
	str registry;   /**< host[:port]; "docker.io" when the text names none */
	str repository; /**< "library/alpine"; never empty, lower case */
	str tag; /**< "latest" when the text has neither tag nor digest; may be empty otherwise */
	str digest; /**< "sha256:<64 hex>" or empty */
};

/**
 * Parses a reference. All strings are owned by @p a.
 *
 * @return 0, -EBADMSG (the message says which part is wrong), -ENOBUFS
 */
MUST_CHECK int reference_parse(str text, struct arena *a, struct reference *ret, struct err *e);

/** Whether a repository ("team/app") or a tag can be called so. */
bool reference_is_repository(str s);
bool reference_is_tag(str s);
/** "host", "host:port" or "[address]:port" */
bool reference_is_registry(str s);

/** The host to speak to: registry-1.docker.io for Docker Hub, else the registry itself. */
str reference_host(const struct reference *r);

/** The whole reference with nothing left out, owned by @p a; empty when the arena is spent. */
str reference_render(const struct reference *r, struct arena *a);

#endif

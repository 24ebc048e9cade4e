/** @file
 * Registries at work in a console: processes of their own, which list registries and scan images, because threads must not fork
 * and the console must not read what registries say.
 *
 * A keeper starts the steward, and starts it anew when it dies. The steward keeps the store up to date (one replica's leads); for each
 * run it starts a lister, and for each image a scanner, which reads layers in workers without privileges as agents' scanners
 * do. All die with the console; what was begun is taken up again from the store.
 */
#ifndef SKEP_CONSOLE_REGISTRY_REGISTRY_SERVICE_H
#define SKEP_CONSOLE_REGISTRY_REGISTRY_SERVICE_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/seal.h"

struct registry_service;

struct registry_service_options {
	const char *where; /**< the store, prepared */
	const char *state; /**< folder: scans and layers below it, and the key of secrets */
	/**
	 * Networks registries may be in besides this host's loopback and what wire/reach.h lets through: whoever may set up a
	 * registry must not have a cloud's metadata service read to them. NULL-terminated; may be NULL.
	 */
	const char *const *networks;
	/** takes a line for the operator, in another process; may be NULL */
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

/**
 * Starts the processes. To be called before the first thread.
 *
 * @param o its texts must outlive it
 * @return 0, -EBADMSG (the key), -EINVAL (a network), -E2BIG, -errno
 */
MUST_CHECK int registry_service_new(const struct registry_service_options *o,
				    struct registry_service **ret, struct err *e);
/** Ends them. */
void registry_service_free(struct registry_service *g);

/** Readable when registry_service_changed() has something to tell; negative when it never will. */
int registry_service_fd(const struct registry_service *g);
/** What changed since the last call. */
struct registry_changes {
	bool registries, findings;
	bool ended; /**< told once: its processes are gone, and nothing watches registries any more */
};
struct registry_changes registry_service_changed(struct registry_service *g);

/** Somebody wants something of registries, and the store says what: it is looked at now. From any thread. */
void registry_service_hurry(const struct registry_service *g);

/* Passwords; from any thread. */

/** Seals a registry's password for the store; an empty one is an empty text. @return as seal() */
MUST_CHECK int registry_service_seal(const struct registry_service *g, int64_t id, str password,
				     struct buf *out, struct err *e);

#endif

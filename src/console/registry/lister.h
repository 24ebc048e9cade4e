/** @file
 * Lists a registry: repositories, tags, the digest of each tag and what new digests stand for, told line by line
 * (registry_line.h). For a process of its own: it speaks with the registry and reads what that says, and knows no store.
 *
 * Requests keep their distance; a registry that has enough of them is left alone for as long as it asks. What cannot be
 * read of one tag or repository is told, and the others go on; a registry that is away three times in a row ends it.
 */
#ifndef SKEP_CONSOLE_REGISTRY_LISTER_H
#define SKEP_CONSOLE_REGISTRY_LISTER_H

#include "base/map.h"
#include "codec/docker_config.h"
#include "console/registry/registry_config.h"

/** A registry that asks for more is asked again at the next run. */
#define LISTER_WAIT_MAX_S 900
#define LISTER_REPOSITORIES_MAX 20000
#define LISTER_TAGS_MAX 200000

struct lister_task {
	str address;
	const struct registry_config *config;
	const struct docker_credential *credential;
	const char *ca_file;          /**< of config->ca; NULL: none */
	const struct networks *reach; /**< as http_options.reach */
	const struct map *known;      /**< "repository@digest": what it stands for is known */
	int out;
};

/** @return 0 when all was told, 1 when it ended early, which was told, too */
int lister_run(const struct lister_task *t);

#endif

/** @file
 * Repositories as registries' own APIs list them, project by project: what users may see who may not see the catalogue.
 *
 * Harbor: GET /api/v2.0/projects and /api/v2.0/projects/NAME/repositories (its api/v2.0/swagger.yaml; Basic sign-in, robots too).
 * GitLab: GET /api/v4/projects?membership=true, /api/v4/groups/PATH/registry/repositories with all below the group, and
 * /api/v4/projects/PATH/registry/repositories (docs.gitlab.com/api/container_registry; the access token as Bearer, scope
 * read_api), at the host of the token service the registry names, which is GitLab itself, and below its folder where GitLab is in one.
 * Quay: GET /api/v1/repository?namespace=NAME (Red Hat Quay API reference, listRepos; the token of user $oauthtoken as Bearer).
 *
 * Answers are trusted as little as the registry's others (codec/registry_list.h). A secret that was to go over TLS never goes
 * over plain http.
 */
#ifndef SKEP_WIRE_REGISTRY_API_H
#define SKEP_WIRE_REGISTRY_API_H

#include "wire/registry.h"

enum registry_api {
	REGISTRY_API_NONE,
	REGISTRY_API_HARBOR,
	REGISTRY_API_GITLAB,
	REGISTRY_API_QUAY
};

/** Whether this API can be asked with a user's credentials: Quay's robots have the catalogue alone. */
bool registry_api_takes(enum registry_api api, str user);
/** Whether it lists projects: else they have to be named. */
bool registry_api_lists_projects(enum registry_api api);

/**
 * Lists one page of the projects the user has a part in, or of the repositories of one.
 *
 * @param project empty: the projects; else where the repositories are: a Harbor project, a GitLab group or project, a namespace
 *                of Quay
 * @param page empty: the first; else @p ret_next of the page before
 * @param ret_next empty: this was the last
 * @return as registry_list(), and -EACCES when the secret would go over plain http
 */
MUST_CHECK int registry_api_list(struct registry *g, enum registry_api api, str project, str page,
				 struct arena *a, struct registry_list *ret, str *ret_next,
				 struct err *e);

#endif

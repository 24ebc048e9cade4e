/** @file
 * What a registry lists: answers to GET /v2/_catalog and /v2/NAME/tags/list, and where their next page is (OCI
 * distribution-spec 1.1 "Listing Tags"; distribution's catalogue; RFC 8288); and the lists of some registries' own APIs
 * (wire/registry_api.h): Harbor's projects and repositories (its api/v2.0/swagger.yaml, definitions Project and Repository),
 * GitLab's projects and registry repositories (docs.gitlab.com/api/projects and /api/container_registry), Quay's repositories
 * (docs.redhat.com, Red Hat Quay API reference, listRepos).
 *
 * The registry is not trusted: names that no repository or tag can have are left out and counted, and of a link only the
 * query is taken, so that the next page is asked for where the first one was.
 */
#ifndef SKEP_CODEC_REGISTRY_LIST_H
#define SKEP_CODEC_REGISTRY_LIST_H

#include "base/arena.h"
#include "base/err.h"

/** Names of one page. */
#define REGISTRY_LIST_MAX 20000
/** Bytes of the query that leads to the next page: some cloud services put a long token there. */
#define REGISTRY_PAGE_MAX 8192

enum registry_listing {
	REGISTRY_REPOSITORIES,        /**< {"repositories": ["team/app"]} */
	REGISTRY_TAGS,                /**< {"tags": ["1.0"]} */
	REGISTRY_HARBOR_PROJECTS,     /**< [{"name": "team"}] */
	REGISTRY_HARBOR_REPOSITORIES, /**< [{"name": "team/app"}] */
	REGISTRY_GITLAB_PROJECTS, /**< [{"path_with_namespace": "Team/app", "container_registry_enabled": true}]: those that are */
	REGISTRY_GITLAB_REPOSITORIES, /**< [{"path": "team/app"}] */
	REGISTRY_QUAY_REPOSITORIES, /**< {"repositories": [{"namespace": "team", "name": "app"}], "next_page": "..."} */
	REGISTRY_LISTING_COUNT
};

struct registry_list {
	str *names; /**< as they came; may repeat */
	size_t count;
	size_t skipped; /**< names that are none */
	str next;       /**< Quay's: what leads to the next page; empty: this is the last */
};

/**
 * Reads one page. A list that is missing or null is an empty one: registries answer so for a repository without tags.
 *
 * @param a owns @p ret
 * @return 0, -EBADMSG (no such document, or its next page cannot be asked for), -E2BIG (more than REGISTRY_LIST_MAX names), -ENOBUFS
 */
MUST_CHECK int registry_list_parse(str json, enum registry_listing what, struct arena *a,
				   struct registry_list *ret, struct err *e);

/** Whether a project can be called so: GitLab's may have capitals, which the names of its repositories have not. */
bool registry_list_is_project(str name);

/**
 * Finds the link to the next page in a Link header's value.
 *
 * @param ret its query, without '?'; empty: this was the last page
 * @return 0, -EBADMSG (there is a link, but no request can be made of it: the list is not whole)
 */
MUST_CHECK int registry_list_next(str link, str *ret, struct err *e);

#endif

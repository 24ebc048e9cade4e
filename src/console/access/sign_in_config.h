/** @file
 * The file that says who else may vouch for users: a directory, an identity provider, and which of their groups hold which
 * roles (doc/console-access.md). YAML, or JSON.
 */
#ifndef SKEP_CONSOLE_ACCESS_SIGN_IN_CONFIG_H
#define SKEP_CONSOLE_ACCESS_SIGN_IN_CONFIG_H

#include "console/access/ldap_directory.h"
#include "console/access/oidc.h"

struct role_groups {
	str role;
	str groups; /**< one a line */
};

struct sign_in_config {
	bool has_ldap, has_oidc;
	struct ldap_options ldap;
	struct oidc_options oidc;
	struct role_groups *roles;
	size_t role_count;
};

/**
 * Reads the file, and those with secrets that it names.
 *
 * @param a owns all of @p ret
 * @return 0; -EBADMSG, -EINVAL (the message names line and column); -errno of a file; -ENOBUFS
 */
MUST_CHECK int sign_in_config_read(const char *path, struct arena *a, struct sign_in_config *ret,
				   struct err *e);

/** Gives each role the groups the file says, at start; roles the file does not name keep theirs. @return 0, -ENOENT */
MUST_CHECK int sign_in_config_apply(const struct sign_in_config *c, struct sql *s, struct err *e);

#endif

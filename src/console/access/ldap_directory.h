/** @file
 * Users of an LDAP directory or Active Directory (RFC 4511). The only module that knows libldap.
 *
 * The directory is asked over LDAPS or StartTLS with its certificate checked against the CA, or in the clear only where
 * the options say so in so many words. A service account searches for the person, then a bind as that person checks the
 * password; what people type goes into filters escaped (RFC 4515). Referrals are never followed: they would take the
 * password elsewhere. An empty password, which a directory takes for an anonymous bind that succeeds, is refused here.
 */
#ifndef SKEP_CONSOLE_ACCESS_LDAP_DIRECTORY_H
#define SKEP_CONSOLE_ACCESS_LDAP_DIRECTORY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct ldap_options {
	const char *
		url; /**< "ldaps://host:636" or "ldap://host:389", the latter with StartTLS unless `clear` */
	const char *ca_file; /**< PEM; NULL: the system's authorities */
	bool clear;          /**< no TLS at all: passwords can be read on the way */
	const char *bind_dn; /**< the account that searches; NULL: anonymous */
	const char *bind_password;
	const char *base; /**< where people are: "ou=people,dc=example,dc=com" */
	const char *
		filter; /**< with %s for the name; NULL: "(uid=%s)"; AD: "(|(sAMAccountName=%s)(userPrincipalName=%s))" */
	const char *subject_attribute; /**< never changes; NULL: "entryUUID"; AD: "objectGUID" */
	const char *display_attribute; /**< NULL: "cn" */
	const char *member_attribute;  /**< of a person, names groups' DNs; NULL: "memberOf" */
	const char *group_base;        /**< where groups are looked for besides; NULL: not */
	const char *
		group_filter; /**< with %s for the person's DN; NULL: "(member=%s)"; AD, groups in groups: "(member:1.2.840.113556.1.4.1941:=%s)" */
	unsigned int timeout_s; /**< for connecting and for each answer; 0: 5 */
};

struct ldap_person {
	str dn;
	str subject;
	str display;
	str *groups; /**< DNs */
	size_t group_count;
};

#define LDAP_MAX_GROUPS 1000

/**
 * Finds the one person called @p name and checks the password.
 *
 * @param a owns what @p ret points at
 * @return 0; -EACCES no such person, more than one, or a wrong password; -EHOSTUNREACH, -ETIMEDOUT; -EPROTO (the
 *         certificate, a referral, a broken answer); -EPERM the searching account is refused; -EINVAL the options;
 *         -ENOBUFS
 */
MUST_CHECK int ldap_authenticate(const struct ldap_options *o, str name, str password,
				 struct arena *a, struct ldap_person *ret, struct err *e);

/** Appends @p filter with each "%s" replaced by @p text, escaped. @return 0, -EINVAL (none, or another '%') */
MUST_CHECK int ldap_filter(const char *filter, str text, struct buf *out, struct err *e);

#endif

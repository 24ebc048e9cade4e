/** @file
 * The products of Red Hat as its CPE 2.2 URIs name them: "cpe:/o:redhat:rhel_eus:9.2::baseos".
 *
 * Red Hat's claims are about products, and repositories belong to products; a claim applies to a package when one of its
 * products covers a product of the repository the package came from. What covers what follows Red Hat's guidance for
 * scanners: the part ("/o" or "/a") says nothing, unfixed flaws are told of the major version without a channel, fixed
 * ones with both. Input comes out of feeds and is only ever compared.
 */
#ifndef SKEP_SCAN_VULN_REDHAT_CPE_H
#define SKEP_SCAN_VULN_REDHAT_CPE_H

#include "base/arena.h"

struct redhat_cpe {
	str product; /**< "enterprise_linux", "rhel_eus", "openshift"; never empty */
	str version; /**< "9", "9.2"; may be empty */
	str channel; /**< "baseos", "appstream", "el9"; empty: all */
};

/** Takes a CPE apart; its parts borrow from it. @return whether it is one of a product by Red Hat; one
 * with blanks or anything outside of ASCII is none */
bool redhat_cpe_parse(str cpe, struct redhat_cpe *ret);

/**
 * Whether a claim about @p claim is also one about @p repository: the same product, the claim's version equal or less
 * precise ("9" covers "9.2"), the channel equal or unsaid. Of Red Hat Enterprise Linux itself a repository without a
 * minor version holds all of them.
 */
bool redhat_cpe_covers(const struct redhat_cpe *claim, const struct redhat_cpe *repository);

/** Whether it is a stream of its own beside the main one, for one minor release: EUS, AUS, E4S or TUS. */
bool redhat_cpe_is_stream(const struct redhat_cpe *c);

/**
 * The major version of Red Hat Enterprise Linux its packages are for: its own, or what a layered product's channel says
 * ("el8"); the empty span when it tells none. Borrows from the CPE.
 */
str redhat_cpe_major(const struct redhat_cpe *c);

/** "rhel:9" for the first of space-separated CPEs that tells a major version; the empty span when none does. */
str redhat_cpe_namespace(str cpes, struct arena *a);

#endif

/** @file
 * Threat intelligence as lists of things known to be bad: addresses and networks, domain names, hashes of files. Read from
 * plain lists and from STIX 2.1 bundles, written as lists that rules can name.
 *
 * Input comes from feeds and is not trusted. What is not understood is counted, with the place of the first, and never taken
 * as something else: an entry that would match half the Internet is worse than one that is missing.
 *
 * Plain: a line an entry; what follows the first blank, comma or ';', and lines that begin with '#' or ';', are passed over.
 * "0.0.0.0 NAME" and "127.0.0.1 NAME" (files of hosts) are a name. "[.]" is read as ".".
 * STIX (OASIS, section 4.7 and 9): objects of type indicator with pattern_type stix, not revoked, valid now. Of patterns those
 * that say "any of": comparisons of ipv4-addr:value, ipv6-addr:value, domain-name:value, file:hashes with =, IN or ISSUBSET,
 * joined by OR, also between observations; of hashes MD5, SHA-1, SHA-256 and SHA-512. Patterns that need two things at once (AND, FOLLOWEDBY, NOT, qualifiers) are counted.
 */
#ifndef SKEP_CONSOLE_NOTIFY_INTEL_H
#define SKEP_CONSOLE_NOTIFY_INTEL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define INTEL_MAX_ENTRIES 20000
#define INTEL_MAX_RULE_BYTES \
	(600u << 10) /**< of all lists as rules: agents take a megabyte of rules */

/** X(ID, "name") */
#define INTEL_KINDS(X) \
	X(IP, "ip") \
	X(DOMAIN, "domain") \
	X(HASH, "hash")

enum intel_kind {
#define INTEL_KIND_ENUM(id, name) INTEL_##id,
	INTEL_KINDS(INTEL_KIND_ENUM)
#undef INTEL_KIND_ENUM
		INTEL_KIND_COUNT
};

/** @return the kind or -ENOENT */
MUST_CHECK int intel_kind_find(str name);

struct intel_read {
	const str *entries; /**< in normal form, in byte order, each once */
	size_t count;
	size_t not_understood; /**< lines or indicators */
	size_t first;          /**< 1-based line or indicator of the first of these; 0: none */
	size_t others;         /**< of another kind than was asked for */
	size_t over;           /**< revoked, or not valid at the time */
	int64_t ends_s;        /**< when the first that is taken ends to be valid; 0: none does */
};

/**
 * An entry in normal form: addresses as inet_ntop() writes them, networks with the host's bits cleared, names in lower case
 * without a dot at the end, hashes in lower case. Refused are networks wider than /8 (IPv6: /16), this host's and unspecified
 * addresses, names without a dot, wildcards.
 *
 * @return 0 (appended to @p out), -EBADMSG
 */
MUST_CHECK int intel_normalise(enum intel_kind k, str text, struct buf *out);

/**
 * Reads a plain list or, when it is an object, a bundle or an envelope of TAXII.
 *
 * @param now_s seconds since 1970
 * @param a owns the entries; @p text may go
 * @return 0, -EBADMSG (neither a bundle nor an envelope), -E2BIG (too many), -ENOBUFS
 */
MUST_CHECK int intel_read(str text, enum intel_kind k, int64_t now_s, struct arena *a,
			  struct intel_read *ret, struct err *e);

/** The same of a text that came in @p count pieces, each whole by itself. */
MUST_CHECK int intel_read_pages(const str *pages, size_t count, enum intel_kind k, int64_t now_s,
				struct arena *a, struct intel_read *ret, struct err *e);

/** For those that read: collects entries of one kind. */
struct intel_collect {
	enum intel_kind kind;
	struct arena *arena;
	str *entries;
	size_t count, cap;
	size_t read; /**< lines or indicators so far */
	struct intel_read figures;
};
/** @return 1 taken, 0 not understood (not counted here), -E2BIG, -ENOBUFS */
MUST_CHECK int intel_collect(struct intel_collect *c, str text, struct err *e);
/** A bundle's indicators, or those of an envelope (TAXII 2.1 section 3.7). @return 0, -EBADMSG, -E2BIG, -ENOBUFS */
MUST_CHECK int intel_collect_stix(struct intel_collect *c, str text, int64_t now_s, struct err *e);

/** A list as it is stored: entries by lines. */
struct intel_list {
	str name; /**< as rules write it: letters, digits, '_' and '-' */
	enum intel_kind kind;
	str body;
};

/** Whether rules can call a list so. */
bool intel_is_name(str name);
/**
 * Appends a rule file: each list as intel_NAME, all of a kind together as intel_ip, intel_domain and intel_hash (always there), and
 * a rule for addresses, one for names and one for hashes, when there are any.
 *
 * @return 0, -E2BIG (INTEL_MAX_RULE_BYTES), -ENOBUFS
 */
MUST_CHECK int intel_render_rules(const struct intel_list *lists, size_t count, struct buf *out,
				  struct err *e);

#endif

/** @file
 * Ignore files: findings somebody has looked at and accepted, each with a place, a reason and possibly an end.
 *
 * Three formats: `.skepignore.yaml` (doc/ignore.md), trivy's `.trivyignore` (an id a line, "exp:YYYY-MM-DD") and
 * `.trivyignore.yaml`. Files are written by the user and are trusted to mean what they say, but bounded as any input.
 * Nothing is ignored in silence: expired rules, rules that match nothing and sections that are not understood come
 * back as notes.
 */
#ifndef SKEP_SCAN_REPORT_IGNORE_H
#define SKEP_SCAN_REPORT_IGNORE_H

#include "base/err.h"
#include "codec/purl.h"
#include "model/report.h"

struct ignore_rule {
	str id; /**< CVE, GHSA, DSA, ...; "*" or empty: any (then package, paths or purls is given) */
	str *paths; /**< globs of the package database or file; any may match */
	size_t path_count;
	struct purl *purls; /**< any may match; what one leaves out is not compared */
	size_t purl_count;
	str package; /**< glob of the binary or source package's name; empty: any */
	str reason, owner;
	str expires; /**< YYYY-MM-DD, the last day it applies; empty: never ends */
	str place;   /**< "file:line" */
};

struct ignore_list {
	struct ignore_rule *rules;
	size_t count, cap;
	struct ignore_note *notes; /**< what the files hold that is not understood */
	size_t note_count, note_cap;
};

/**
 * Appends the rules of one file; the format follows from its name and then its content.
 *
 * @param file as the user knows it, for places; must outlive the list
 * @return 0, -EBADMSG malformed (with the line), -ENOBUFS
 */
MUST_CHECK int ignore_parse(str file, str text, struct arena *a, struct ignore_list *l,
			    struct err *e);

/**
 * Moves what the rules match from r->findings to r->ignored and adds the notes.
 *
 * @param today YYYY-MM-DD, UTC
 * @param a     the report's arena
 * @return 0, -ENOBUFS
 */
MUST_CHECK int ignore_apply(const struct ignore_list *l, str today, struct arena *a,
			    struct report *r, struct err *e);

#endif

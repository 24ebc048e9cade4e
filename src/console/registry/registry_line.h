/** @file
 * What the process that lists a registry tells the one that keeps the store: lines of fields parted by tabs.
 *
 * The lister reads what a registry says and is therefore believed no more than the registry: names and digests are held to
 * their grammars again here.
 */
#ifndef SKEP_CONSOLE_REGISTRY_REGISTRY_LINE_H
#define SKEP_CONSOLE_REGISTRY_REGISTRY_LINE_H

#include "base/buf.h"

#define REGISTRY_LINE_MAX 4096

/** X(id, letter): what follows the letter, field by field, in brackets */
#define REGISTRY_LINES(X) \
	X(REPOSITORY, 'R') /* repository: its tags follow */ \
	X(TAG, 'T')        /* repository, tag, digest, why: one of the last two is empty */ \
	X(IMAGE, 'I')      /* repository, digest, platform, manifest, image, bytes */ \
	X(NO_IMAGE, \
	  'N') /* repository, digest, platform, why, digest of what says so for good or empty */ \
	X(REPOSITORY_DONE, 'C') /* repository: all its tags were told */ \
	X(SKIPPED, 'S') /* place, why: names that are none, a repository that cannot be read */ \
	X(DONE, 'D')    /* all repositories were told */ \
	X(TROUBLE, 'E') /* errno, seconds to wait, why: it ends here */

enum registry_line_kind {
#define X(id, letter) REGISTRY_LINE_##id,
	REGISTRY_LINES(X)
#undef X
};

enum { REGISTRY_LINE_FIELDS = 6 };

struct registry_line {
	enum registry_line_kind kind;
	str fields[REGISTRY_LINE_FIELDS]; /**< missing ones are empty */
};

/** @param line without its end @return 0, -EBADMSG */
MUST_CHECK int registry_line_parse(str line, struct registry_line *ret);
/** Appends a line with its end; what would break it becomes a blank, what is too long is cut. */
void registry_line_render(const struct registry_line *l, struct buf *out);

#endif

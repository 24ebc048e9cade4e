/** @file
 * Shell patterns over whole strings, as fnmatch(3) without flags reads them: '*' any run, '/' included, '?' any byte,
 * [a-z] [!a-z] [[:digit:]] one of a set, '\' takes what follows literally. Extended patterns, "@(a|b)" and its like, are
 * told apart so that they can be refused. Takes time in proportion to pattern times text at most.
 */
#ifndef SKEP_POLICY_PATTERN_H
#define SKEP_POLICY_PATTERN_H

#include "base/str.h"

/** @param fold ASCII letters compare without case */
bool pattern_match(str pattern, str text, bool fold);

/** Whether some byte of it has a meaning of its own. */
bool pattern_is_wild(str pattern);

/** What every text the pattern matches begins with. */
str pattern_beginning(str pattern);

/** A run of bytes that every text the pattern matches has in it, the longest that is easily told; may be empty. */
str pattern_run(str pattern);

/** Whether it is an extended pattern of ksh: ?( *( +( @( !( */
bool pattern_is_extended(str pattern);

/** Whether @p path, or a directory it is in, matches component by component; empty components count for nothing. */
bool pattern_match_dir(str pattern, str path);

#endif

/** @file
 * Paths inside layers: normal form, whiteouts, exclusions.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_PATH_H
#define SKEP_SCAN_LAYER_LAYER_PATH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

/**
 * Brings a path from an archive into normal form: no leading or trailing '/', no empty or "." component, ".."
 * resolved and held inside the root.
 *
 * @param scratch     backs the result when it differs from @p raw
 * @param ret_escaped set when ".." reached above the root; untouched otherwise
 * @return 0, or -E2BIG over the limits of length or depth. The root itself is the empty path.
 */
MUST_CHECK int layer_path_normalise(str raw, const struct limits *l, struct buf *scratch, str *ret,
				    bool *ret_escaped);

/**
 * Where a symbolic link leads.
 *
 * @param path   of the link, in normal form
 * @param target as written
 * @return its path in normal form inside the root, owned by @p a; p NULL when the memory is spent or a limit hit
 */
str layer_path_follow(str path, str target, const struct limits *l, struct arena *a);

enum layer_mark { LAYER_MARK_NONE, LAYER_MARK_WHITEOUT, LAYER_MARK_OPAQUE, LAYER_MARK_META };

/**
 * Whether the entry is a whiteout: ".wh.NAME" deletes NAME, ".wh..wh..opq" hides the folder's lower contents, other
 * ".wh..wh." names are aufs' own.
 *
 * @param scratch backs @p ret
 */
enum layer_mark layer_path_mark(str path, struct buf *scratch, str *ret);

/** Whether @p path is @p folder or lies below it; every path lies below the empty one. */
bool layer_path_is_below(str path, str folder);

/** Whether a file at @p path is excluded by globs of folders above it or of files. */
bool layer_path_is_skipped(str path, const char *const *skip_dirs, const char *const *skip_files);

#endif

/** @file
 * What the release files of an image say about its operating system: os-release(5), lsb-release and the one-line
 * files older and smaller distributions carry.
 *
 * Ids stay as os-release writes them, in lower case: "ol" for Oracle Linux, "amzn" for Amazon Linux, "opensuse-leap",
 * "sles", "mariner", "azurelinux". The one-line files are mapped to the same ids.
 * Input is hostile; what is not understood yields empty fields, and each value is at most OS_RELEASE_MAX_VALUE bytes.
 */
#ifndef SKEP_SCAN_PACKAGE_OS_RELEASE_H
#define SKEP_SCAN_PACKAGE_OS_RELEASE_H

#include "base/err.h"
#include "model/layer.h"
#include "model/os.h"

enum { OS_RELEASE_MAX_VALUE = 1024 };

/** Whether @p path is a release file that os_release_read() understands. */
bool os_release_wants(str path);

/** Every path os_release_wants() accepts, in order; the empty span past the last. */
str os_release_path(size_t i);

/**
 * Reads the release file found at @p path.
 *
 * @param a owns the strings of @p ret, @p text may go
 * @return 0, -ENOBUFS, -ENOENT when the file says nothing we understand
 */
MUST_CHECK int os_release_read(str path, str text, struct arena *a, struct os *ret, struct err *e);

/**
 * Chooses among the release files of a merged image: the most telling file names the system, others fill fields it
 * left empty as long as they speak of the same id. A debian_version with a number completes a Debian whose os-release
 * has none. The branch in apk's repositories becomes `repository`.
 *
 * @param evidence those of kind OS_RELEASE and APK_REPOSITORIES count, others are passed over
 * @return whether the system is known; @p ret borrows from the evidence, and is all empty when it is not
 */
bool os_choose(const struct evidence *const *evidence, size_t count, struct os *ret);

#endif

/** @file
 * Reads the Dockerfile that Red Hat leaves in its images, root/buildinfo/Dockerfile-NAME-VERSION-RELEASE, for the build
 * the layer is of. Images from before the content manifests of 2020 say in no other way which products they are made of.
 *
 * Of the instructions (docs.docker.com/reference/dockerfile) only LABEL, ENV and ARG are read. Input is hostile; nothing
 * in it is run or followed.
 */
#ifndef SKEP_SCAN_PACKAGE_BUILD_DOCKERFILE_H
#define SKEP_SCAN_PACKAGE_BUILD_DOCKERFILE_H

#include "base/arena.h"
#include "base/err.h"

enum { BUILD_DOCKERFILE_MAX_VARIABLES = 256, BUILD_DOCKERFILE_MAX_WORD_BYTES = 4096 };

/**
 * The build as "COMPONENT-VERSION-RELEASE-ARCHITECTURE" ("ubi8-container-8.0-122-x86_64"): component and architecture
 * from the labels com.redhat.component (or BZComponent) and architecture, version and release from the file's name.
 *
 * @param path the file's, for its name
 * @return 0 (empty when the labels are not there), -EBADMSG (the name has no version and release), -E2BIG (more
 *         variables or a longer word than the limits), -ENOBUFS
 */
MUST_CHECK int build_dockerfile_parse(str path, str text, struct arena *a, str *ret, struct err *e);

#endif

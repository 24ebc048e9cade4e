/** @file
 * What containerd's CRI plugin keeps of a pod with the pod's sandbox: an extension of its metadata, JSON inside a
 * google.protobuf.Any (containerd, internal/cri/store/sandbox/metadata.go).
 *
 * Pure; the bytes are not trusted to be well-formed.
 */
#ifndef SKEP_ASSET_CRI_SANDBOX_H
#define SKEP_ASSET_CRI_SANDBOX_H

#include "base/err.h"
#include "model/container.h"

/**
 * Completes a container of the pod, or the sandbox itself: labels of the pod, and the container's probes where the pod's
 * annotations tell them.
 *
 * @return 0, -EBADMSG, -E2BIG, -ENOBUFS
 */
MUST_CHECK int cri_sandbox_take(str any, struct arena *a, struct container *c, struct err *e);

#endif

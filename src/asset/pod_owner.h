/** @file
 * What made a pod, as far as the pod itself tells: controllers label their pods and name them by rules of their own.
 *
 * Only the API server knows owners for sure. What is told here is what label and name say together; a pod somebody made by hand
 * with both is told as what it pretends to be, and any other is not known.
 */
#ifndef SKEP_ASSET_POD_OWNER_H
#define SKEP_ASSET_POD_OWNER_H

#include "model/container.h"

#define POD_OWNER_BYTES 320

/**
 * "ReplicaSet/web-5d4f8c7b9c", "StatefulSet/db", "DaemonSet/proxy", "Job/backup-28391040".
 *
 * @param ret  holds the answer
 * @return the empty span: not known
 */
str pod_owner(const struct container *c, char ret[POD_OWNER_BYTES]);

#endif

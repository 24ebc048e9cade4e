/** @file
 * What an asset is: the word its id begins with ("container:3f2a..."), its type in the policy language, and its kind in
 * the API (AssetKind of console/api/object.def).
 */
#ifndef SKEP_MODEL_ASSET_KIND_H
#define SKEP_MODEL_ASSET_KIND_H

#include "base/str.h"

/** X(ID, "name"); stored by number: add at the end */
#define ASSET_KINDS(X) \
	X(HOST, "host") \
	X(CONTAINER, "container") \
	X(IMAGE, "image") \
	X(POD, "pod") \
	X(PROCESS, "process") \
	X(PORT, "port") \
	X(PACKAGE, "package") \
	X(USER, "user") \
	X(VOLUME, "volume") \
	X(NETWORK, "network")

enum asset_kind {
#define ASSET_KIND_ENUM(id, name) ASSET_##id,
	ASSET_KINDS(ASSET_KIND_ENUM)
#undef ASSET_KIND_ENUM
		ASSET_KIND_COUNT
};

const char *asset_kind_name(enum asset_kind k);
/** @return the kind or -ENOENT */
MUST_CHECK int asset_kind_find(str name);
/** 1 << kind, or 0: for sets of kinds. */
unsigned int asset_kind_bit(str name);

#endif

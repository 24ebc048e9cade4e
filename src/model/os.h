/** @file
 * The operating system of an image, as its own files tell.
 */
#ifndef SKEP_MODEL_OS_H
#define SKEP_MODEL_OS_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json_out.h"
#include "codec/value.h"

/** X(field, JSON key); id is lower case as in os-release(5): debian, alpine, rhel, almalinux, centos, amzn, ... */
#define OS_FIELDS(X) \
	X(id, "id") \
	X(version_id, "versionId") \
	X(codename, "codename") \
	X(id_like, "idLike") \
	X(pretty_name, "name") \
	X(variant_id, "variantId") \
	X(cpe_name, "cpe") \
	X(repository, "repository") \
	X(path, "path")

struct os {
#define OS_MEMBER(field, key) str field;
	OS_FIELDS(OS_MEMBER)
#undef OS_MEMBER
	/* repository: for Alpine, the branch in /etc/apk/repositories ("v3.9", "edge"), which overrides version_id */
};

void os_render(const struct os *o, struct json_out *j);
/** Reads what os_render() wrote; strings are copied into @p a. @return 0, -EBADMSG, -E2BIG, -ENOBUFS */
MUST_CHECK int os_parse(const struct value *v, struct arena *a, struct os *ret, struct err *e);

#endif

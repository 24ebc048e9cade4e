#include "scan/source/source.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "scan/source/source_kinds.h"

static const struct {
	enum source_scheme scheme;
	const char *name;
} schemes[] = {
#define SCHEME_ROW(id, name, help) { SOURCE_##id, name },
	SOURCE_SCHEMES(SCHEME_ROW)
#undef SCHEME_ROW
};

static enum source_scheme scheme_of(const char *target, const char **ret_rest)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i].name);

		if (n && strncmp(target, schemes[i].name, n) == 0 && target[n] == ':') {
			*ret_rest = target + n + 1;
			return schemes[i].scheme;
		}
	}
	*ret_rest = target;
	return SOURCE_AUTO;
}

static bool is_oci_layout(const char *path)
{
	char file[PATH_MAX];
	int n = snprintf(file, sizeof(file), "%s/index.json", path);

	return n > 0 && (size_t)n < sizeof(file) && access(file, F_OK) == 0;
}

static int read_local(const char *path, const struct stat *st, const struct scan_options *o,
		      struct arena *a, struct inventory *ret, struct err *e)
{
	if (!S_ISDIR(st->st_mode))
		return archive_source_read(path, SOURCE_AUTO, o, a, ret, e);
	if (is_oci_layout(path))
		return oci_dir_source_read(path, o, a, ret, e);
	return err_set(e, EBADMSG,
		       "folder '%s' is no OCI layout; for a root file system use 'skep rootfs %s'",
		       path, path);
}

/* "not here", "nobody answers" and "not for you" send the search on; other trouble is the user's answer. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -EHOSTUNREACH || r == -ECONNREFUSED || r == -EACCES;
}

/* The engines this machine has, then the registry. An engine that turned us away may be why nothing was found. */
static int ask_around(const char *target, const struct scan_options *o, struct arena *a,
		      struct inventory *ret, struct err *e)
{
	static const enum source_scheme engines[] = { SOURCE_DOCKER, SOURCE_PODMAN };
	struct err denied = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		struct err why = { 0 };

		r = engine_source_read(target, engines[i], o, a, ret, &why);
		if (!is_absent(r)) {
			if (r < 0 && e)
				*e = why;
			return r;
		}
		if (r == -EACCES)
			denied = why;
	}
	r = registry_source_read(target, o, a, ret, e);
	if (r < 0 && denied.text[0] && e) {
		struct err registry = *e;

		return err_set(e, -r, "%s; before that, %s", registry.text, denied.text);
	}
	if (is_absent(r))
		return err_wrap(e, r, "no file here and no image of an engine is called so");
	return r;
}

static int guess(const char *target, const struct scan_options *o, struct arena *a,
		 struct inventory *ret, struct err *e)
{
	struct stat st;

	if (stat(target, &st) == 0)
		return read_local(target, &st, o, a, ret, e);
	if (target[0] == '/' || target[0] == '.')
		return err_sys(e, errno, "cannot open '%s'", target);
	return ask_around(target, o, a, ret, e);
}

int source_read_image(const char *target, const struct scan_options *o, struct arena *a,
		      struct inventory *ret, struct err *e)
{
	const char *rest;
	enum source_scheme s = scheme_of(target, &rest);

	switch (s) {
	case SOURCE_AUTO:
		return guess(rest, o, a, ret, e);
	case SOURCE_DOCKER:
	case SOURCE_PODMAN:
		return engine_source_read(rest, s, o, a, ret, e);
	case SOURCE_REGISTRY:
		return registry_source_read(rest, o, a, ret, e);
	case SOURCE_DOCKER_ARCHIVE:
	case SOURCE_OCI_ARCHIVE:
		return archive_source_read(rest, s, o, a, ret, e);
	case SOURCE_OCI_DIR:
		return oci_dir_source_read(rest, o, a, ret, e);
	case SOURCE_CONTAINERD:
		return containerd_source_read(rest, o, a, ret, e);
	case SOURCE_STORAGE:
		return storage_source_read(rest, o, a, ret, e);
	case SOURCE_DIR:
		return rootfs_source_read(rest, TARGET_FILESYSTEM, o, a, ret, e);
	case SOURCE_SBOM:
		break;
	}
	return err_set(e, EINVAL, "'%s' names an SBOM, which is no image", target);
}

int source_read_rootfs(const char *path, const struct scan_options *o, struct arena *a,
		       struct inventory *ret, struct err *e)
{
	return rootfs_source_read(path, TARGET_ROOTFS, o, a, ret, e);
}

int source_read_fs(const char *path, const struct scan_options *o, struct arena *a,
		   struct inventory *ret, struct err *e)
{
	return rootfs_source_read(path, TARGET_FILESYSTEM, o, a, ret, e);
}

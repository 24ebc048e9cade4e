/** @file
 * A host's root in a temporary folder, and an asset that looks at it: what tests of asset have in common.
 */
#ifndef SKEP_TEST_ASSET_HOST_H
#define SKEP_TEST_ASSET_HOST_H

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>

#include "asset/asset.h"
#include "base/file.h"

#define A "4f1c9f0ab5a24b7e8c3fd0e1b2a39485766574839201a0b1c2d3e4f5a6b7c8d9"
#define B "00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee"
#define IMG "af341ccd2df8b0e2d67cf8dd32e087bfda4e5756ebd1c76bbf3efa0dc246590e"
#define DIGEST "1111111111111111111111111111111111111111111111111111111111111111"
#define POD "0f3c2b1a-1111-2222-3333-444455556666"

struct fixture {
	char root[32];
	struct asset *a;
};

static inline void put(const struct fixture *f, const char *path, const char *text)
{
	char whole[512], *slash;

	snprintf(whole, sizeof(whole), "%s/%s", f->root, path);
	slash = strrchr(whole, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(whole, 0755, NULL), 0);
	*slash = '/';
	assert_int_equal(file_write_atomic(AT_FDCWD, whole, str_from(text), 0644, NULL), 0);
}

static inline void open_asset(struct fixture *f, size_t max)
{
	struct asset_config c = {
		.root = f->root, .docker_host = "", .max_containers = max, .users = true
	};

	asset_free(TAKE(&f->a));
	assert_int_equal(asset_new(&c, &f->a, NULL), 0);
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/assetXXXXXX");
	assert_non_null(mkdtemp(f->root));
	*state = f;
	open_asset(f, 0);
	return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st;
	(void)kind;
	(void)w;
	return remove(path);
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	asset_free(f->a);
	nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static const char docker_config[] =
	"{\"ID\":\"" A
	"\",\"Created\":\"2024-05-01T10:00:00.5Z\",\"Name\":\"/web\",\"Driver\":\"overlay2\","
	"\"Image\":\"sha256:" IMG "\",\"Config\":{\"Hostname\":\"h\",\"User\":\"www-data\","
	"\"Image\":\"nginx:1.25\",\"Labels\":{\"team\":\"blue\",\"odd\":7},"
	"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f localhost || exit 1\"]}},"
	"\"State\":{\"Pid\":77,\"StartedAt\":\"0001-01-01T00:00:00Z\"},"
	"\"MountPoints\":{\"/data\":{\"Source\":\"/srv\",\"Destination\":\"/data\",\"RW\":true,"
	"\"Propagation\":\"rprivate\"}}}";

static inline void put_docker(const struct fixture *f, const char *host)
{
	put(f, "var/lib/docker/containers/" A "/config.v2.json", docker_config);
	put(f, "var/lib/docker/containers/" A "/hostconfig.json", host);
	put(f, "var/lib/docker/image/overlay2/repositories.json",
	    "{\"Repositories\":{\"nginx\":{\"nginx:1.25\":\"sha256:" IMG "\",\"nginx@sha256:" DIGEST
	    "\":\"sha256:" IMG "\"}}}");
}

static inline void share_user_namespace(const struct fixture *f, const char *pid)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/proc/1/ns/user", f->root);
	snprintf(to, sizeof(to), "%s/proc/%s/ns/user", f->root, pid);
	assert_int_equal(link(from, to), 0);
}

/* A process whose root may be looked into: it has the host's user namespace. */
static inline void put_process(const struct fixture *f, const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/ns/mnt", pid);
	put(f, "proc/1/ns/user", "");
	put(f, path, "");
	share_user_namespace(f, pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

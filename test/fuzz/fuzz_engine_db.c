/*
 * An engine's database, were it anything: looking a container up ends, what is taken can be rendered, and a container that was
 * not found, or not understood, is as it was; of images listed each has a name and a digest. The first byte asks for containerd's layout or Podman's.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "asset/engine_db.h"
#include "asset/record.h"
#include "base/file.h"
#include "codec/json.h"
#include "input.h"

static void check(const struct container *c)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	assert(c->label_count <= RECORD_MAX_LABELS && c->mount_count <= RECORD_MAX_MOUNTS);
	json_out_init(&j, &out, false);
	container_render(c, &j);
	assert(!buf_error(&out));
}

static void list_images(int fd, struct arena *a)
{
	struct engine_db_image *list;
	size_t count;

	if (engine_db_containerd_images(fd, a, &list, &count, NULL) < 0)
		return;
	assert(count <= ENGINE_DB_IMAGES_MAX);
	for (size_t i = 0; i < count; i++)
		assert(list[i].name_space.p && list[i].name.p && list[i].digest.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct container c = { .id = S("a"), .name = S("before") }, before = c;
	struct input in = input_of(data, size);
	bool is_podman = input_byte(&in) & 1;
	struct arena a;
	int r;

	if (fd < 0)
		fd = memfd_create("engine_db", MFD_CLOEXEC);
	assert(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	       file_write_all(fd, in.rest, NULL) == 0);
	arena_init(&a, (size_t)8 << 20);
	r = is_podman ? engine_db_podman(fd, S("a"), &a, &c, NULL)
		      : engine_db_containerd(fd, S("moby"), S("a"), &a, &c, NULL);
	if (r == 0)
		check(&c);
	else
		assert(memcmp(&c, &before, sizeof(c)) == 0);
	if (!is_podman)
		list_images(fd, &a);
	arena_done(&a);
	return 0;
}

#include "kern/filter_load.h"

#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kern/filter_image.h"

#define WORK_BYTES (16u << 20)

static int load_image(int map, uint32_t slot, const struct kernel_filter *f, struct arena *a,
		      struct err *e)
{
	struct filter_image *m = malloc(sizeof(*m));
	int r;

	if (!m)
		return err_set(e, ENOMEM, "sensor: out of memory for its filter");
	r = filter_image_make(f, a, m, e);
	if (!r) {
		r = map_set(map, &slot, m);
		if (r)
			r = map_refused(r, "filter_images", e);
	}
	free(m);
	return r;
}

int filter_load(const struct hooks *h, struct control *c, const struct kernel_filter *f,
		struct err *e)
{
	int map = hooks_map(h, "filter_images");
	struct arena a;
	int r;

	if (map < 0)
		return 0;
	arena_init(&a, WORK_BYTES);
	r = load_image(map, (c->generation + 1) % FILTER_SLOTS, f, &a, e);
	arena_done(&a);
	if (r)
		return r;
	__atomic_store_n(&c->generation, c->generation + 1, __ATOMIC_SEQ_CST);
	/*
	 * Programs still at work with the old image end before its place is written again: they are readers of RCU. The first
	 * replaces none, and nothing is attached before it.
	 */
	if (c->generation > 1)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return 0;
}

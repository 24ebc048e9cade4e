#include "kern/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>

int ring_open(int map_fd, size_t bytes, struct ring *ret, struct err *e)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	void *producer;

	if (consumer == MAP_FAILED)
		return err_sys(e, errno, "ring buffer: cannot map");
	producer = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int r = err_sys(e, errno, "ring buffer: cannot map");

		munmap(consumer, page);
		return r;
	}
	*ret = (struct ring){
		.consumed = consumer,
		.produced = producer,
		.data = (const uint8_t *)producer + page,
		.bytes = bytes,
	};
	ret->at = __atomic_load_n(ret->consumed, __ATOMIC_ACQUIRE);
	ret->until = ret->at;
	return 0;
}

void ring_close(struct ring *r)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!r->consumed)
		return;
	munmap((void *)(uintptr_t)(r->data - page), page + 2 * r->bytes);
	munmap(r->consumed, page);
	*r = (struct ring){ 0 };
}

static uint32_t header(const struct ring *r)
{
	const uint32_t *h = (const uint32_t *)(const void *)(r->data + (r->at & (r->bytes - 1)));

	return __atomic_load_n(h, __ATOMIC_ACQUIRE);
}

static uint32_t length(uint32_t h)
{
	return h & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
}

void ring_pop(struct ring *r)
{
	r->at += (length(header(r)) + BPF_RINGBUF_HDR_SZ + 7) & ~7u;
}

bool ring_peek(struct ring *r, str *ret)
{
	for (;;) {
		uint32_t h;

		if (r->at >= r->until) {
			r->until = __atomic_load_n(r->produced, __ATOMIC_ACQUIRE);
			if (r->at >= r->until)
				return false;
		}
		h = header(r);
		if (h & BPF_RINGBUF_BUSY_BIT)
			return false;
		if (!(h & BPF_RINGBUF_DISCARD_BIT)) {
			const uint8_t *p = r->data + (r->at & (r->bytes - 1)) + BPF_RINGBUF_HDR_SZ;

			*ret = (str){ (const char *)p, length(h) };
			return true;
		}
		ring_pop(r);
	}
}

void ring_commit(struct ring *r)
{
	__atomic_store_n(r->consumed, r->at, __ATOMIC_RELEASE);
}

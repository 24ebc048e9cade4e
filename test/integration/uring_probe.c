/* Opens, renames and removes files by io_uring alone: uring_probe FOLDER. Prints the results, one a line. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct io_uring_params params;
static char *rings;
static struct io_uring_sqe *entries;
static int ring;

static int begin(void)
{
	size_t bytes;

	ring = (int)syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0)
		return -1;
	bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	if (bytes < params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe))
		bytes = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	rings = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		     IORING_OFF_SQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	return rings == MAP_FAILED || entries == MAP_FAILED ? -1 : 0;
}

static uint32_t *word(uint32_t offset)
{
	return (uint32_t *)(void *)(rings + offset);
}

static void run(const char *what, const struct io_uring_sqe *e)
{
	uint32_t tail = *word(params.sq_off.tail), head = *word(params.cq_off.head);
	uint32_t mask = *word(params.sq_off.ring_mask);
	struct io_uring_cqe *done = (struct io_uring_cqe *)(void *)(rings + params.cq_off.cqes);

	entries[tail & mask] = *e;
	word(params.sq_off.array)[tail & mask] = tail & mask;
	__atomic_store_n(word(params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	printf("%s %d\n", what, done[head & *word(params.cq_off.ring_mask)].res);
	__atomic_store_n(word(params.cq_off.head), head + 1, __ATOMIC_RELEASE);
}

int main(int argc, char **argv)
{
	struct io_uring_sqe open = { .opcode = IORING_OP_OPENAT,
				     .fd = AT_FDCWD,
				     .addr = (uintptr_t) "opened",
				     .len = 0640,
				     .open_flags = O_CREAT | O_WRONLY };
	struct io_uring_sqe move = { .opcode = IORING_OP_RENAMEAT,
				     .fd = AT_FDCWD,
				     .addr = (uintptr_t) "opened",
				     .len = (uint32_t)AT_FDCWD,
				     .off = (uintptr_t) "moved" };
	struct io_uring_sqe gone = { .opcode = IORING_OP_UNLINKAT,
				     .fd = AT_FDCWD,
				     .addr = (uintptr_t) "moved" };

	if (argc < 2 || chdir(argv[1]) || begin()) {
		perror("uring_probe");
		return 1;
	}
	run("openat", &open);
	run("renameat", &move);
	run("unlinkat", &gone);
	return 0;
}

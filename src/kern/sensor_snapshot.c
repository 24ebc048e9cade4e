#include "kern/sensor_priv.h"

#define SNAPSHOT_MAX_BYTES (256u << 20)

struct snapshot {
	uint8_t *bytes;
	size_t count, cap;
	size_t *at; /* where each record begins */
	size_t records;
};

static int read_all(int fd, struct snapshot *p, struct err *e)
{
	for (;;) {
		ssize_t n;

		if (p->cap - p->count < 65536) {
			size_t cap = p->cap ? 2 * p->cap : 1u << 20;
			uint8_t *bigger = cap > SNAPSHOT_MAX_BYTES ? NULL : realloc(p->bytes, cap);

			if (!bigger)
				return err_set(e, ENOMEM, "sensor: too many processes");
			p->bytes = bigger;
			p->cap = cap;
		}
		n = read(fd, p->bytes + p->count, p->cap - p->count);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(e, errno, "sensor: reading the processes");
		if (n == 0)
			return 0;
		p->count += (size_t)n;
	}
}

static const struct record_head *head(const struct snapshot *p, size_t at)
{
	return (const struct record_head *)(const void *)(p->bytes + at);
}

static int index_records(struct snapshot *p, struct err *e)
{
	size_t n = p->count / sizeof(struct record_head);

	p->at = calloc(n + 1, sizeof(*p->at));
	if (!p->at)
		return err_set(e, ENOMEM, "sensor: out of memory");
	for (size_t at = 0; p->count - at >= sizeof(struct record_head); at += head(p, at)->bytes) {
		if (head(p, at)->bytes < sizeof(struct record_head) || head(p, at)->bytes % 8 ||
		    head(p, at)->bytes > p->count - at)
			return err_set(e, EBADMSG, "sensor record: length is wrong");
		p->at[p->records++] = at;
	}
	return 0;
}

static int by_start(const void *a, const void *b, void *ctx)
{
	const struct record_head *x = head(ctx, *(const size_t *)a);
	const struct record_head *y = head(ctx, *(const size_t *)b);

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

int sensor_snapshot(struct sensor *s, sensor_handler on_event, void *ctx, struct err *e)
{
	OWNED_FD fd = hooks_iterate(s->hooks, "on_snapshot", -1, e);
	struct snapshot p = { 0 };
	int r;

	if (fd < 0)
		return sensor_kernel_error(fd, e);
	r = sensor_kernel_error(read_all(fd, &p, e), e);
	if (!r)
		r = index_records(&p, e);
	sensor_follow_clock(s);
	/* Parents are older than children, adoptive ones too: they are ancestors. */
	if (!r)
		qsort_r(p.at, p.records, sizeof(*p.at), by_start, &p);
	for (size_t i = 0; !r && i < p.records; i++)
		r = sensor_deliver(
			s, (str){ (const char *)p.bytes + p.at[i], head(&p, p.at[i])->bytes },
			on_event, ctx, e);
	free(p.at);
	free(p.bytes);
	return r;
}

#include "watch/usage.h"

#include <fcntl.h>

enum { SKETCH_BITS = 1024, NONE = -1 };

struct sketch {
	uint64_t bits[SKETCH_BITS / 64];
};

struct counter {
	uint64_t cgroup_id;
	int32_t chain;
	bool used, seen_cpu;
	uint64_t cpu_ns;
	struct event_usage so_far;
	struct sketch ports, peers, names;
};

struct usage {
	struct counter *items; /* owned */
	int32_t *buckets;      /* owned */
	uint32_t cap, fresh, mask;
	int32_t free_item;
	uint64_t began_ns, refused;
	struct siphash_key key;
};

int usage_new(uint32_t max_containers, const struct siphash_key *key, struct usage **ret,
	      struct err *e)
{
	struct usage *u = calloc(1, sizeof(*u));
	uint32_t buckets = 64;

	while (buckets < max_containers)
		buckets *= 2;
	if (u) {
		u->items = calloc(max_containers, sizeof(*u->items));
		u->buckets = malloc(buckets * sizeof(*u->buckets));
	}
	if (!u || !u->items || !u->buckets) {
		usage_free(u);
		return err_set(e, ENOMEM, "watch: no memory for figures of %u containers",
			       max_containers);
	}
	memset(u->buckets, 0xff, buckets * sizeof(*u->buckets));
	u->cap = max_containers;
	u->mask = buckets - 1;
	u->free_item = NONE;
	u->key = *key;
	*ret = u;
	return 0;
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	free(u->items);
	free(u->buckets);
	free(u);
}

void usage_begin(struct usage *u, uint64_t now_ns)
{
	u->began_ns = now_ns;
}

static int32_t *bucket_of(const struct usage *u, uint64_t cgroup_id)
{
	return &u->buckets[(cgroup_id * 0x9e3779b97f4a7c15u >> 32) & u->mask];
}

static struct counter *counter_of(struct usage *u, uint64_t cgroup_id)
{
	int32_t *bucket = bucket_of(u, cgroup_id), i;

	for (i = *bucket; i != NONE; i = u->items[i].chain)
		if (u->items[i].cgroup_id == cgroup_id)
			return &u->items[i];
	if (u->free_item != NONE) {
		i = u->free_item;
		u->free_item = u->items[i].chain;
	} else if (u->fresh < u->cap) {
		i = (int32_t)u->fresh++;
	} else {
		u->refused++;
		return NULL;
	}
	u->items[i] = (struct counter){ .cgroup_id = cgroup_id, .chain = *bucket, .used = true };
	*bucket = i;
	return &u->items[i];
}

static void drop(struct usage *u, struct counter *c)
{
	int32_t *at = bucket_of(u, c->cgroup_id), i = (int32_t)(c - u->items);

	while (*at != i)
		at = &u->items[*at].chain;
	*at = c->chain;
	*c = (struct counter){ .chain = u->free_item };
	u->free_item = i;
}

static void sketch_add(struct sketch *s, const struct siphash_key *key, str bytes)
{
	const uint64_t bit = siphash(key, bytes) % SKETCH_BITS;

	s->bits[bit / 64] |= (uint64_t)1 << bit % 64;
}

/* -ln(n / SKETCH_BITS) without libm: halvings and a short series, good to a part in a thousand. */
static double minus_log(unsigned int n)
{
	double x = (double)n / SKETCH_BITS, log = 0, y;

	while (x < 0.70710678) {
		x *= 2;
		log += 0.69314718;
	}
	y = (1 - x) / (1 + x);
	return log + 2 * (y + y * y * y / 3 + y * y * y * y * y / 5);
}

static uint32_t sketch_count(const struct sketch *s)
{
	unsigned int set = 0;

	for (size_t i = 0; i < ARRAY_LEN(s->bits); i++)
		set += (unsigned int)__builtin_popcountll(s->bits[i]);
	/* A full sketch is read as if one bit were free. */
	return (uint32_t)(SKETCH_BITS * minus_log(MAX(SKETCH_BITS - set, 1U)) + 0.5);
}

static void count_connect(struct counter *c, const struct siphash_key *key, const struct event *v)
{
	c->so_far.connects++;
	c->so_far.connects_failed += v->res < 0 && v->res != -EINPROGRESS;
	if (v->fd.kind != EVENT_FD_IPV4 && v->fd.kind != EVENT_FD_IPV6)
		return;
	sketch_add(&c->ports, key,
		   (str){ (const char *)&v->fd.remote.port, sizeof(v->fd.remote.port) });
	sketch_add(&c->peers, key, (str){ (const char *)v->fd.remote.ip, sizeof(v->fd.remote.ip) });
}

static void count_dns(struct counter *c, const struct siphash_key *key, const struct event *v)
{
	c->so_far.dns_queries++;
	c->so_far.dns_longest = MAX(c->so_far.dns_longest, (uint32_t)v->text.n);
	sketch_add(&c->names, key, v->text);
}

void usage_event(struct usage *u, const struct container *container, const struct event *v)
{
	struct counter *c = counter_of(u, container->cgroup_id);

	if (!c)
		return;
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_FORK:
		c->so_far.forks++;
		break;
	case EVENT_FAMILY_EXEC:
		c->so_far.execs++;
		break;
	case EVENT_FAMILY_OPEN:
		c->so_far.opens_write += v->type == EVENT_CREAT || (v->flags & O_ACCMODE) != 0;
		break;
	case EVENT_FAMILY_RENAME:
		c->so_far.renames++;
		break;
	case EVENT_FAMILY_UNLINK:
	case EVENT_FAMILY_RMDIR:
		c->so_far.unlinks++;
		break;
	case EVENT_FAMILY_CONNECT:
		count_connect(c, &u->key, v);
		break;
	case EVENT_FAMILY_DNS:
		count_dns(c, &u->key, v);
		break;
	default:
		break;
	}
}

static void end_one(struct counter *c, uint64_t interval_ns, const struct container *container,
		    usage_reader read, void *read_ctx, usage_teller tell, void *ctx)
{
	struct usage_figures f;
	struct event_usage out = c->so_far;

	out.interval_ms = (uint32_t)MIN(interval_ns / 1000000, (uint64_t)UINT32_MAX);
	out.distinct_ports = sketch_count(&c->ports);
	out.distinct_peers = sketch_count(&c->peers);
	out.dns_names = sketch_count(&c->names);
	if (read && read(read_ctx, container, &f) == 0) {
		out.threads_now = f.threads;
		if (c->seen_cpu && f.cpu_ns >= c->cpu_ns && interval_ns)
			out.cpu_percent = (uint32_t)((f.cpu_ns - c->cpu_ns) * 100 / interval_ns);
		c->cpu_ns = f.cpu_ns;
		c->seen_cpu = true;
	}
	c->so_far = (struct event_usage){ 0 };
	c->ports = c->peers = c->names = (struct sketch){ 0 };
	tell(ctx, container, &out);
}

void usage_end(struct usage *u, uint64_t now_ns,
	       const struct container *(*find)(void *ctx, uint64_t cgroup_id), usage_reader read,
	       void *read_ctx, usage_teller tell, void *ctx)
{
	uint64_t interval_ns = u->began_ns && now_ns > u->began_ns ? now_ns - u->began_ns : 0;

	u->began_ns = now_ns;
	for (uint32_t i = 0; i < u->fresh; i++) {
		struct counter *c = &u->items[i];
		const struct container *container = c->used ? find(ctx, c->cgroup_id) : NULL;

		if (!c->used)
			continue;
		if (container)
			end_one(c, interval_ns, container, read, read_ctx, tell, ctx);
		else
			drop(u, c);
	}
}

uint64_t usage_refused(const struct usage *u)
{
	return u->refused;
}

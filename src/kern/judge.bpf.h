/** @file
 * Whether a call that returns is to be told: the filter's answer for where the caller runs, found out as late as possible.
 *
 * Most calls of most programs want neither rules of hosts nor of containers; so both are asked at once, and only what
 * one of them may want pays for finding out which of the two this is.
 */
#ifndef SKEP_KERN_JUDGE_BPF_H
#define SKEP_KERN_JUDGE_BPF_H

#include "kern/call.bpf.h"
#include "kern/filter.bpf.h"

#define SENSOR_CGROUP_HOST 1

/* Calls, because what the verifier learns inside is forgotten at their end: inlined they cost it a hundred times more. */
#define JUDGE static __noinline __attribute__((unused))

#define JUDGE_GIVEN 64 /* longer ones are taken to have what is looked for */

struct judge {
	__u64 ports; /* of filter_ports(); ~0: not known */
	bool failed;
	__u8 fact;            /* enum filter_fact; never at a multiple of eight, see struct call */
	struct filter filter; /* after judge_any(): what paths are still asked for */
};

static __always_inline bool judge_in_container(const struct call *k)
{
	__u64 id = task_cgroup_id(k->c, k->t);
	const struct control_cgroup *g = bpf_map_lookup_elem(&cgroups, &id);

	return !g || g->kind != SENSOR_CGROUP_HOST;
}

static __always_inline enum filter_answer judge_ask(const struct call *k, struct judge *j,
						    bool container)
{
	return filter_ask(&j->filter, k->c, k->type, filter_combo(container, j->failed, j->fact),
			  j->ports, k->t);
}

/* The answer wherever the caller may run: of two neighbours in the table, in one look. */
JUDGE enum filter_answer judge_any(const struct call *k, struct judge *j)
{
	__u32 version = *(volatile const __u32 *)&k->c->generation;
	__u32 slot = version & (FILTER_SLOTS - 1);
	const struct filter_image *m = bpf_map_lookup_elem(&filter_images, &slot);
	const struct filter_combo *host, *container;
	__u32 combo = filter_combo(false, j->failed, j->fact);
	__u64 comm[2], comms;

	if (!m)
		return FILTER_PASS;
	host = &m->combos[k->type & (FILTER_TYPES - 1)][combo & (FILTER_COMBOS - 2)];
	container = host + FILTER_CONTAINER;
	if (host->always | container->always || ((host->ports | container->ports) & j->ports))
		return FILTER_PASS;
	comms = host->comms | container->comms;
	if (comms) {
		__builtin_memcpy(comm, k->t->comm, sizeof(comm));
		if (comms & m->comms[filter_comm_slot(comm) & (FILTER_HASHED - 1)])
			return FILTER_PASS;
	}
	j->filter.m = m;
	j->filter.task = k->t;
	j->filter.task_number = bpf_get_current_task();
	j->filter.paths = host->paths | container->paths;
	j->filter.version = version;
	return j->filter.paths ? FILTER_NEEDS_PATH : FILTER_DROP;
}

/* The answer where the caller does run. */
JUDGE enum filter_answer judge_here(const struct call *k, struct judge *j)
{
	return judge_ask(k, j, judge_in_container(k));
}

static __always_inline bool judge_drop(const struct call *k)
{
	count_passed_over(k->type);
	return false;
}

/* Events without paths, or whose paths are not looked at. */
JUDGE bool judge_call(const struct call *k, __u32 fact, __u64 ports)
{
	struct judge j = { .fact = fact, .failed = k->ret < 0, .ports = ports };

	if (judge_any(k, &j) == FILTER_DROP || judge_here(k, &j) == FILTER_DROP)
		return judge_drop(k);
	return true;
}

/* Whether a path as it was given may have ".." in it; true when it is long or cannot be read. */
JUDGE bool judge_climbs(const void *given, bool user)
{
	const __u64 dots = 0x2e2e2e2e2e2e2e2e, ones = 0x0101010101010101;
	__u64 text[JUDGE_GIVEN / 8 + 1] = { 0 };
	long n = user ? bpf_probe_read_user_str(text, JUDGE_GIVEN, given)
		      : bpf_probe_read_kernel_str(text, JUDGE_GIVEN, given);
	__u64 not_dots;

	if (n < 0 || n == JUDGE_GIVEN)
		return true;
#pragma unroll
	for (int i = 0; i < JUDGE_GIVEN / 8; i++) {
		/* A byte is zero where it and the one after it are dots; then something is borrowed there. */
		not_dots = (text[i] ^ dots) | ((text[i] >> 8 | text[i + 1] << 56) ^ dots);
		if ((not_dots - ones) & ~not_dots & ones << 7)
			return true;
	}
	return false;
}

/**
 * Events about an open file.
 *
 * @param given  the path as the program has it (@p user) or the kernel; 0: not known
 */
JUDGE bool judge_file(const struct call *k, __u32 fact, struct file *file, const void *given,
		      bool user)
{
	struct judge j = { .fact = fact, .ports = ~0ull };
	enum filter_answer a = judge_any(k, &j);
	bool here = a == FILTER_PASS;
	__u64 sets, climbs;

	if (here)
		a = judge_here(k, &j);
	if (a == FILTER_DROP)
		return judge_drop(k);
	if (a == FILTER_PASS)
		return true;
	sets = filter_path_sets(&j.filter, k->t->fs, file->f_path.mnt, file->f_path.dentry);
	climbs = j.filter.m->climbs;
	if (sets & j.filter.paths & climbs && given && !judge_climbs(given, user))
		sets &= ~climbs;
	if (!(sets & j.filter.paths))
		return judge_drop(k);
	if (here)
		return true;
	a = judge_here(k, &j);
	return a == FILTER_PASS || (a == FILTER_NEEDS_PATH && (sets & j.filter.paths)) ||
	       judge_drop(k);
}

struct judge_scan {
	const struct filter_image *m;
	const struct scratch *s;
	__u64 hits;
	__u32 at, state, slashes;
	__u8 last, before;
	bool odd;
};

static long judge_scan_step(__u32 i, void *ctx)
{
	struct judge_scan *x = ctx;
	__u32 at = x->at + i;
	__u8 c;

	if (at >= sizeof(x->s->record))
		return 1;
	c = x->s->record[at];
	/* "//" and what follows "/." may mean another path than it says. */
	if (x->last == '/' && (c == '/' || c == '.'))
		x->odd = true;
	x->slashes += c == '/';
	x->last = c;
	x->state = filter_byte(x->m, x->state, c, &x->hits);
	return 0;
}

/* The sets that a path in the record satisfies; all when it is not plain. */
static __always_inline __u64 judge_text(const struct judge *j, const struct emit *w, __u32 at,
					__u32 n)
{
	struct judge_scan x = { .m = j->filter.m, .s = w->s, .at = at };

	x.state = filter_step(x.m, 0, FILTER_CLASS_BEGIN, &x.hits);
	bpf_loop(n & (2 * RECORD_PATH_MAX - 1), judge_scan_step, &x, 0);
	filter_step(x.m, x.state, FILTER_CLASS_END, &x.hits);
	if (x.slashes <= 1)
		x.hits |= x.m->tops;
	return x.odd || x.last == '/' ? ~0ull : x.hits;
}

/* Events about one or two paths that stand in the record, the second after the first. */
JUDGE bool judge_record(const struct call *k, const struct emit *w, __u32 fact)
{
	const struct record_head *h = (const void *)w->s->record;
	struct judge j = { .fact = fact, .failed = k->ret < 0, .ports = ~0ull };
	enum filter_answer a = judge_any(k, &j);
	__u32 at = sizeof(*h) + parts_bytes(h->parts);
	__u64 sets;

	if (a == FILTER_DROP)
		return judge_drop(k);
	if (a == FILTER_PASS)
		return judge_here(k, &j) != FILTER_DROP || judge_drop(k);
	sets = judge_text(&j, w, at, h->span[RECORD_PATH]);
	if (h->span[RECORD_PATH2])
		sets |= judge_text(&j, w, at + h->span[RECORD_PATH], h->span[RECORD_PATH2]);
	if (!(sets & j.filter.paths))
		return judge_drop(k);
	a = judge_here(k, &j);
	if (a == FILTER_DROP || (a == FILTER_NEEDS_PATH && !(sets & j.filter.paths)))
		return judge_drop(k);
	return true;
}

#endif

/** @file
 * How a BPF program tells something: claim a scratch slot, write a record into it, send it to a ring.
 *
 *	struct emit w;
 *	if (!emit_begin(&w))
 *		return 0;
 *	h = emit_head(&w, task, EVENT_X, parts);
 *	...fill the parts...
 *	emit_text(&w, RECORD_PATH, src, n);
 *	emit_send_bulk(&w);           // or emit_send_state(); emit_drop() when it is not to be sent
 *
 * Slots are claimed with an atomic bit, so that programs that preempt one another on a processor never share one.
 */
#ifndef SKEP_KERN_EMIT_BPF_H
#define SKEP_KERN_EMIT_BPF_H

#include "kern/kernel.h"
#include "kern/control.h"
#include "kern/record.h"

enum event_type {
#define X(id, name, family) EVENT_##id,
#include "model/event_type.def"
#undef X
	EVENT_TYPE_COUNT
};

/* Those of model/event.h that programs set. */
enum { EVENT_TRUNCATED = 1, EVENT_RACY = 2, EVENT_IO_URING = 4, EVENT_REPLAYED = 8 };

#define EMIT_FIXED_MAX 512
#define EMIT_TEXT_MAX (6 * RECORD_PATH_MAX)
#define EMIT_WALK_BYTES RECORD_PATH_MAX

/*
 * The way up a path is built on, see path.bpf.h, and what is known of one while it is read, see judge.bpf.h. Here because stacks
 * are short (all that are in use at once have 512 bytes), and because the verifier would follow every value there.
 */
struct path_walk {
	struct dentry *dentry, *root_dentry, *mnt_dentry;
	struct vfsmount *mnt, *root_mnt;
	__u64 chain;     /* filter.bpf.h */
	__u32 at;        /* the path is s->walk[at] to the end of EMIT_WALK_BYTES */
	__u32 done, cut; /* bool */
	__u32 zero;
};

struct path_scan {
	__u64 hits;
	/* Not 0: it has ".."; is not in normal form; has a '/' behind its first byte. */
	__u64 climbs, odd, deep;
	__u32 state, depth;
	__u32 bytes, dots; /* of the component it is in */
	__u32 at, left;
	__u32 cut, zero;
};

#define SHORT_PATH 64 /* with its NUL; longer ones are not remembered */
#define SHORT_PATH_WORDS (SHORT_PATH / 8)

struct scratch {
	/* Where the next text goes, from the record's beginning. Here and not on the stack: the verifier would follow every
	 * value it may have. */
	__u32 at, zero;
	/* The string to put there next. Some verifiers take it for a pointer, some for a number: here it is a number to all. */
	__u64 string;
	struct path_walk way;
	struct path_scan scan;
	/* The sets that the record's paths, as the program gave them, were found to satisfy, and by which filter; one of these paths. See
	 * judge.bpf.h. */
	__u64 found[2], found_by, path[SHORT_PATH_WORDS];
	__u8 walk[EMIT_WALK_BYTES + 256]; /* a path grows here from its end to its beginning */
	__u8 record[EMIT_FIXED_MAX + EMIT_TEXT_MAX];
};

/* Every object declares the same maps; the loader gives all of them those of the first. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} state_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 23);
} bulk_ring SEC(".maps");

/* Map "control", as a section: its address is a constant of the programs, so nobody looks it up (hook_prepare.c makes it). */
struct control control SEC(".data.control");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTROL_MAX_CGROUPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct control_cgroup);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CONTROL_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} scratch_busy SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control_passed_over);
} passed_over SEC(".maps");

struct emit {
	struct scratch *s;
	__u64 *busy;
	__u64 bit;
};

static __always_inline const struct control *control_get(void)
{
	return &control;
}

static __always_inline struct control_cgroup *cgroup_get(__u64 id)
{
	struct control_cgroup fresh = { 0 };
	struct control_cgroup *c = bpf_map_lookup_elem(&cgroups, &id);

	if (c)
		return c;
	bpf_map_update_elem(&cgroups, &id, &fresh, BPF_NOEXIST);
	c = bpf_map_lookup_elem(&cgroups, &id);
	if (c)
		return c;
	id = 0;
	return bpf_map_lookup_elem(&cgroups, &id);
}

static __always_inline void cgroup_count_loss(struct control_cgroup *g, enum control_loss cause)
{
	__sync_fetch_and_add(&g->lost[cause], 1);
	__sync_fetch_and_add(&control.losses, 1);
}

static __always_inline void cgroup_lost(__u64 id, enum control_loss cause)
{
	struct control_cgroup *g = cgroup_get(id);

	if (g)
		cgroup_count_loss(g, cause);
}

static __always_inline __u64 task_css_id(struct task_struct *t, __u32 subsys)
{
	struct css_set *set = t->cgroups;
	struct cgroup_subsys_state *css = 0;
	void *place = &set->subsys[0] + (subsys & 31);

	if (CAN_FOLLOW) {
		css = FOLLOW(cgroup_subsys_state, *(__u64 *)WORDS(pt_regs, place));
		return css->cgroup->kn->id;
	}
	bpf_probe_read_kernel(&css, sizeof(css), place);
	return css ? BPF_CORE_READ(css, cgroup, kn, id) : 0;
}

#define CSS_ID(t, controller) \
	(bpf_core_enum_value_exists(enum cgroup_subsys_id, controller##_cgrp_id) \
		 ? task_css_id(t, \
			       bpf_core_enum_value(enum cgroup_subsys_id, controller##_cgrp_id)) \
		 : (t)->cgroups->dfl_cgrp->kn->id)

static __always_inline __u64 task_cgroup_id(const struct control *c, struct task_struct *t)
{
	switch (c->hierarchy) {
	case CONTROL_MEMORY:
		return CSS_ID(t, memory);
	case CONTROL_PIDS:
		return CSS_ID(t, pids);
	case CONTROL_CPU:
		return CSS_ID(t, cpu);
	case CONTROL_DEVICES:
		return CSS_ID(t, devices);
	default:
		return t->cgroups->dfl_cgrp->kn->id;
	}
}

static __always_inline void count_passed_over(enum event_type type)
{
	__u32 zero = 0;
	struct control_passed_over *n = bpf_map_lookup_elem(&passed_over, &zero);

	if (n) /* of this processor; one interrupted between load and store may be missing */
		n->of[type & (CONTROL_TYPES - 1)] += 1;
}

/*
 * Claims a slot for scratch; CONTROL_SLOTS: there is none. A call that is looked at once: its answer is a number like any other, so
 * the verifier does not follow what comes after for each slot there is.
 */
__noinline __attribute__((unused)) __u64 scratch_claim(void)
{
	__u32 zero = 0;
	__u64 none = 0, *busy = bpf_map_lookup_elem(&scratch_busy, &zero);
	struct control_cgroup *nobody;

	if (!busy)
		return CONTROL_SLOTS;
#pragma unroll /* kernels before 6.13 take the loop for an endless one */
	for (__u32 i = 0; i < CONTROL_SLOTS; i++)
		if (!(__sync_fetch_and_or(busy, 1ull << i) & 1ull << i))
			return i;
	nobody = bpf_map_lookup_elem(&cgroups, &none);
	if (nobody)
		cgroup_count_loss(nobody, CONTROL_LOST_READ);
	return CONTROL_SLOTS;
}

/* A slot's bit in scratch_busy. The mask shows the verifier that no shift is beyond a word. */
static __always_inline __u64 slot_bit(__u32 slot)
{
	_Static_assert(CONTROL_SLOTS <= 4, "two slots would share a bit");
	return 1ull << (slot & 3);
}

static __always_inline bool emit_begin(struct emit *w)
{
	__u32 zero = 0, slot = scratch_claim();

	w->busy = bpf_map_lookup_elem(&scratch_busy, &zero);
	w->s = bpf_map_lookup_elem(&scratch, &slot);
	w->bit = slot_bit(slot);
	return w->busy && w->s;
}

static __always_inline void emit_drop(struct emit *w)
{
	__sync_fetch_and_and(w->busy, ~w->bit);
}

static __always_inline __u32 parts_bytes(__u32 parts)
{
	return (parts & RECORD_ARGS ? sizeof(struct record_args) : 0) +
	       (parts & RECORD_FD ? sizeof(struct record_fd) : 0) +
	       (parts & RECORD_CAPS ? sizeof(struct record_caps) : 0) +
	       (parts & RECORD_EXEC ? sizeof(struct record_exec) : 0);
}

static __always_inline __u16 task_threads(struct task_struct *t)
{
	__u32 n = t->signal->nr_threads;

	return n < 65535 ? n : 65535;
}

/** An empty record with its parts; @p parts must be a constant. Text follows with emit_text(), and emit_who(). */
static __always_inline struct record_head *emit_blank(struct emit *w, enum event_type type,
						      __u32 parts)
{
	struct record_head *h = (struct record_head *)w->s->record;

	_Static_assert(sizeof(struct record_head) + sizeof(struct record_args) +
				       sizeof(struct record_fd) + sizeof(struct record_caps) +
				       sizeof(struct record_exec) <=
			       EMIT_FIXED_MAX,
		       "the fixed parts fit");
	__builtin_memset(h, 0, sizeof(*h));
	h->type = type;
	h->parts = parts;
	w->s->at = sizeof(*h) + parts_bytes(parts);
	if (parts)
		__builtin_memset(h + 1, 0, parts_bytes(parts));
	return h;
}

/** Now, and @p t. */
static __always_inline void emit_who(struct emit *w, const struct control *c, struct task_struct *t)
{
	struct record_head *h = (struct record_head *)w->s->record;
	const struct cred *cred = t->cred;

	h->time_ns = bpf_ktime_get_boot_ns();
	h->start_ns = t->group_leader->start_boottime;
	h->cgroup_id = task_cgroup_id(c, t);
	h->pid = t->tgid;
	h->tid = t->pid;
	h->user = cred->euid.val;
	h->group = cred->egid.val;
	h->cpu = bpf_get_smp_processor_id();
	h->threads = task_threads(t);
}

/** Both for something @p t does. */
static __always_inline struct record_head *emit_head(struct emit *w, const struct control *c,
						     struct task_struct *t, enum event_type type,
						     __u32 parts)
{
	struct record_head *h = emit_blank(w, type, parts);

	emit_who(w, c, t);
	return h;
}

static __always_inline struct record_head *emit_record(struct emit *w)
{
	return (struct record_head *)w->s->record;
}

static __always_inline void *emit_part(struct emit *w, __u32 before)
{
	return w->s->record + sizeof(struct record_head) + parts_bytes(before);
}

/* A call of its own: among much else the compiler spills what it checked, and verifiers before 6.5 forget the check. */
static __noinline __attribute__((unused)) __u32 scratch_append(struct scratch *s, const void *src,
							       __u32 n)
{
	__u32 at = s->at;

	if (n > RECORD_PATH_MAX) {
		n = RECORD_PATH_MAX;
		((struct record_head *)s->record)->marks |= EVENT_TRUNCATED;
	}
	if (at > sizeof(s->record) - RECORD_PATH_MAX)
		return 0;
	if (bpf_probe_read_kernel(s->record + at, n, src))
		return 0;
	s->at = at + n;
	return n;
}

/* Appends n bytes of kernel memory; more than RECORD_PATH_MAX are cut, and what cannot be read is left out. */
static __always_inline __u32 emit_bytes(struct emit *w, const void *src, __u32 n)
{
	return scratch_append(w->s, src, n);
}

static __always_inline void emit_text(struct emit *w, enum record_span span, const void *src,
				      __u32 n)
{
	emit_record(w)->span[span] = emit_bytes(w, src, n);
}

/* Appends a string from the program's memory, which another thread may change: the event is marked so. */
static __always_inline void emit_user_string(struct emit *w, enum record_span span, const void *src)
{
	__u32 at = w->s->at;
	long n;

	if (!src || at > sizeof(w->s->record) - RECORD_PATH_MAX)
		return;
	n = bpf_probe_read_user_str(w->s->record + at, RECORD_PATH_MAX, src);
	if (n < 1)
		return;
	n--;
	emit_record(w)->marks |= EVENT_RACY;
	emit_record(w)->span[span] = n;
	w->s->at = at + (n & (RECORD_PATH_MAX - 1));
}

#define SHORT_STRING 64

/* Which byte of a word is its first NUL; @param nul  the word less 1 in each byte, of the bits 0x80 it had not */
static __always_inline __u32 first_nul(__u64 nul)
{
	__u32 n = 0;

	if (!(nul & 0x80808080)) {
		n = 4;
		nul >>= 32;
	}
	if (!(nul & 0x8080)) {
		n += 2;
		nul >>= 16;
	}
	return n + !(nul & 0x80);
}

/*
 * Puts s->string behind a record, by words: a quarter of what the helper costs, which goes byte by byte. A call that is looked at once,
 * as path_build() is. @return its bytes; SHORT_STRING: it has as many or more
 */
__noinline __attribute__((unused)) __u64 scratch_short_string(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 text;
	__u32 at;

	if (!CAN_FOLLOW || !s)
		return SHORT_STRING;
	text = s->string;
	at = s->at;
	if (at > sizeof(s->record) - SHORT_STRING)
		return SHORT_STRING;
#pragma unroll
	for (__u32 i = 0; i < SHORT_STRING; i += 8) {
		__u64 word = *(__u64 *)WORDS(pt_regs, text + i);
		__u64 nul = (word - 0x0101010101010101) & ~word & 0x8080808080808080;

		*(__u64 *)(s->record + at + i) = word;
		if (nul)
			return i + first_nul(nul);
	}
	return SHORT_STRING;
}

/* A string of the kernel's. */
static __always_inline __u32 emit_kernel_string(struct emit *w, const void *src)
{
	__u32 at = w->s->at;
	long n;

	if (!src || at > sizeof(w->s->record) - RECORD_PATH_MAX)
		return 0;
	w->s->string = (__u64)src;
	n = CAN_FOLLOW ? scratch_short_string(w->bit >> 1) : SHORT_STRING;
	if (n != SHORT_STRING) {
		n &= SHORT_STRING - 1;
		w->s->at = at + n;
		return n;
	}
	n = bpf_probe_read_kernel_str(w->s->record + at, RECORD_PATH_MAX, src);
	if (n < 1)
		return 0;
	n = (n - 1) & (RECORD_PATH_MAX - 1);
	w->s->at = at + n;
	return n;
}

/* One wake-up for each time the agent went to sleep, none for each event. */
static __always_inline __u64 wake_flags(void)
{
	if (control.asleep && __sync_lock_test_and_set(&control.asleep, 0))
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline __u32 emit_close(struct emit *w)
{
	__u32 n = (w->s->at + 7) & ~7u;

	if (n > sizeof(w->s->record))
		n = sizeof(w->s->record);
	emit_record(w)->bytes = n;
	return n;
}

static __always_inline void emit_send(struct emit *w, void *ring, enum control_loss cause)
{
	__u32 n = emit_close(w);

	if (bpf_ringbuf_output(ring, w->s->record, n, wake_flags()))
		cgroup_lost(emit_record(w)->cgroup_id, cause);
	emit_drop(w);
}

/* What rules ask for beside the event: describe.bpf.h and path.bpf.h have them. Of the current task, by the slot's number. */
#define DESCRIPTOR_PATH 8 /* in what descriptor_begin() answers: it has one */
__u64 descriptor_begin(__u32 fd);
__u64 descriptor_path(__u32 slot);
__u64 descriptor_end(__u32 begun, __u32 type);
__u64 emit_caller_cwd(__u32 slot);

static __always_inline void emit_wanted(struct emit *w, const struct control *c)
{
	__u32 type = emit_record(w)->type;
	__u8 wants = c->wants[type & (CONTROL_TYPES - 1)];

	if (wants & CONTROL_WANT_CWD)
		emit_caller_cwd(w->bit >> 1);
	if (!(wants & CONTROL_WANT_STDIO))
		return;
#pragma unroll
	for (__u32 fd = 0; fd < 3; fd++) {
		__u32 begun = descriptor_begin(fd);

		if (begun & DESCRIPTOR_PATH)
			descriptor_path(begun & 3);
		if (begun)
			descriptor_end(begun, type);
	}
}

static __always_inline void emit_send_state(struct emit *w, const struct control *c)
{
	emit_wanted(w, c);
	emit_send(w, &state_ring, CONTROL_LOST_STATE);
}

/* Whether the cgroup may send one more bulk event now; an event that may not is counted as lost. */
static __always_inline bool bucket_take(const struct control *c, __u64 cgroup_id, __u64 now)
{
	struct control_cgroup *g = cgroup_get(cgroup_id);
	__u64 until;

	if (!g)
		return true;
	until = g->paid_until_ns;
	if (until < now)
		until = now;
	if (until - now > c->burst_ns) {
		cgroup_count_loss(g, CONTROL_LOST_RATE);
		return false;
	}
	/* Two processors at once may both pay from the same value: one event too many, never one too few. */
	g->paid_until_ns = until + c->rate_ns;
	return true;
}

static __always_inline void emit_send_bulk(struct emit *w, const struct control *c)
{
	struct record_head *h = emit_record(w);

	if (!bucket_take(c, h->cgroup_id, h->time_ns)) {
		emit_drop(w);
		return;
	}
	emit_wanted(w, c);
	emit_send(w, &bulk_ring, CONTROL_LOST_BULK);
}

#endif

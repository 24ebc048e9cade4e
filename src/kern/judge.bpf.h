/** @file
 * Whether a call that returns is to be told: the filter's answer for where the caller runs, found out as late as possible.
 *
 * Most calls of most programs want neither rules of hosts nor of containers; so both are asked at once, and only what
 * one of them may want pays for finding out which of the two this is.
 */
#ifndef SKEP_KERN_JUDGE_BPF_H
#define SKEP_KERN_JUDGE_BPF_H

#include "kern/call.bpf.h"
#include "kern/describe.bpf.h"
#include "kern/filter.bpf.h"
#include "kern/name.bpf.h"

#define SENSOR_CGROUP_HOST 1

/* Calls, because what the verifier learns inside is forgotten at their end: inlined they cost it a hundred times more. */
#define JUDGE static __noinline __attribute__((unused))

#define JUDGE_GIVEN 64 /* longer ones are taken to have what is looked for */

struct judge {
	const struct filter_image *m;
	/* Of each, on the host and in a container: whether it is wanted whatever its paths and name, and the sets of these that
	 * make it so. */
	__u64 sure[2], paths[2], comms[2];
};

/* A control group's kind stands among the folders of the filter until control.cgroup_changes changes. */
static __always_inline __u64 judge_cgroup_key(__u64 changes, __u64 id)
{
	return filter_mix(changes << 32 ^ FILTER_HASH, id);
}

static __always_inline bool judge_cgroup(__u64 changes, __u64 id)
{
	const struct control_cgroup *g;
	__u64 key = judge_cgroup_key(changes, id), kind;

	if (!filter_recall(key, &kind)) {
		g = bpf_map_lookup_elem(&cgroups, &id);
		kind = g ? g->kind : 0;
		filter_keep(key, kind);
	}
	return kind != SENSOR_CGROUP_HOST;
}

static __always_inline __u32 judge_changes(const struct control *c)
{
	return *(volatile const __u32 *)&c->cgroup_changes;
}

/* A call that asks for all it needs: who judges need not keep it on the stack. Looked at once for each program, as judge_fact() is. */
__noinline __attribute__((unused)) __u64 judge_in_container(void)
{
	const struct control *c = control_get();

	return judge_cgroup(judge_changes(c),
			    task_cgroup_id(c, task_plain((void *)bpf_get_current_task_btf())));
}

/* The sets that the caller's name is in; all when it is not known. */
static __always_inline __u64 judge_noted_names(const struct filter_image *m)
{
	struct task_struct *t = (void *)bpf_get_current_task_btf();
	__u64 comm[2];

	if (!name_get(t->group_leader, comm))
		return ~0ull;
	return m->comms[filter_comm_slot(comm) & (FILTER_HASHED - 1)];
}

static __always_inline __u64 judge_names(const struct filter_image *m)
{
	return control_get()->names ? judge_noted_names(m) : ~0ull;
}

/* For programs that may not ask for what is beside a process: those of cgroups. */
static __always_inline __u64 judge_any_name(const struct filter_image *m)
{
	return ~0ull;
}

/* @return false: there is no filter, all is to be told. @param ports  of filter_ports(); ~0: not known */
static __always_inline bool judge_begin(struct judge *j, __u32 version, __u32 type, bool failed,
					__u32 fact, __u64 ports)
{
	__u32 combo = filter_combo(false, failed, fact);
	const struct filter_combo *asks;

	j->m = filter_image(version);
	if (!j->m)
		return false;
	/* Two neighbours in the table. */
	asks = &j->m->combos[type & (FILTER_TYPES - 1)][combo & (FILTER_COMBOS - 2)];
	barrier_var(asks); /* or it is computed anew for each of its fields */
#pragma unroll
	for (int where = 0; where < 2; where++) {
		j->sure[where] = asks[where].always | (asks[where].ports & ports);
		j->comms[where] = asks[where].comms;
		j->paths[where] = asks[where].paths;
	}
	return true;
}

/* Beside a fact. */
enum {
	JUDGE_LOWER = 8,     /* the file is known to be in no upper layer */
	JUDGE_STRAIGHT = 16, /* its path was given without ".." */
};

/* What asks for a file in the upper layer of an overlay is taken away where it is in none. */
static __always_inline void judge_layer(struct judge *j, bool lower)
{
	if (!lower)
		return;
	j->comms[0] &= ~j->m->uppers;
	j->comms[1] &= ~j->m->uppers;
}

/* The sets that decide, as long as they are not known; 0: none does. */
static __always_inline __u64 judge_open_question(const struct judge *j)
{
	return j->sure[0] && j->sure[1] ? 0 : j->paths[0] | j->paths[1];
}

/* The verdict; what is not wanted is counted. Names come last: rules that ask for one alone mostly speak of containers. */
static __always_inline bool judge_end(const struct judge *j, __u32 type, __u64 paths,
				      __u64 (*in_container)(void),
				      __u64 (*names)(const struct filter_image *m))
{
	bool host = j->sure[0] | (j->paths[0] & paths);
	bool wanted = j->sure[1] | (j->paths[1] & paths);
	__u64 comms = j->comms[1];

	if ((host != wanted || j->comms[0] != comms) && !in_container()) {
		wanted = host;
		comms = j->comms[0];
	}
	if (!wanted && comms)
		wanted = comms & names(j->m);
	if (!wanted)
		count_passed_over(type);
	return wanted;
}

static __always_inline __u32 judge_version(const struct control *c)
{
	return *(volatile const __u32 *)&c->generation;
}

/* What is asked about a call: its type, whether it failed, and a fact, in one number. */
enum {
	JUDGE_FAILED = 1 << 7,
	JUDGE_TYPE_SHIFT = 8,
};

static __always_inline __u32 judge_what(const struct call *k, __u32 fact)
{
	return k->type << JUDGE_TYPE_SHIFT | (k->ret < 0 ? JUDGE_FAILED : 0) | fact;
}

static __always_inline bool judge_numbers(__u32 what, __u64 ports, __u32 version,
					  __u64 (*names)(const struct filter_image *m))
{
	struct judge j;

	return !judge_begin(&j, version, what >> JUDGE_TYPE_SHIFT, what & JUDGE_FAILED,
			    what & FILTER_ANY_FACT, ports) ||
	       judge_end(&j, what >> JUDGE_TYPE_SHIFT, ~0ull, judge_in_container, names);
}

/*
 * judge_call(), all numbers, and not static: the verifier looks at it once for each program, not from each place and state it
 * is called in.
 *
 * @param what  of judge_what()
 */
__noinline __attribute__((unused)) __u64 judge_fact(__u32 what, __u64 ports, __u32 version)
{
	return judge_numbers(what, ports, version, judge_names);
}

/* The same where judge_any_name() is all that can be had. */
__noinline __attribute__((unused)) __u64 judge_packet(__u32 what, __u64 ports, __u32 version)
{
	return judge_numbers(what, ports, version, judge_any_name);
}

/* Events without paths, or whose paths are not looked at. */
static __always_inline bool judge_call(const struct call *k, __u32 fact, __u64 ports)
{
	return judge_fact(judge_what(k, fact), ports, judge_version(k->c));
}

/* A byte's highest bit is set where the byte is zero; above such a byte others may have it as well. */
static __always_inline __u64 judge_zeros(__u64 word)
{
	const __u64 ones = 0x0101010101010101;

	return (word - ones) & ~word & ones << 7;
}

#define JUDGE_ALL(byte) (0x0101010101010101 * (byte))

/* Where in a word a dot is followed by one. @param after  the bytes that follow those of @p word */
static __always_inline __u64 judge_dots(__u64 word, __u64 after)
{
	return judge_zeros((word ^ JUDGE_ALL('.')) | (after ^ JUDGE_ALL('.')));
}

/* Whether a path as it was given may have ".." in it; true when it is long or cannot be read. */
static __always_inline bool judge_read_climbs(const void *given, bool in_kernel)
{
	__u64 text[JUDGE_GIVEN / 8 + 1] = { 0 };
	long n = in_kernel ? bpf_probe_read_kernel_str(text, JUDGE_GIVEN, given)
			   : bpf_probe_read_user_str(text, JUDGE_GIVEN, given);

	if (n < 0 || n == JUDGE_GIVEN)
		return true;
#pragma unroll
	for (int i = 0; i < JUDGE_GIVEN / 8; i++) {
		if (judge_dots(text[i], text[i] >> 8 | text[i + 1] << 56))
			return true;
		if (n <= 8 * (i + 1)) /* its end is among these */
			return false;
	}
	return false;
}

/* The kernel's copy stands in a page of its own, so that words behind its end can be read. */
struct judge_words {
	__u64 word[JUDGE_GIVEN / 8 + 1];
};

static __always_inline bool judge_kernel_climbs(__u64 given)
{
	struct judge_words *words =
		bpf_rdonly_cast((void *)given, bpf_core_type_id_kernel(struct pt_regs));
	__u64 word = words->word[0], next;

#pragma unroll
	for (int i = 0; i < JUDGE_GIVEN / 8; i++) {
		next = words->word[i + 1];
		if (judge_dots(word, word >> 8 | next << 56))
			return true;
		if (judge_zeros(word))
			return false;
		word = next;
	}
	return true;
}

/*
 * Whether a path may have been given with ".." in it: some sets count for such alone. A call that is looked at once.
 *
 * @param given  the address of the program's text or, with its highest bit set, of the kernel's struct filename; 0: not known
 */
__noinline __attribute__((unused)) __u64 judge_climbs(__u64 given)
{
	if (!given)
		return true;
	if (!(given >> 63))
		return judge_read_climbs((void *)given, false);
	if (CAN_FOLLOW)
		return judge_kernel_climbs((__u64)WORDS(filename, given)->name);
	return judge_read_climbs(BPF_CORE_READ((struct filename *)given, name), true);
}

/*
 * Which of those who open a file its open is told of: two bits for the host, above them two for containers. Above these the same
 * for a path that was given with "..", and whether that is not the same.
 */
enum {
	JUDGE_WANTED = 1,
	JUDGE_NAMED = 2,   /* if the name is one that is asked for */
	JUDGE_LAYERED = 2, /* of a caller: if the file is in the upper layer of an overlay */
	JUDGE_HOST = JUDGE_WANTED | JUDGE_NAMED,
	JUDGE_WHERE_SHIFT = 2,
	JUDGE_CLIMBING_SHIFT = 4,
	JUDGE_ANYWHERE = (1 << JUDGE_CLIMBING_SHIFT) - 1,
	JUDGE_CLIMBING_DIFFERS = 1 << 2 * JUDGE_CLIMBING_SHIFT,
};
#define JUDGE_ALL_WANTED (JUDGE_WANTED | JUDGE_WANTED << JUDGE_WHERE_SHIFT)

static __always_inline __u64 judge_wants(const struct judge *j, __u64 paths)
{
	__u64 wants = 0;

#pragma unroll
	for (int where = 0; where < 2; where++) {
		if (j->sure[where] | (j->paths[where] & paths))
			wants |= JUDGE_WANTED << where * JUDGE_WHERE_SHIFT;
		if (j->comms[where])
			wants |= JUDGE_NAMED << where * JUDGE_WHERE_SHIFT;
	}
	return wants;
}

#define JUDGE_FORGOTTEN (~0ull)

/* @param of  the current task's */
static __always_inline enum filter_located
judge_locate(struct filter_place *p, struct fs_struct *of, __u64 file, __u32 version)
{
	struct fs_struct *fs = WORDS(fs_struct, of);
	struct file *f = WORDS(file, file);

	return filter_locate(p, (__u64)f->f_path.mnt, (__u64)f->f_path.dentry, (__u64)fs->root.mnt,
			     (__u64)fs->root.dentry, version);
}

/*
 * Where CAN_FOLLOW who is told of a file is found out by three calls, as judge_fact() is one: in one call the stack would
 * not be deep enough for filter_learn() below. Most files were opened before, by nobody whom a rule asks for: then the
 * first is all there is to it.
 *
 * @param what  type << JUDGE_TYPE_SHIFT | bits | fact
 * @return who is told of, or JUDGE_FORGOTTEN
 */
__noinline __attribute__((unused)) __u64 judge_recall_wants(__u64 file, __u32 what, __u32 version)
{
	struct task_struct *t = (void *)bpf_get_current_task_btf();
	struct filter_place p = { 0 };
	__u64 wants;

	/* Older verifiers look at this even if nobody calls it. The one place where trust is worth what it costs the verifier: the
	 * read of the task's field is not checked. */
	if (!CAN_FOLLOW || judge_locate(&p, t->fs, file, version) != FILTER_FOLDER || !p.folder ||
	    !filter_recall(filter_place_key(&p, what), &wants))
		return JUDGE_FORGOTTEN;
	return wants;
}

/*
 * judge_locate() as a call: beside what comes after it the verifier would follow each way up several times over.
 *
 * @param p  zeroed; filled where FILTER_FOLDER is returned
 */
__noinline __attribute__((unused)) __u64 judge_find_place(struct filter_place *p, __u64 file,
							  __u32 version)
{
	struct task_struct *t = task_plain((void *)bpf_get_current_task_btf());

	return CAN_FOLLOW && p ? judge_locate(p, t->fs, file, version) : FILTER_NOWHERE;
}

/* Who is told of a file, found anew; remembered for the next time where all of it is known for certain. */
static __always_inline __u64 judge_learn_wants(const struct filter_place *p,
					       enum filter_located located, __u32 what,
					       __u32 version)
{
	__u64 question, wants, climbing, sets = 0;
	bool known = true;
	struct judge j;

	if (!judge_begin(&j, version, what >> JUDGE_TYPE_SHIFT, false, what & FILTER_ANY_FACT,
			 ~0ull))
		return JUDGE_ALL_WANTED;
	question = judge_open_question(&j);
	if (question && located == FILTER_FOLDER)
		sets = filter_place_sets(p, version, &known);
	else if (question)
		sets = located == FILTER_ROOT ? filter_root_sets(j.m) : FILTER_UNKNOWN;
	wants = judge_wants(&j, sets & ~j.m->climbs);
	climbing = judge_wants(&j, sets);
	if (wants != climbing)
		wants |= JUDGE_CLIMBING_DIFFERS | climbing << JUDGE_CLIMBING_SHIFT;
	if (known && located == FILTER_FOLDER && p->folder)
		filter_keep(filter_place_key(p, what), wants);
	return wants;
}

/* What judge_recall_wants() did not know. */
__noinline __attribute__((unused)) __u64 judge_find_wants(__u64 file, __u32 what, __u32 version)
{
	struct filter_place p = { 0 };

	if (!CAN_FOLLOW)
		return JUDGE_ALL_WANTED;
	return judge_learn_wants(&p, judge_find_place(&p, file, version), what, version);
}

/* The two in one, where pointers alone are followed. */
JUDGE __u64 judge_known_wants(struct fs_struct *fs, struct file *file, __u32 what, __u32 version)
{
	struct filter_place p = { 0 };
	enum filter_located located =
		filter_locate_known(&p, fs, file->f_path.mnt, file->f_path.dentry, version);
	__u64 wants;

	if (located == FILTER_FOLDER && p.folder &&
	    filter_recall(filter_place_key(&p, what), &wants))
		return wants;
	return judge_learn_wants(&p, located, what, version);
}

/* Whether a caller is told of for its name: JUDGE_WANTED or JUDGE_LAYERED. */
__noinline __attribute__((unused)) __u64 judge_named(__u32 what, __u32 version, bool in_container)
{
	const struct filter_image *m = filter_image(version);
	const struct filter_combo *asks;
	__u64 names;
	__u32 combo;

	if (!m || !control_get()->names)
		return JUDGE_WANTED;
	combo = filter_combo(in_container, false, what & FILTER_ANY_FACT);
	asks = &m->combos[what >> JUDGE_TYPE_SHIFT & (FILTER_TYPES - 1)]
			 [combo & (FILTER_COMBOS - 1)];
	names = asks->comms & judge_noted_names(m);
	return names & ~m->uppers ? JUDGE_WANTED : names ? JUDGE_LAYERED : 0;
}

/**
 * Events about an open file.
 *
 * @param t      the current task, trusted
 * @param file   known to the verifier; its address where CAN_FOLLOW
 * @param given  as of judge_climbs()
 */
static __always_inline bool judge_file(const struct call *k, struct task_struct *t, __u32 fact,
				       struct file *file, __u64 address, __u64 given)
{
	const struct control *c = k->c;
	__u32 version = judge_version(c);
	__u32 what = k->type << JUDGE_TYPE_SHIFT | fact;
	__u64 wants = CAN_FOLLOW ? judge_recall_wants(address, what, version)
				 : judge_known_wants(t->fs, file, what, version);
	bool in_container;
	__u64 kind;

	if (wants == JUDGE_FORGOTTEN)
		wants = judge_find_wants(address, what, version);
	if (wants & JUDGE_CLIMBING_DIFFERS && judge_climbs(given))
		wants >>= JUDGE_CLIMBING_SHIFT;
	if (wants & JUDGE_ANYWHERE) {
		/* Here the verifier's trust is worth its price again: its control group is four loads from the task. */
		if (c->hierarchy == CONTROL_UNIFIED &&
		    filter_recall(judge_cgroup_key(judge_changes(c), t->cgroups->dfl_cgrp->kn->id),
				  &kind))
			in_container = kind != SENSOR_CGROUP_HOST;
		else
			in_container = judge_in_container();
		if (in_container)
			wants >>= JUDGE_WHERE_SHIFT;
		wants &= JUDGE_HOST;
		if (wants == JUDGE_NAMED)
			wants = judge_named(what, version, in_container);
		if (wants & JUDGE_WANTED || (wants && is_in_upper_layer(file)))
			return true;
	}
	count_passed_over(k->type);
	return false;
}

struct judge_scan {
	const struct filter_image *m;
	struct scratch *s;
};

/*
 * Reading a path of a record as user space will (record_normal_path()): without "//", "/./" and "/../". The automaton's state
 * and what was found before each component stand in the slot's walk, where no path is built by then.
 */
#define JUDGE_DEPTH (EMIT_WALK_BYTES / sizeof(__u64))

static __always_inline __u64 *judge_level(struct scratch *s, __u32 depth)
{
	return (__u64 *)s->walk + (depth & (JUDGE_DEPTH - 1));
}

static __always_inline void judge_recall(struct scratch *s)
{
	__u64 found = *judge_level(s, s->scan.depth);

	s->scan.state = found & 0xffff;
	s->scan.hits = found >> 16;
	s->scan.bytes = s->scan.dots = 0;
}

/* The end of a component. */
static __always_inline void judge_close(struct scratch *s)
{
	struct path_scan *x = &s->scan;

	if (x->bytes != x->dots || x->dots > 2) {
		x->depth++; /* more than there is room for: judge_folded() sees it at the end */
		*judge_level(s, x->depth) = x->hits << 16 | (x->state & 0xffff);
	} else if (x->dots == 2 && x->depth) {
		x->depth--;
	}
	judge_recall(s);
}

static __always_inline void judge_byte(const struct filter_image *m, struct path_scan *x, __u8 c)
{
	__u64 hits = 0;

	x->state = filter_byte(m, x->state, c, &hits);
	x->hits |= hits;
}

static long judge_folded_step(__u32 i, void *ctx)
{
	struct judge_scan *j = ctx;
	struct scratch *s = j->s;
	struct path_scan *x = &s->scan;
	__u32 at = x->at + i;
	__u8 c;

	if (at >= sizeof(s->record))
		return 1;
	c = s->record[at];
	if (c == '/') {
		judge_close(s);
		return 0;
	}
	if (!x->bytes)
		judge_byte(j->m, x, '/');
	x->bytes++;
	x->dots += c == '.';
	judge_byte(j->m, x, c);
	return 0;
}

/* @return false: it is too deep */
static __noinline __attribute__((unused)) bool judge_folded(const struct filter_image *m,
							    struct scratch *s, __u32 n)
{
	struct judge_scan j = { .m = m, .s = s };
	struct path_scan *x = &s->scan;

	*judge_level(s, 0) = x->hits << 16 | (x->state & 0xffff);
	bpf_loop(n & (2 * RECORD_PATH_MAX - 1), judge_folded_step, &j, 0);
	judge_close(s);
	if (!x->depth)
		judge_byte(m, x, '/');
	return x->depth < JUDGE_DEPTH;
}

/* Eight bytes of a text as it is; and whether it is as record_normal_path() would leave it. */
static long judge_plain_step(__u32 i, void *ctx)
{
	struct judge_scan *j = ctx;
	struct path_scan *x = &j->s->scan;
	__u32 at = x->at + 8 * i, left = x->left;
	__u64 word, after, slashes, hits = x->hits;

	if (at > sizeof(j->s->record) - 16) {
		x->cut = 1;
		return 1;
	}
	word = *(__u64 *)(j->s->record + at);
	after = j->s->record[at + 8];
	/* Zeros behind its end; and as if a '/' followed, which is one too many after another. */
	if (left < 8)
		word &= (1ull << 8 * (left & 7)) - 1;
	after = word >> 8 | (left > 8 ? after : '/') << 56;
	if (left < 8)
		after |= (__u64)'/' << (8 * left - 8 & 63);
	slashes = judge_zeros(word ^ JUDGE_ALL('/'));
	x->climbs |= judge_dots(word, after);
	x->odd |= slashes &
		  (judge_zeros(after ^ JUDGE_ALL('/')) | judge_zeros(after ^ JUDGE_ALL('.')));
	x->deep |= i ? slashes : slashes & ~0xffull;
	x->left = left - 8;
	x->state = filter_bytes(j->m, x->state, word, &hits);
	x->hits = hits;
	return 0;
}

static __always_inline void judge_text_begin(const struct filter_image *m, struct path_scan *x,
					     __u32 at, __u32 n)
{
	__u64 hits = 0;

	__builtin_memset(x, 0, sizeof(*x));
	x->at = at;
	x->left = n;
	x->state = filter_step(m, 0, FILTER_CLASS_BEGIN, &hits);
	x->hits = hits;
}

/* What is known of a path in a record, beside JUDGE_STRAIGHT. */
enum {
	JUDGE_PLAIN = 1,    /* user space leaves it as it is */
	JUDGE_RESOLVED = 2, /* the kernel's own: with ".." it may have been given all the same */
	JUDGE_SECOND = 4,   /* of two */
};

/* The sets that a path in the record in a slot satisfies. */
__noinline __attribute__((unused)) __u64 judge_text(__u32 slot, __u32 at, __u32 n, __u32 known,
						    __u32 version)
{
	const struct filter_image *m = filter_image(version);
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct judge_scan j = { .m = m, .s = s };
	struct path_scan *x;
	__u64 hits, climbs;
	bool deep;

	n &= 2 * RECORD_PATH_MAX - 1;
	if (!m || !s || at >= sizeof(s->record))
		return ~0ull;
	x = &s->scan;
	judge_text_begin(m, x, at, n);
	bpf_loop((n + 7) / 8, judge_plain_step, &j, 0);
	if (x->cut)
		return ~0ull;
	climbs = x->climbs;
	deep = x->deep;
	if (x->odd && !(known & JUDGE_PLAIN) && s->record[at] == '/') {
		judge_text_begin(m, x, at, n);
		if (!judge_folded(m, s, n))
			return ~0ull;
		deep = x->depth > 1;
	}
	hits = x->hits;
	filter_step(m, x->state, FILTER_CLASS_END, &hits);
	if (!deep)
		hits |= m->tops;
	if (!climbs && (known & (JUDGE_RESOLVED | JUDGE_STRAIGHT)) != JUDGE_RESOLVED)
		hits &= ~m->climbs;
	if (!(known & (JUDGE_PLAIN | JUDGE_RESOLVED)))
		s->found[known / JUDGE_SECOND & 1] = hits;
	return hits;
}

/* The sets of a path that a program has, if it begins at the root and is remembered; FILTER_UNKNOWN: it does not or is not. */
__noinline __attribute__((unused)) __u64 judge_user_text(__u64 user, __u32 version)
{
	__u64 path[SHORT_PATH_WORDS] = { 0 }, sets;
	long n = bpf_probe_read_user_str(path, sizeof(path), (void *)user);

	if (n <= 1 || n == sizeof(path) || (path[0] & 0xff) != '/')
		return FILTER_UNKNOWN;
	return filter_text_recall(path, version, &sets) ? sets : FILTER_UNKNOWN;
}

/*
 * Whether an event may be wanted that is about one or two paths as a program gives them, before there is a record of it: of paths
 * met before that is all there is to it. As judge_fact().
 *
 * @param second  0: there is none
 */
__noinline __attribute__((unused)) __u64 judge_paths(__u64 first, __u64 second, __u32 what)
{
	__u32 version = judge_version(control_get());
	__u64 sets = 0;
	struct judge j;

	if (!judge_begin(&j, version, what >> JUDGE_TYPE_SHIFT, what & JUDGE_FAILED,
			 what & FILTER_ANY_FACT, ~0ull))
		return true;
	if (judge_open_question(&j)) {
		sets = judge_user_text(first, version);
		if (second && sets != FILTER_UNKNOWN)
			sets |= judge_user_text(second, version);
		if (sets == FILTER_UNKNOWN)
			return true;
	}
	return judge_end(&j, what >> JUDGE_TYPE_SHIFT, sets, judge_in_container, judge_names);
}

static __always_inline bool judge_call_paths(const struct call *k, const void *first,
					     const void *second)
{
	return judge_paths((__u64)first, (__u64)second, judge_what(k, FILTER_ANY_FACT));
}

/*
 * Events about one or two paths that stand in the record in a slot, the second after the first; of its head type, result, marks
 * and parts are there. As judge_fact().
 */
__noinline __attribute__((unused)) __u64 judge_slot(__u32 slot, __u32 fact)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct control *c = control_get();
	const struct record_head *h;
	struct judge j;
	__u32 type, at, version, known;
	__u64 sets = 0;

	if (!s)
		return 1;
	s->found[0] = s->found[1] = FILTER_UNKNOWN;
	h = (const void *)s->record;
	type = h->type;
	at = sizeof(*h) + parts_bytes(h->parts);
	s->found_by = version = judge_version(c);
	if (!judge_begin(&j, version, type, h->res < 0, fact & FILTER_ANY_FACT, ~0ull))
		return 1;
	judge_layer(&j, fact & JUDGE_LOWER);
	if (h->marks & EVENT_TRUNCATED) {
		sets = ~0ull;
	} else if (judge_open_question(&j)) {
		known = (h->marks & EVENT_RACY ? 0 : JUDGE_RESOLVED) | (fact & JUDGE_STRAIGHT);
		if (type == EVENT_SYMLINK || type == EVENT_SYMLINKAT)
			known |= JUDGE_PLAIN;
		sets = judge_text(slot, at, h->span[RECORD_PATH], known, version);
		if (h->span[RECORD_PATH2])
			sets |= judge_text(slot, at + h->span[RECORD_PATH], h->span[RECORD_PATH2],
					   JUDGE_SECOND, version);
	}
	return judge_end(&j, type, sets, judge_in_container, judge_names);
}

/* Takes a path from a record to where it is remembered by; a call of its own, as scratch_append() is. @return false: it is too long */
JUDGE bool judge_take(struct scratch *s, __u32 at, __u32 n)
{
	if (!n || n >= SHORT_PATH || at > sizeof(s->record) - SHORT_PATH)
		return false;
#pragma unroll
	for (__u32 i = 0; i < SHORT_PATH; i += 8) {
		__u64 word = *(const __u64 *)(s->record + at + i);

		s->path[i / 8] = n >= i + 8 ? word : n > i ? word & (1ull << 8 * (n - i)) - 1 : 0;
	}
	return true;
}

/* Remembers the paths of a record that judge_slot() did not want. */
__noinline __attribute__((unused)) __u64 judge_keep(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct record_head *h;
	__u32 version, at;

	if (!s)
		return 0;
	h = (const void *)s->record;
	version = s->found_by;
	at = sizeof(*h) + parts_bytes(h->parts);
	if (s->found[0] != FILTER_UNKNOWN && judge_take(s, at, h->span[RECORD_PATH]))
		filter_text_keep(s->path, version, s->found[0]);
	at += h->span[RECORD_PATH];
	if (s->found[1] != FILTER_UNKNOWN && judge_take(s, at, h->span[RECORD_PATH2]))
		filter_text_keep(s->path, version, s->found[1]);
	return 0;
}

/*
 * Whether what stands in the slot may be wanted; if not, the slot is given back. What judging does
 * not need is added afterwards.
 */
static __always_inline bool judge_emit(struct emit *w, __u32 fact)
{
	if (judge_slot(w->bit >> 1, fact))
		return true;
	judge_keep(w->bit >> 1);
	emit_drop(w);
	return false;
}

static __always_inline int judge_send(const struct call *k, struct emit *w)
{
	emit_who(w, k->c, k->t);
	emit_send_bulk(w, k->c);
	return 0;
}

#endif

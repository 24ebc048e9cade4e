#include "watch/watch.h"

#include <stdio.h>

#include "base/clock.h"
#include "watch/alert_maker.h"
#include "watch/fold.h"
#include "watch/hold.h"
#include "watch/probe.h"

enum {
	GIVEN_UP = 256, /* control groups remembered that never became known */
	FIRST_PROCESSES = 1024,
	SCRATCH_BYTES = 512 * 1024,
	HELD_BYTES = 512, /* of one held event, on average */
	USAGE_CONTAINERS = 4096,
	HOST_NAME_BYTES = 256,
	AWAITING = 1024, /* events that wait for a name or the hash of a file */
};

#define PAST_NONE UINT32_MAX

#define FIRST_WITHIN_NS (10 * SECOND_NS)
#define GIVE_UP_NS (60 * SECOND_NS)
#define AWAIT_NS (5 * SECOND_NS) /* for a name or the hash of a file */

/* A control group whose container did not become known in time: its events are not held again for a while. */
struct given_up {
	uint64_t cgroup_id, since_ns;
};

/* A container's first process, seen to begin: its root leads to the container's files while it runs. */
struct first {
	uint64_t cgroup_id;
	uint32_t pid;
};

struct watch {
	struct watch_config config;
	struct asset *asset;
	const struct rule *const *rules; /* the program's */
	struct policy_run *run;          /* owned */
	struct alert_maker *maker;       /* owned */
	const bool *wanted;              /* by type; the program's */
	watch_alert_handler on_alert;
	void *ctx;
	watch_tap tap;
	void *tap_ctx;
	struct process_tree *tree; /* owned */
	struct hold hold;
	struct hashes *hashes; /* owned; NULL: no rule asks for one */
	struct hold awaiting;  /* those of `hashes` and of names; a note is a past's number */
	struct process_past pasts[AWAITING];
	uint32_t free_pasts[AWAITING], free_past_count;
	struct fold *fold;   /* owned; NULL: no folding */
	struct usage *usage; /* owned */
	bool wants_usage;    /* some rule reads the figures */
	struct scratch scratch;
	struct event_world world;
	struct event_target target; /* what is judged; here, for what is on the stack is cleared */
	struct given_up given_up[GIVEN_UP];
	struct first first[FIRST_PROCESSES];
	uint64_t
		account_pending; /* of a judgement: not 0, it asked for a name that is being looked up */
	uint64_t now_ns, last_usage_ns, last_second_ns, last_number;
	struct watch_stats stats;
	char hostname[HOST_NAME_BYTES];
	char unhashed_path[256];
};

static uint32_t hash_group(uint64_t cgroup_id)
{
	return (uint32_t)(cgroup_id * 0x9e3779b97f4a7c15u >> 32);
}

static struct first *first_at(struct watch *w, uint64_t cgroup_id)
{
	return &w->first[hash_group(cgroup_id) % FIRST_PROCESSES];
}

/* The container's first process outlives the one that the event is of, which may be gone by now. */
static enum policy_state find_account(void *ctx, const struct container *c, uint32_t pid,
				      enum account_part part, uint32_t number, str *ret)
{
	struct watch *w = ctx;
	const struct first *f = first_at(w, c->cgroup_id);
	const struct asset_account q = {
		c, { f->cgroup_id == c->cgroup_id ? f->pid : 0, pid }, part, number
	};
	uint64_t pending;
	enum policy_state s = asset_account(w->asset, &q, ret, &pending);

	if (pending)
		w->account_pending = pending;
	return s;
}

static void tell(void *ctx, const struct alert *a)
{
	struct watch *w = ctx;

	w->stats.alerts++;
	w->on_alert(w->ctx, a);
}

static struct watch_config with_defaults(const struct watch_config *c)
{
	struct watch_config out = *c;

	out.max_processes = c->max_processes ? c->max_processes : 16384;
	out.max_held = c->max_held ? c->max_held : 4096;
	out.hold_ms = c->hold_ms ? c->hold_ms : 200;
	out.fold_s = c->fold_s ? c->fold_s : 60;
	out.usage_interval_ms = c->usage_interval_ms ? c->usage_interval_ms : 10000;
	out.remember_s = c->remember_s ? c->remember_s : 10;
	out.text_bytes = c->text_bytes ? c->text_bytes : (size_t)8 << 20;
	return out;
}

static int make_parts(struct watch *w, struct err *e)
{
	const struct watch_config *c = &w->config;
	struct process_tree_config tree = { (uint32_t)MIN(c->max_processes, (size_t)1 << 22),
					    (uint32_t)MIN(c->text_bytes, (size_t)1 << 30),
					    c->remember_s };
	uint32_t held = (uint32_t)MIN(c->max_held, (size_t)1 << 20);
	int r = process_tree_new(&tree, &w->tree, e);

	if (r == 0)
		r = hold_init(&w->hold, held, held * HELD_BYTES, e);
	if (r == 0)
		r = hold_init(&w->awaiting, AWAITING, AWAITING * HELD_BYTES, e);
	if (r == 0 && !c->no_folding)
		r = fold_new(c->fold_s * SECOND_NS, tell, w, &w->fold, e);
	if (r == 0)
		r = usage_new(USAGE_CONTAINERS, &c->key, &w->usage, e);
	if (r == 0)
		r = scratch_init(&w->scratch, SCRATCH_BYTES, e);
	return r;
}

static void make_world(struct watch *w)
{
	if (gethostname(w->hostname, sizeof(w->hostname) - 1) < 0)
		w->hostname[0] = '\0';
	w->world = (struct event_world){
		.tree = w->tree,
		.scratch = &w->scratch,
		.users = { w, find_account },
		.hashes = w->hashes,
		.hostname = str_from(w->hostname),
		.boot_ns = clock_boot_offset_ns(),
	};
}

int watch_new(const struct watch_config *c, struct asset *asset,
	      const struct policy_program *program, watch_alert_handler on_alert, void *ctx,
	      struct watch **ret, struct err *e)
{
	struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(e, ENOMEM, "watch: no memory");
	w->config = with_defaults(c);
	w->asset = asset;
	w->on_alert = on_alert;
	w->ctx = ctx;
	for (uint32_t i = 0; i < AWAITING; i++)
		w->free_pasts[w->free_past_count++] = i;
	r = make_parts(w, e);
	if (r == 0)
		r = watch_set_program(w, program, e);
	if (r < 0) {
		watch_free(w);
		return r;
	}
	make_world(w);
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	fold_free(w->fold);
	alert_maker_free(w->maker);
	policy_run_free(w->run);
	usage_free(w->usage);
	hold_done(&w->hold);
	hold_done(&w->awaiting);
	hashes_free(w->hashes);
	process_tree_free(w->tree);
	scratch_done(&w->scratch);
	free(w);
}

/* What makes two alerts the same: all but when, by which process and which number of it. */
static void alert_key(struct watch *w, const struct event_target *t, str rule,
		      const struct container *c, uint8_t ret[FOLD_KEY_BYTES])
{
	const struct process_tree *tree = t->world->tree;
	const struct process *parent = t->process ? process_tree_parent(tree, t->process) : NULL;
	const struct program *of_parent = parent ? process_tree_program(tree, parent) : NULL;
	const struct program_table *texts = process_tree_programs(tree);
	enum event_family family = event_type_family(t->event->type);
	char target[256], second[256];
	str what = family == EVENT_FAMILY_EXEC && t->program ? program_cmdline(texts, t->program)
							     : t->event->path,
	    path2 = t->event->path2.n ? t->event->path2 : t->event->text;

	if (!what.n)
		what = event_target_fd_name(t);
	str parts[] = {
		rule,
		c->image_digest.n ? c->image_digest
		: c->image_id.n   ? c->image_id
				  : c->id,
		t->program ? program_path(texts, t->program) : S(""),
		of_parent ? program_comm(texts, of_parent) : S(""),
		{ target, fold_normalise(what, target, sizeof(target)) },
		{ second, fold_normalise(path2, second, sizeof(second)) },
	};

	fold_key(w->fold, parts, ARRAY_LEN(parts), ret);
}

static void raise_alert(struct watch *w, const struct event_target *t, uint32_t rule)
{
	static const struct container nobody = { .runtime = CONTAINER_OTHER,
						 .id = { "unknown", 7 } };
	const struct container *c = t->container ? t->container : &nobody;
	uint8_t key[FOLD_KEY_BYTES];
	struct alert a;

	/* Most of a storm of alerts is counted before anything is made of them. */
	if (w->fold) {
		alert_key(w, t, w->rules[rule]->name, c, key);
		if (fold_count(w->fold, key, t->event->time_ns)) {
			w->stats.folded++;
			return;
		}
	}
	alert_maker_fill(w->maker, t, rule, c, &a);
	if (w->fold)
		fold_add(w->fold, key, &a);
	else
		tell(w, &a);
}

/* Where the file may be found: by the process, below the roots of others that share its container, on the host. */
static uint64_t ask_for_hash(struct watch *w, const struct event_target *t)
{
	const struct container *c = t->container;
	const struct first *f = first_at(w, t->event->cgroup_id);
	struct hash_question q = {
		.pid = t->event->task.pid,
		.roots = { f->cgroup_id == t->event->cgroup_id ? f->pid : 0, c ? c->init_pid : 0,
			   t->process ? t->process->parent_key.pid : 0 },
		.host = !c || c->runtime == CONTAINER_HOST,
		.path = program_path(process_tree_programs(w->tree), t->program),
	};

	return hashes_ask(w->hashes, t->program, &q);
}

/* What an event may still wait for: names first, so that by the time a hash is there they are known. */
enum may_wait { WAIT_NOT, WAIT_HASH, WAIT_NAMES };

/*
 * The event is judged when that is there, with all facts at once.
 *
 * @param past  of one that waited before; else PAST_NONE
 * @return false: nobody can wait for it
 */
static bool await(struct watch *w, const struct event_target *t, uint64_t number, uint32_t past)
{
	/* Figures of an interval are not kept beyond it. */
	if (!number || t->event->usage)
		return false;
	if (past != PAST_NONE)
		return hold_again(&w->awaiting, number, w->now_ns);
	if (!w->free_past_count)
		return false;
	past = w->free_pasts[w->free_past_count - 1];
	if (!hold_add(&w->awaiting, number, t->event, w->now_ns, past))
		return false;
	w->free_past_count--;
	process_tree_keep(w->tree, t->process, &w->pasts[past]);
	return true;
}

/* @return whether the event waits now */
static bool await_missed(struct watch *w, const struct event_target *t, enum may_wait may_wait,
			 uint32_t past)
{
	if (may_wait >= WAIT_NAMES && await(w, t, w->account_pending, past))
		return true;
	return may_wait >= WAIT_HASH && hashes_wanted(w->hashes) &&
	       await(w, t, ask_for_hash(w, t), past);
}

static void count_unhashed(struct watch *w, const struct event_target *t, enum may_wait may_wait)
{
	enum hash_gap gap;

	if (!hashes_missed(w->hashes, &gap))
		return;
	/* It could still be known, and nobody took the question. */
	if (may_wait != WAIT_NOT && gap == HASH_LATE)
		gap = HASH_BUSY;
	w->stats.unhashed[gap]++;
	snprintf(w->unhashed_path, sizeof(w->unhashed_path), "%.*s",
		 STR_ARG(program_path(process_tree_programs(w->tree), t->program)));
}

/* Outputs that name a hash ask for it, too; and every alert says who it was. */
static void read_shown(struct watch *w, const struct event_target *t, const uint32_t *hits,
		       size_t count)
{
	const uint8_t *sum;
	str name;

	if (count && t->process)
		(void)event_target_account(t, ACCOUNT_NAME, t->event->user, &name);
	for (size_t i = 0; w->hashes && t->program && i < count; i++)
		for (unsigned int k = 0; k < DIGEST_KIND_COUNT; k++)
			if (alert_maker_shows_hash(w->maker, hits[i]) &&
			    hashes_kinds(w->hashes) & 1u << k)
				(void)hashes_get(w->hashes, t->program, k, &sum);
}

/* @param past  as for await() @return whether the event waits now */
static bool judge_target(struct watch *w, const struct event_target *t, enum may_wait may_wait,
			 uint32_t past)
{
	const struct event *v = t->event;
	const uint32_t *hits;
	size_t count = 0, unknown = 0;

	hashes_begin(w->hashes);
	w->account_pending = 0;
	if (w->wanted[v->type])
		count = policy_judge(w->run, &t->target, &hits, &unknown);
	if (count && !w->config.all_rules)
		count = 1;
	read_shown(w, t, hits, count);
	if (await_missed(w, t, may_wait, past))
		return true;
	count_unhashed(w, t, may_wait);
	w->stats.awaited += may_wait == WAIT_NOT;
	w->stats.unknown_verdicts += unknown;
	if (unknown)
		policy_count_undecided(w->run);
	w->stats.unknown_process += !t->process && v->task.pid;
	if (w->tap)
		w->tap(w->tap_ctx, &t->target, v);
	for (size_t i = 0; i < count; i++)
		raise_alert(w, t, hits[i]);
	return false;
}

static void judge(struct watch *w, const struct event *v, const struct container *c)
{
	if (!w->wanted[v->type] && !w->tap)
		return;
	scratch_reset(&w->scratch);
	event_target_init(&w->target, &w->world, v, c);
	(void)judge_target(w, &w->target, WAIT_NAMES, PAST_NONE);
}

/* An event that waited, or waited long enough. What was run then is what it is judged by. */
static void judge_again(struct watch *w, const struct event *v, uint32_t number,
			enum may_wait may_wait)
{
	struct process_past *past = &w->pasts[number];
	const struct program *own = process_tree_past_program(w->tree, past);
	const struct container *c =
		v->cgroup_id ? asset_find(w->asset, v->cgroup_id) : asset_host(w->asset);
	bool waits;

	scratch_reset(&w->scratch);
	process_tree_exchange(w->tree, past);
	event_target_init(&w->target, &w->world, v, c);
	/* The process itself may be forgotten by now. */
	if (own)
		w->target.program = own;
	waits = judge_target(w, &w->target, may_wait, number);
	process_tree_exchange(w->tree, past);
	if (waits)
		return;
	process_tree_release(w->tree, past);
	w->free_pasts[w->free_past_count++] = number;
}

void watch_named(void *ctx, uint64_t pending)
{
	struct watch *w = ctx;
	struct event v;
	struct event_exec x;
	uint32_t past;

	while (hold_take(&w->awaiting, pending, &v, &x, &past))
		judge_again(w, &v, past, WAIT_HASH);
}

void watch_hashed(void *ctx, const struct hash_answer *a)
{
	struct watch *w = ctx;
	uint64_t number = hashes_answer(w->hashes, a);
	struct event v;
	struct event_exec x;
	uint32_t past;

	if (!number)
		return;
	while (hold_take(&w->awaiting, number, &v, &x, &past))
		judge_again(w, &v, past, WAIT_NOT);
	hashes_answered(w->hashes, number);
}

/*
 * In a namespace that containers share (a pod's, another container's) the first process of each is any: it is the one that
 * began first in the container's group, just after it came to be; of those that run already engines tell.
 */
static bool begins_container(struct watch *w, const struct event *v, const struct container *c)
{
	const struct first *f = first_at(w, c->cgroup_id);
	uint64_t since = v->time_ns - c->started_ns;

	if (v->exec->vpid == 1 || c->init_pid == v->task.pid)
		return true;
	return c->shared_pid && event_type_family(v->type) == EVENT_FAMILY_EXEC &&
	       !v->exec->vppid && !(v->marks & EVENT_REPLAYED) && f->cgroup_id != c->cgroup_id &&
	       c->started_ns && v->time_ns > c->started_ns && since < FIRST_WITHIN_NS;
}

static void handle(struct watch *w, const struct event *v, const struct container *c)
{
	process_tree_event(w->tree, v);
	if (v->exec && c && c->cgroup_id && begins_container(w, v, c)) {
		*first_at(w, c->cgroup_id) = (struct first){ c->cgroup_id, v->task.pid };
		process_tree_set_first(w->tree, v->task);
	}
	if (v->exec && c && event_type_family(v->type) == EVENT_FAMILY_EXEC)
		probe_settle(w->tree, v->task, c);
	if (v->marks & EVENT_REPLAYED) {
		w->stats.replayed++;
		return;
	}
	if (w->wants_usage && c && c->runtime != CONTAINER_HOST)
		usage_event(w->usage, c, v);
	judge(w, v, c);
}

static struct given_up *given_up_at(struct watch *w, uint64_t cgroup_id)
{
	return &w->given_up[hash_group(cgroup_id) % GIVEN_UP];
}

/* Whether @p wait has passed since then. The clock may be set back: then the wait is over rather than endless. */
static bool is_over(const struct watch *w, uint64_t since_ns, uint64_t wait_ns)
{
	return w->now_ns < since_ns || w->now_ns - since_ns >= wait_ns;
}

static bool is_given_up(struct watch *w, uint64_t cgroup_id)
{
	const struct given_up *g = given_up_at(w, cgroup_id);

	return g->cgroup_id == cgroup_id && !is_over(w, g->since_ns, GIVE_UP_NS);
}

/* All that waits of a control group, in its order. */
static void release(struct watch *w, uint64_t cgroup_id, const struct container *c)
{
	struct event v;
	struct event_exec x;

	while (hold_take(&w->hold, cgroup_id, &v, &x, NULL))
		handle(w, &v, c);
}

static void give_up(struct watch *w, uint64_t cgroup_id)
{
	*given_up_at(w, cgroup_id) = (struct given_up){ cgroup_id, w->now_ns };
	release(w, cgroup_id, NULL);
}

static void hold_event(struct watch *w, const struct event *v)
{
	uint64_t oldest, since;

	while (!hold_add(&w->hold, v->cgroup_id, v, w->now_ns, 0)) {
		if (!hold_oldest(&w->hold, &oldest, &since)) {
			/* Larger than the whole store: nothing can be waited for. */
			w->stats.held_early++;
			handle(w, v, NULL);
			return;
		}
		w->stats.held_early++;
		give_up(w, oldest);
	}
	w->stats.held++;
}

void watch_event(void *ctx, const struct event *v)
{
	struct watch *w = ctx;
	const struct container *c;

	w->stats.events++;
	w->last_number = MAX(w->last_number, v->number);
	if (!w->now_ns)
		w->now_ns = v->time_ns;
	c = v->cgroup_id ? asset_find(w->asset, v->cgroup_id) : asset_host(w->asset);
	if (!c && event_type_is_of_process(v->type) && !(v->marks & EVENT_REPLAYED) &&
	    !is_given_up(w, v->cgroup_id)) {
		hold_event(w, v);
		return;
	}
	if (c && hold_has(&w->hold, v->cgroup_id))
		release(w, v->cgroup_id, c);
	handle(w, v, c);
}

static void release_known(struct watch *w)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < w->hold.used; i++) {
		uint64_t group = hold_group(&w->hold, i);
		const struct container *c =
			group && group != last ? asset_find(w->asset, group) : NULL;

		last = group ? group : last;
		if (!c)
			continue;
		release(w, group, c);
		/* Slots at the front may be gone. */
		i = UINT32_MAX;
		last = 0;
	}
}

static void release_late(struct watch *w)
{
	uint64_t oldest, since, wait = w->config.hold_ms * MS_NS;

	while (hold_oldest(&w->hold, &oldest, &since) && is_over(w, since, wait)) {
		uint32_t waiting = w->hold.waiting;

		give_up(w, oldest);
		w->stats.held_timeout += waiting - w->hold.waiting;
	}
}

/* Those that have waited for long enough, or all. */
static void release_awaiting(struct watch *w, bool all)
{
	uint64_t number, since;
	struct event v;
	struct event_exec x;
	uint32_t past;

	while (hold_oldest(&w->awaiting, &number, &since) && (all || is_over(w, since, AWAIT_NS)) &&
	       hold_take(&w->awaiting, number, &v, &x, &past))
		judge_again(w, &v, past, WAIT_NOT);
}

static const struct container *find_container(void *ctx, uint64_t cgroup_id)
{
	struct watch *w = ctx;

	return asset_find(w->asset, cgroup_id);
}

/* An event of our own making. */
static void tell_of_container(struct watch *w, enum event_type type, const struct container *c,
			      const struct event_usage *u)
{
	struct event v = { .type = type,
			   .time_ns = w->now_ns,
			   .number = w->last_number,
			   .task = { .pid = c->init_pid },
			   .cgroup_id = c->cgroup_id,
			   .fd = { .number = -1 },
			   .usage = u };

	judge(w, &v, c);
}

static void tell_usage(void *ctx, const struct container *c, const struct event_usage *u)
{
	tell_of_container(ctx, EVENT_USAGE, c, u);
}

static void every_second(struct watch *w)
{
	if (!is_over(w, w->last_second_ns, SECOND_NS))
		return;
	w->last_second_ns = w->now_ns;
	w->world.boot_ns = clock_boot_offset_ns();
	process_tree_expire(w->tree, w->now_ns);
	if (w->fold)
		fold_tick(w->fold, w->now_ns);
}

static void every_interval(struct watch *w)
{
	uint64_t interval_ns = w->config.usage_interval_ms * MS_NS;

	if (!w->last_usage_ns)
		usage_begin(w->usage, w->now_ns);
	else if (!is_over(w, w->last_usage_ns, interval_ns))
		return;
	else if (w->wants_usage)
		usage_end(w->usage, w->now_ns, find_container, w->config.usage, w->config.usage_ctx,
			  tell_usage, w);
	w->last_usage_ns = w->now_ns;
}

void watch_tick(struct watch *w, uint64_t now_ns)
{
	w->now_ns = now_ns;
	if (w->hold.waiting) {
		release_known(w);
		release_late(w);
	}
	release_awaiting(w, false);
	every_second(w);
	every_interval(w);
}

void watch_container(void *ctx, const struct container *c, bool started, bool stopped)
{
	struct watch *w = ctx;

	if (w->hold.waiting)
		release_known(w);
	if (started)
		tell_of_container(w, EVENT_CONTAINER_START, c, NULL);
	if (stopped)
		tell_of_container(w, EVENT_CONTAINER_STOP, c, NULL);
}

/* Which hashes of files a program's rules ask for. */
static uint32_t hash_kinds(const struct watch *w, const struct policy_program *program)
{
	uint32_t kinds = 0;

	static_assert(FIELD_PROC_SHA512 - FIELD_PROC_MD5 == DIGEST_SHA512, "in one order");
	for (unsigned int k = 0; w->config.hash && k < DIGEST_KIND_COUNT; k++)
		kinds |= policy_uses(program, (uint16_t)(FIELD_PROC_MD5 + k)) ? 1u << k : 0;
	return kinds;
}

/* Others are asked for: what waits is judged by the rules it waited for. */
static void set_hashes(struct watch *w, struct hashes *fresh)
{
	release_awaiting(w, true);
	hashes_free(w->hashes);
	w->hashes = w->world.hashes = fresh;
}

int watch_set_program(struct watch *w, const struct policy_program *program, struct err *e)
{
	const uint32_t kinds = hash_kinds(w, program);
	const bool other = kinds != hashes_kinds(w->hashes);
	struct alert_maker *maker = NULL;
	struct policy_run *run = NULL;
	struct hashes *hashes = NULL;
	size_t count;
	int r = alert_maker_new(program, &maker, e);

	if (r == 0)
		r = policy_run_new(program, &run, e);
	if (r == 0 && other && kinds)
		r = hashes_new(kinds, &w->config.key, w->config.hash, w->config.hash_ctx, &hashes,
			       e);
	if (r < 0) {
		policy_run_free(run);
		alert_maker_free(maker);
		return r;
	}
	if (other)
		set_hashes(w, hashes);
	alert_maker_free(w->maker);
	policy_run_free(w->run);
	w->maker = maker;
	w->run = run;
	w->rules = policy_rules(program, &count);
	w->wanted = policy_types(program);
	w->wants_usage = w->wanted[EVENT_USAGE];
	return 0;
}

void watch_snapshot_begin(struct watch *w)
{
	process_tree_snapshot_begin(w->tree);
}

void watch_snapshot_end(struct watch *w)
{
	process_tree_snapshot_end(w->tree, w->now_ns ? w->now_ns : 1);
}

void watch_set_tap(struct watch *w, watch_tap tap, void *ctx)
{
	w->tap = tap;
	w->tap_ctx = ctx;
}

void watch_stats(const struct watch *w, struct watch_stats *ret)
{
	struct process_tree_stats tree;

	process_tree_stats(w->tree, &tree);
	*ret = w->stats;
	ret->processes = tree.processes;
	ret->processes_exited = tree.exited;
	ret->evicted_processes = tree.evicted;
	ret->refused_processes = tree.refused;
	ret->cut_texts = tree.cut;
	ret->uncounted = usage_refused(w->usage);
	ret->unhashed_path = str_from(w->unhashed_path);
}

struct policy_run *watch_run(struct watch *w)
{
	return w->run;
}

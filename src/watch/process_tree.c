#include "watch/process_tree.h"

enum { LIST_NONE, LIST_CHILDLESS, LIST_ANCESTORS, LIST_COUNT };

/* From the one that exited longest ago to the latest. */
struct exited {
	uint32_t oldest, newest;
};

struct process_tree {
	struct process *items; /* owned */
	uint32_t *buckets;     /* owned; by pid alone, so that a number leads to all that had it */
	uint32_t cap, fresh, bucket_mask;
	uint32_t free_item; /* chained through process.chain */
	struct exited exited[LIST_COUNT];
	struct program_table programs;
	uint64_t remember_ns;
	uint32_t snapshot; /* counts them; 0: none yet */
	uint32_t living, remembered;
	uint64_t evicted, refused;
};

enum { PROGRAM_TRIES = 64 };

int process_tree_new(const struct process_tree_config *c, struct process_tree **ret, struct err *e)
{
	struct process_tree *t = calloc(1, sizeof(*t));
	uint32_t buckets = 64;

	while (buckets < c->max_processes && buckets < (uint32_t)1 << 30)
		buckets *= 2;
	if (t)
		t->buckets = malloc(buckets * sizeof(*t->buckets));
	if (t)
		t->items = calloc(c->max_processes, sizeof(*t->items));
	if (!t || !t->buckets || !t->items) {
		process_tree_free(t);
		return err_set(e, ENOMEM, "process tree: no memory for %u processes",
			       c->max_processes);
	}
	memset(t->buckets, 0xff, buckets * sizeof(*t->buckets));
	t->cap = c->max_processes;
	t->bucket_mask = buckets - 1;
	t->free_item = PROCESS_NONE;
	t->remember_ns = (uint64_t)c->remember_s * 1000000000;
	for (int i = 0; i < LIST_COUNT; i++)
		t->exited[i] = (struct exited){ PROCESS_NONE, PROCESS_NONE };
	/* One more than processes: an exec makes its program before it lets go of the old one. */
	int r = program_table_init(&t->programs, c->max_processes + 1, c->text_bytes, e);

	if (r < 0) {
		process_tree_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void process_tree_free(struct process_tree *t)
{
	if (!t)
		return;
	program_table_done(&t->programs);
	free(t->items);
	free(t->buckets);
	free(t);
}

static uint32_t *bucket_of(const struct process_tree *t, uint32_t pid)
{
	return &t->buckets[(pid * 2654435761u >> 7) & t->bucket_mask];
}

static struct process *find(const struct process_tree *t, struct process_key k)
{
	for (uint32_t i = *bucket_of(t, k.pid); i != PROCESS_NONE; i = t->items[i].chain)
		if (process_key_eq(t->items[i].key, k))
			return &t->items[i];
	return NULL;
}

static struct process *living(const struct process_tree *t, uint32_t pid)
{
	for (uint32_t i = *bucket_of(t, pid); i != PROCESS_NONE; i = t->items[i].chain)
		if (t->items[i].key.pid == pid && !t->items[i].exit_ns)
			return &t->items[i];
	return NULL;
}

/* A key without a start time means whoever has the number now. */
static struct process *find_any(const struct process_tree *t, struct process_key k)
{
	if (!k.pid)
		return NULL;
	return k.start_ns ? find(t, k) : living(t, k.pid);
}

static uint32_t slot_of(const struct process_tree *t, const struct process *p)
{
	return (uint32_t)(p - t->items);
}

static struct process *follow(const struct process_tree *t, struct process_link l)
{
	if (l.slot == PROCESS_NONE || t->items[l.slot].generation != l.generation)
		return NULL;
	return &t->items[l.slot];
}

static void list_remove(struct process_tree *t, struct process *p)
{
	struct exited *l = &t->exited[p->list];

	if (p->list == LIST_NONE)
		return;
	if (p->older != PROCESS_NONE)
		t->items[p->older].newer = p->newer;
	else
		l->oldest = p->newer;
	if (p->newer != PROCESS_NONE)
		t->items[p->newer].older = p->older;
	else
		l->newest = p->older;
	p->list = LIST_NONE;
}

static void list_add(struct process_tree *t, struct process *p, uint8_t list, bool as_oldest)
{
	struct exited *l = &t->exited[list];
	uint32_t slot = slot_of(t, p);

	p->list = list;
	p->older = as_oldest ? PROCESS_NONE : l->newest;
	p->newer = as_oldest ? l->oldest : PROCESS_NONE;
	if (p->older != PROCESS_NONE)
		t->items[p->older].newer = slot;
	else
		l->oldest = slot;
	if (p->newer != PROCESS_NONE)
		t->items[p->newer].older = slot;
	else
		l->newest = slot;
}

static void unhash(struct process_tree *t, struct process *p)
{
	uint32_t *at = bucket_of(t, p->key.pid), slot = slot_of(t, p);

	while (*at != slot)
		at = &t->items[*at].chain;
	*at = p->chain;
}

static void set_program(struct process_tree *t, struct process *p, uint32_t program)
{
	if (p->program != PROGRAM_NONE)
		program_release(&t->programs, p->program);
	p->program = program;
}

static void leave_parent(struct process_tree *t, struct process *p)
{
	struct process *parent = follow(t, p->parent);

	p->parent.slot = PROCESS_NONE;
	if (!parent || --parent->children || !parent->exit_ns)
		return;
	/* It exited before its child was forgotten, so it goes next. */
	list_remove(t, parent);
	list_add(t, parent, LIST_CHILDLESS, true);
}

static void forget(struct process_tree *t, struct process *p)
{
	uint32_t generation = p->generation + 1;

	leave_parent(t, p);
	list_remove(t, p);
	unhash(t, p);
	set_program(t, p, PROGRAM_NONE);
	stdio_release(&p->stdio, &t->programs.text);
	if (p->exit_ns)
		t->remembered--;
	else
		t->living--;
	*p = (struct process){ .generation = generation, .chain = t->free_item };
	t->free_item = slot_of(t, p);
}

static bool evict_one(struct process_tree *t)
{
	uint32_t slot = t->exited[LIST_CHILDLESS].oldest;

	if (slot == PROCESS_NONE)
		slot = t->exited[LIST_ANCESTORS].oldest;
	if (slot == PROCESS_NONE)
		return false;
	forget(t, &t->items[slot]);
	t->evicted++;
	return true;
}

static void mark_exited(struct process_tree *t, struct process *p, uint64_t now_ns)
{
	if (p->exit_ns)
		return;
	p->exit_ns = MAX(now_ns, (uint64_t)1);
	t->living--;
	t->remembered++;
	list_add(t, p, p->children ? LIST_ANCESTORS : LIST_CHILDLESS, false);
}

static void mark_living(struct process_tree *t, struct process *p)
{
	if (!p->exit_ns)
		return;
	list_remove(t, p);
	p->exit_ns = 0;
	t->living++;
	t->remembered--;
}

static struct process *insert(struct process_tree *t, struct process_key k, uint64_t now_ns)
{
	struct process *p = living(t, k.pid);
	/* Told late, an event held back or one from before a snapshot: its number is another's by now. */
	bool over = p && k.start_ns && k.start_ns < p->key.start_ns;
	uint32_t slot, generation;

	/* The number was given again, so its last holder's end was lost. */
	if (p && !over)
		mark_exited(t, p, now_ns);
	if (t->free_item == PROCESS_NONE && t->fresh == t->cap && !evict_one(t)) {
		t->refused++;
		return NULL;
	}
	slot = t->free_item;
	if (slot != PROCESS_NONE)
		t->free_item = t->items[slot].chain;
	else
		slot = t->fresh++;
	p = &t->items[slot];
	generation = p->generation;
	*p = (struct process){
		.key = k,
		.generation = generation,
		.parent = { .slot = PROCESS_NONE },
		.program = PROGRAM_NONE,
		.chain = *bucket_of(t, k.pid),
		.login_user = UINT32_MAX,
		.used = true,
	};
	*bucket_of(t, k.pid) = slot;
	t->living++;
	if (over)
		mark_exited(t, p, now_ns);
	return p;
}

static void set_parent(struct process_tree *t, struct process *p, struct process_key k)
{
	struct process *parent = find_any(t, k);

	if (parent == p)
		return;
	leave_parent(t, p);
	p->parent_key = parent ? parent->key : k;
	if (!parent)
		return;
	p->parent = (struct process_link){ slot_of(t, parent), parent->generation };
	if (!parent->children++ && parent->exit_ns) {
		list_remove(t, parent);
		list_add(t, parent, LIST_ANCESTORS, false);
	}
}

static void take_facts(struct process *p, const struct event_exec *x)
{
	p->user = x->user;
	p->group = x->group;
	p->real_user = x->real_user;
	p->real_group = x->real_group;
	p->login_user = x->login_user;
	p->tty = x->tty;
	p->vpid = x->vpid;
	p->first = p->first || x->vpid == 1;
	p->vppid = x->vppid;
	p->vpgid = x->vpgid;
	p->vsid = x->vsid;
	p->pgid = x->pgid;
	p->sid = x->sid;
	p->pid_ns = x->pid_ns;
	p->mnt_ns = x->mnt_ns;
	p->net_ns = x->net_ns;
	p->user_ns = x->user_ns;
	p->caps = x->caps;
}

/* What a child has of its parent when the event does not say. */
static void inherit_facts(struct process *p, const struct process *parent)
{
	p->user = parent->user;
	p->group = parent->group;
	p->real_user = parent->real_user;
	p->real_group = parent->real_group;
	p->login_user = parent->login_user;
	p->tty = parent->tty;
	p->vpgid = parent->vpgid;
	p->vsid = parent->vsid;
	p->pgid = parent->pgid;
	p->sid = parent->sid;
	p->pid_ns = parent->pid_ns;
	p->mnt_ns = parent->mnt_ns;
	p->net_ns = parent->net_ns;
	p->user_ns = parent->user_ns;
	p->caps = parent->caps;
}

/* Makes room by forgetting the dead until the program fits, within reason. */
static uint32_t make_program(struct process_tree *t, const struct event_exec *x, bool truncated,
			     bool partial, const struct process *keep)
{
	uint32_t g = program_add(&t->programs, x, truncated, partial);

	for (int i = 0; g == PROGRAM_NONE && i < PROGRAM_TRIES; i++) {
		uint32_t next = t->exited[LIST_CHILDLESS].oldest;

		if (next == PROCESS_NONE || next == slot_of(t, keep) || !evict_one(t))
			break;
		g = program_add(&t->programs, x, truncated, partial);
	}
	return g;
}

static void take_exec(struct process_tree *t, const struct event *v)
{
	struct process *p = find(t, v->task);
	bool replayed = v->marks & EVENT_REPLAYED;

	if (!p)
		p = insert(t, v->task, v->time_ns);
	if (!p || !v->exec)
		return;
	if (replayed)
		mark_living(t, p);
	set_program(t, p, make_program(t, v->exec, v->marks & EVENT_TRUNCATED, false, p));
	if (!follow(t, p->parent))
		set_parent(t, p, v->exec->parent);
	take_facts(p, v->exec);
	p->cgroup_id = v->cgroup_id;
	p->seen = t->snapshot;
	if (!replayed)
		p->exec_ns = v->time_ns;
}

static uint32_t child_program(struct process_tree *t, const struct event *v, struct process *child,
			      const struct process *of)
{
	bool known = of && of->program != PROGRAM_NONE;
	const struct event_exec *x = v->exec;
	uint32_t g;

	if (!known)
		return x && x->comm.n ? make_program(t, x, false, true, child) : PROGRAM_NONE;
	if (x && x->comm.n &&
	    !str_eq(x->comm, program_comm(&t->programs, &t->programs.items[of->program]))) {
		g = program_rename(&t->programs, of->program, x->comm);
		if (g != PROGRAM_NONE)
			return g;
	}
	program_hold(&t->programs, of->program);
	return of->program;
}

/* Whose copy a child is: its parent's, or of who forked it a sibling (CLONE_PARENT). */
static const struct process *forker(const struct process_tree *t, const struct event *v,
				    const struct process *child)
{
	const struct process_key by = { (uint32_t)v->arg[0], (uint64_t)v->arg[1] };

	return by.pid ? find(t, by) : follow(t, child->parent);
}

static void take_fork(struct process_tree *t, const struct event *v)
{
	enum { CLONE_THREAD_BIT = 0x10000 };
	struct process *p;
	const struct process *of;

	if (v->flags & CLONE_THREAD_BIT || (v->tid && v->tid != v->task.pid) || find(t, v->task))
		return;
	p = insert(t, v->task, v->time_ns);
	if (!p)
		return;
	if (v->exec)
		set_parent(t, p, v->exec->parent);
	of = forker(t, v, p);
	if (of)
		inherit_facts(p, of);
	if (v->exec && (v->exec->vpid || v->exec->pid_ns))
		take_facts(p, v->exec);
	if (of)
		stdio_inherit(&p->stdio, &t->programs.text, &of->stdio);
	/* Who brings a process into a container is in the container's control group himself by then, and not in it. */
	if (of && of->cgroup_id == v->cgroup_id && of->pid_ns == p->pid_ns)
		p->probe = of->probe;
	p->program = child_program(t, v, p, of);
	p->cgroup_id = v->cgroup_id;
	p->seen = t->snapshot;
}

static void take_dup(struct process_tree *t, const struct event *v)
{
	struct process *p = find(t, v->task);

	if (!p || v->res < 0 || v->arg[1] < 0 || v->arg[1] > 2)
		return;
	stdio_set(&p->stdio, &t->programs.text, (unsigned int)v->arg[1], &v->fd);
}

static void take_stdio(struct process_tree *t, const struct event *v)
{
	struct process *p = find(t, v->task);

	if (p && v->fd.number >= 0 && v->fd.number <= 2)
		stdio_set(&p->stdio, &t->programs.text, (unsigned int)v->fd.number, &v->fd);
}

void process_tree_event(struct process_tree *t, const struct event *v)
{
	struct process *p;

	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_EXEC:
		if (v->res >= 0)
			take_exec(t, v);
		break;
	case EVENT_FAMILY_FORK:
		if (v->res >= 0)
			take_fork(t, v);
		break;
	case EVENT_FAMILY_EXIT:
		p = find(t, v->task);
		if (p)
			mark_exited(t, p, v->time_ns);
		break;
	case EVENT_FAMILY_CAPSET:
		p = find(t, v->task);
		if (p && v->res >= 0) {
			p->caps = v->caps;
			p->user = v->user;
		}
		break;
	case EVENT_FAMILY_DUP:
		take_dup(t, v);
		break;
	case EVENT_FAMILY_STDIO:
		take_stdio(t, v);
		break;
	default:
		break;
	}
}

void process_tree_set_first(struct process_tree *t, struct process_key k)
{
	struct process *p = find_any(t, k);

	if (p)
		p->first = true;
}

void process_tree_set_probe(struct process_tree *t, struct process_key k, uint8_t probe)
{
	struct process *p = find_any(t, k);

	if (p)
		p->probe = probe;
}

/* Also for so long ahead of time: events may be newer than the caller's clock, which may have been set back. */
static bool is_remembered(const struct process_tree *t, const struct process *p, uint64_t now_ns)
{
	const uint64_t apart = p->exit_ns > now_ns ? p->exit_ns - now_ns : now_ns - p->exit_ns;

	return apart < t->remember_ns;
}

void process_tree_expire(struct process_tree *t, uint64_t now_ns)
{
	uint32_t slot;

	while ((slot = t->exited[LIST_CHILDLESS].oldest) != PROCESS_NONE) {
		struct process *p = &t->items[slot];

		if (is_remembered(t, p, now_ns))
			return;
		forget(t, p);
	}
}

void process_tree_snapshot_begin(struct process_tree *t)
{
	t->snapshot++;
}

void process_tree_snapshot_end(struct process_tree *t, uint64_t now_ns)
{
	for (uint32_t i = 0; i < t->fresh; i++) {
		struct process *p = &t->items[i];

		if (p->used && !p->exit_ns && p->seen != t->snapshot)
			mark_exited(t, p, now_ns);
	}
}

const struct process *process_tree_find(const struct process_tree *t, struct process_key k)
{
	return find_any(t, k);
}

const struct process *process_tree_living(const struct process_tree *t, uint32_t pid)
{
	return living(t, pid);
}

const struct process *process_tree_parent(const struct process_tree *t, const struct process *p)
{
	return follow(t, p->parent);
}

const struct program *process_tree_program(const struct process_tree *t, const struct process *p)
{
	return p->program == PROGRAM_NONE ? NULL : &t->programs.items[p->program];
}

void process_tree_keep(struct process_tree *t, const struct process *p, struct process_past *ret)
{
	struct process_past past = { 0 };

	for (; p && past.count < PROCESS_PAST; p = follow(t, p->parent)) {
		past.of[past.count] = (struct process_link){ slot_of(t, p), p->generation };
		past.programs[past.count++] = p->program;
		if (p->program != PROGRAM_NONE)
			program_hold(&t->programs, p->program);
	}
	*ret = past;
}

void process_tree_exchange(struct process_tree *t, struct process_past *past)
{
	for (uint32_t i = 0; i < past->count; i++) {
		struct process *p = follow(t, past->of[i]);
		uint32_t then = past->programs[i];

		if (!p)
			continue;
		past->programs[i] = p->program;
		p->program = then;
	}
}

void process_tree_release(struct process_tree *t, struct process_past *past)
{
	for (uint32_t i = 0; i < past->count; i++)
		if (past->programs[i] != PROGRAM_NONE)
			program_release(&t->programs, past->programs[i]);
	past->count = 0;
}

const struct program *process_tree_past_program(const struct process_tree *t,
						const struct process_past *past)
{
	return past->count && past->programs[0] != PROGRAM_NONE
		       ? &t->programs.items[past->programs[0]]
		       : NULL;
}

const struct program_table *process_tree_programs(const struct process_tree *t)
{
	return &t->programs;
}

void process_tree_stats(const struct process_tree *t, struct process_tree_stats *ret)
{
	*ret = (struct process_tree_stats){
		.processes = t->living,
		.exited = t->remembered,
		.evicted = t->evicted,
		.refused = t->refused,
		.cut = t->programs.cut,
		.text_bytes = t->programs.text.top - t->programs.text.dead,
	};
}

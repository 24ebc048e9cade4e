#include "base/clock.h"
#include "kern/sensor_priv.h"

static void sum_losses(struct sensor *s)
{
	struct control_cgroup g;
	uint64_t key, next;

	memcpy(s->lost_all, s->lost, sizeof(s->lost_all));
	for (int r = map_next(s->cgroups, NULL, &next); !r; r = map_next(s->cgroups, &key, &next)) {
		key = next;
		if (map_get(s->cgroups, &key, &g))
			continue;
		for (size_t i = 0; i < CONTROL_LOSSES; i++)
			s->lost_all[i] += g.lost[i];
	}
}

void sensor_loss_sum(struct sensor *s, uint64_t ret[CONTROL_LOSSES])
{
	/* Programs count for the group first: what this number has seen is in the sum. */
	uint64_t losses = __atomic_load_n(&s->control->losses, __ATOMIC_ACQUIRE);

	if (losses != s->losses_summed) {
		s->losses_summed = losses;
		sum_losses(s);
	}
	memcpy(ret, s->lost_all, sizeof(s->lost_all));
}

/* After each write: programs remember what they read. */
static void count_change(struct sensor *s)
{
	__atomic_add_fetch(&s->control->cgroup_changes, 1, __ATOMIC_SEQ_CST);
}

void sensor_forget_cgroup(struct sensor *s, uint64_t cgroup_id)
{
	struct control_cgroup g;

	if (!cgroup_id || map_get(s->cgroups, &cgroup_id, &g) || map_delete(s->cgroups, &cgroup_id))
		return;
	count_change(s);
	for (size_t i = 0; i < CONTROL_LOSSES; i++)
		s->lost[i] += g.lost[i];
	for (size_t i = 0; i < s->before_count; i++)
		if (s->before[i].cgroup_id == cgroup_id)
			s->before[i] = s->before[--s->before_count];
}

int sensor_set_cgroup(struct sensor *s, uint64_t cgroup_id, enum sensor_cgroup kind, struct err *e)
{
	struct control_cgroup g = { 0 };
	int r = map_get(s->cgroups, &cgroup_id, &g);

	if (r && r != -ENOENT)
		return map_refused(r, "cgroups", e);
	/* What is lost between reading and writing would not be counted. */
	if (r == 0 && g.kind == kind)
		return 0;
	g.kind = kind;
	r = map_set(s->cgroups, &cgroup_id, &g);
	count_change(s);
	return r ? map_refused(r, "cgroups", e) : 0;
}

static struct sensor_loss *told_of(struct sensor *s, uint64_t cgroup_id)
{
	for (size_t i = 0; i < s->before_count; i++)
		if (s->before[i].cgroup_id == cgroup_id)
			return &s->before[i];
	if (s->before_count == s->before_cap) {
		size_t cap = s->before_cap ? 2 * s->before_cap : 16;
		struct sensor_loss *p = realloc(s->before, cap * sizeof(*p));

		if (!p)
			return NULL;
		s->before = p;
		s->before_cap = cap;
	}
	s->before[s->before_count] = (struct sensor_loss){ .cgroup_id = cgroup_id };
	return &s->before[s->before_count++];
}

bool sensor_losses_of(struct sensor *s, uint64_t cgroup_id, struct sensor_loss *ret)
{
	struct sensor_loss now = { .cgroup_id = cgroup_id }, *told;
	struct control_cgroup g;
	uint64_t sum = 0;

	if (map_get(s->cgroups, &cgroup_id, &g))
		return false;
	for (size_t i = 0; i < CONTROL_LOSSES; i++)
		sum += g.lost[i];
	told = sum ? told_of(s, cgroup_id) : NULL;
	if (!told)
		return false;
	sum = 0;
	for (size_t i = 0; i < CONTROL_LOSSES; i++) {
		now.lost[i] = g.lost[i] > told->lost[i] ? g.lost[i] - told->lost[i] : 0;
		told->lost[i] = g.lost[i];
		sum += now.lost[i];
	}
	*ret = now;
	return sum;
}

static size_t look_at_hooks(struct sensor *s, struct sensor_hook_cost ret[SENSOR_HOOKS_MAX])
{
	size_t n = hooks_cost(s->hooks, ret, SENSOR_HOOKS_MAX);

	s->skipped = 0;
	for (size_t i = 0; i < n; i++)
		s->skipped += ret[i].skipped;
	s->skipped_ns = clock_ns(CLOCK_MONOTONIC);
	return n;
}

uint64_t sensor_skipped(struct sensor *s)
{
	struct sensor_hook_cost costs[SENSOR_HOOKS_MAX];

	(void)look_at_hooks(s, costs);
	return s->skipped;
}

/* The kernel does not say whose calls it passed over. */
static bool skipped_of_all(struct sensor *s, struct sensor_loss *ret)
{
	uint64_t now = sensor_skipped(s);

	*ret = (struct sensor_loss){ .cgroup_id = 0 };
	ret->lost[EVENT_LOSS_SKIPPED] = now - s->skipped_before;
	s->skipped_before = now;
	return ret->lost[EVENT_LOSS_SKIPPED];
}

size_t sensor_losses(struct sensor *s, struct sensor_loss *ret, size_t max)
{
	uint64_t key, next;
	size_t n = max && skipped_of_all(s, ret);

	for (int r = map_next(s->cgroups, NULL, &next); !r && n < max;
	     r = map_next(s->cgroups, &key, &next)) {
		key = next;
		n += sensor_losses_of(s, key, &ret[n]);
	}
	return n;
}

static void sum_passed_over(struct sensor *s, uint64_t *ret)
{
	size_t cpus = map_processors();
	struct control_passed_over *values = calloc(cpus, sizeof(*values));

	if (values && map_get(s->passed_over, &(uint32_t){ 0 }, values) == 0)
		for (size_t i = 0; i < cpus; i++)
			for (size_t type = 0; type < EVENT_TYPE_COUNT; type++)
				ret[type] += values[i].of[type];
	free(values);
}

void sensor_stats(struct sensor *s, struct sensor_stats *ret)
{
	uint64_t lost[CONTROL_LOSSES];

	*ret = (struct sensor_stats){ 0 };
	memcpy(ret->delivered, s->delivered, sizeof(ret->delivered));
	sum_passed_over(s, ret->passed_over);
	sensor_loss_sum(s, lost);
	for (size_t i = 0; i < CONTROL_LOSSES; i++)
		ret->lost[i] = lost[i];
	ret->hook_count = look_at_hooks(s, ret->hooks);
	ret->lost[EVENT_LOSS_SKIPPED] = s->skipped;
	for (size_t i = 0; i < ret->hook_count; i++) {
		ret->hook_ns += ret->hooks[i].ns;
		ret->hook_runs += ret->hooks[i].runs;
	}
}

int sensor_measure(struct err *e)
{
	return hooks_measure(e);
}

/*
 * Any sequence of containers and control groups that come, go, come back and are told about: the roster keeps to its bounds, what
 * it finds is what was put there last, and forgotten means not known: never another container. A plain list beside it knows
 * what must be.
 */
#include "fuzz.h"

#include <stdio.h>

#include "asset/roster.h"
#include "input.h"

enum { ENTRIES = 8, KEYS = 48, GROUPS = 64 };

/* What was last said of each key and control group. */
struct model {
	uint8_t name[KEYS];    /* first byte of the name it was filled with */
	int16_t owner[GROUPS]; /* key; -1: the host, -2: nobody */
};

static void key_of(unsigned int k, char ret[16])
{
	snprintf(ret, 16, k % 3 ? "k%u" : "outer/k%u", k);
}

static void fill(struct roster *r, struct roster_entry *e, struct model *m, unsigned int k,
		 struct input *in)
{
	char bytes[512];
	size_t n = (size_t)input_byte(in) * 2 + 1;
	struct container_label labels[2];
	struct container_mount mount = { .dest = S("/data"), .writable = true };
	struct container c = {
		.labels = labels, .label_count = 2, .mounts = &mount, .mount_count = 1
	};
	int res;

	memset(bytes, 'a' + (int)(n % 26), sizeof(bytes));
	c.name = (str){ bytes, n };
	c.image = str_take(c.name, 3);
	labels[0] = labels[1] = (struct container_label){ c.image, c.name };
	res = roster_fill(r, e, &c);
	assert(res == 0 || res == -ENOBUFS);
	if (res < 0)
		return;
	m->name[k] = (uint8_t)bytes[0];
	assert(str_eq(e->c.name, c.name) && e->c.name.p != bytes);
	assert(e->c.label_count <= 2 && e->c.mount_count <= 1);
	for (size_t i = 0; i < e->c.label_count; i++)
		assert(str_eq(e->c.labels[i].value, c.name));
}

static void check_entry(const struct roster_entry *e, const struct model *m, unsigned int k)
{
	char key[16];

	key_of(k, key);
	assert(e->used && strcmp(e->key, key) == 0);
	assert(!e->c.name.n || (uint8_t)e->c.name.p[0] == m->name[k]);
}

static void check(struct roster *r, const struct model *m)
{
	struct roster_stats s;
	size_t used = 0, gone = 0;

	for (struct roster_entry *e = roster_next(r, NULL); e; e = roster_next(r, e)) {
		assert(roster_find(r, str_from(e->key)) == e);
		used++;
		gone += e->gone;
	}
	roster_stats(r, &s);
	assert(used <= ENTRIES && s.gone == gone && s.containers == used - gone);
	assert(s.cgroups <= GROUPS && s.bytes <= ROSTER_MAX_BYTES + ENTRIES * ROSTER_MEAN_BYTES);
	for (unsigned int g = 0; g < GROUPS; g++) {
		struct roster_entry *e = NULL;

		switch (roster_owner(r, g, &e)) {
		case ROSTER_CONTAINER:
			assert(m->owner[g] >= 0);
			check_entry(e, m, (unsigned int)m->owner[g]);
			break;
		case ROSTER_HOST:
			assert(m->owner[g] == -1);
			break;
		default:
			break;
		}
	}
}

static void step(struct roster *r, struct model *m, struct input *in)
{
	unsigned int what = input_byte(in), k = input_byte(in) % KEYS, g = input_byte(in) % GROUPS;
	struct roster_entry *e;
	char key[16];

	key_of(k, key);
	e = roster_find(r, str_from(key));
	if (e)
		check_entry(e, m, k);
	switch (what % 8) {
	case 0:
	case 1:
		e = roster_at(r, str_from(key), k % 3 ? S("") : S("outer"));
		assert(e);
		check_entry(e, m, k);
		if (what & 8)
			fill(r, e, m, k, in);
		break;
	case 2:
	case 3:
		if (!e)
			break;
		roster_set_cgroup(r, g, e);
		m->owner[g] = g ? (int16_t)k : -2;
		break;
	case 4:
		roster_set_cgroup(r, g, NULL);
		m->owner[g] = g ? -1 : -2;
		break;
	case 5:
		roster_drop_cgroup(r, g);
		break;
	case 6:
		if (e)
			roster_gone(r, e);
		break;
	default:
		if (e)
			roster_back(r, e);
		roster_sweep(r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, MIN(size, (size_t)2048));
	struct model m = { 0 };
	struct roster *r;

	for (size_t i = 0; i < GROUPS; i++)
		m.owner[i] = -2;
	assert(roster_new(ENTRIES, &r, NULL) == 0);
	while (in.rest.n) {
		step(r, &m, &in);
		check(r, &m);
	}
	roster_free(r);
	return 0;
}

#include "asset/accounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { MAX_OWNERS = 128, MAX_ID = 128, MISSING = 8, STEADY_MOST = 3 };
#define LOOK_AGAIN_NS SECOND_NS /* doubled by each look that found nothing new, STEADY_MOST times */
#define MISSED_AGAIN_NS 50000000u /* a number without a name may be a new user's */
#define PUNISHED_NS \
	(5 * SECOND_NS) /* the second time, for good: each may leave a process behind that hangs */
#define PENDING_BIT (1ull << 63) /* told apart from other things that are waited for */

/* Where among the entries the first with a number lies. */
struct place {
	uint32_t number, at;
};

struct account_list {
	struct buf entries, fresh;
	struct buf places; /* of struct place, ascending by number */
	struct account_version seen;
	uint32_t left_out;
	bool closed; /* it cannot be read */
	bool ended;  /* in the look that is under way */
	bool same;   /* and it was as before */
};

struct owner {
	char id[MAX_ID + 1]; /* empty: free */
	uint64_t hash, used;
	bool is_host;
	struct id_map map[ACCOUNT_FILES]; /* empty: not known */
	struct account_list lists[ACCOUNT_FILES];
	/* Ways to its root, -1: none. What the engine made, and a process of it: queued, the former first; and what is looked at now. */
	int primed, queued, out;
	bool out_primed;
	bool wanted;  /* of accounts_due(), for accounts_look() */
	bool settled; /* its own root was looked at, or what the engine made of it */
	uint64_t looked_ns, again_ns; /* CLOCK_MONOTONIC */
	unsigned int steady;          /* looks that found nothing new */
	uint64_t punished_until_ns;
	bool punished;
	/* Numbers without a name that a look was queued for; and when. */
	struct {
		uint32_t number;
		uint64_t at_ns;
	} missing[MISSING];
};

struct accounts {
	uint64_t clock; /* counts uses */
	struct owner owners[MAX_OWNERS];
	size_t turn; /* whose it is to be looked at next: none waits for ever while others come */
	bool asks;   /* a look may be queued */
	struct owner *batch[ACCOUNTS_BATCH / ACCOUNT_FILES];
	size_t batch_count;
};

/* An entry, behind which lie its texts. */
struct packed {
	uint32_t user, group;
	uint32_t name_n, home_n, shell_n;
};

/* ---- Entries ---- */

bool accounts_next(enum account_file file, str *rest, struct account *ret)
{
	const bool group = file == ACCOUNT_GROUP;

	while (rest->n) {
		str line = str_line(rest), part[7];
		struct account x = { 0 };

		for (size_t i = 0; i < ARRAY_LEN(part); i++)
			part[i] = str_cut(&line, ':');
		x.name = part[0];
		if (!group) {
			x.home = part[5];
			x.shell = part[6];
		}
		if (!x.name.n || str_u32(part[2], &x.user) < 0 ||
		    str_u32(part[group ? 2 : 3], &x.group) < 0)
			continue;
		*ret = x;
		return true;
	}
	return false;
}

void accounts_pack(struct buf *to, const struct account *x)
{
	const struct packed p = { x->user, x->group, (uint32_t)x->name.n, (uint32_t)x->home.n,
				  (uint32_t)x->shell.n };

	buf_add(to, (str){ (const char *)&p, sizeof(p) });
	buf_add(to, x->name);
	buf_add(to, x->home);
	buf_add(to, x->shell);
}

static str take_bytes(str *rest, size_t n)
{
	str s = str_take(*rest, n);

	*rest = str_skip(*rest, n);
	return s;
}

bool accounts_unpack(str *rest, struct account *ret)
{
	struct packed p;

	if (rest->n < sizeof(p))
		return false;
	memcpy(&p, rest->p, sizeof(p));
	*rest = str_skip(*rest, sizeof(p));
	*ret = (struct account){ .user = p.user, .group = p.group };
	ret->name = take_bytes(rest, p.name_n);
	ret->home = take_bytes(rest, p.home_n);
	ret->shell = take_bytes(rest, p.shell_n);
	return true;
}

/* ---- Owners ---- */

int accounts_new(struct accounts **ret, struct err *e)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a)
		return err_set(e, ENOMEM, "no memory for users' names");
	for (size_t i = 0; i < MAX_OWNERS; i++)
		a->owners[i].primed = a->owners[i].queued = a->owners[i].out = -1;
	*ret = a;
	return 0;
}

static void owner_done(struct owner *o)
{
	for (size_t i = 0; i < ACCOUNT_FILES; i++) {
		buf_done(&o->lists[i].entries);
		buf_done(&o->lists[i].places);
		buf_done(&o->lists[i].fresh);
	}
	fd_close(&o->primed);
	fd_close(&o->queued);
	fd_close(&o->out);
	*o = (struct owner){ .primed = -1, .queued = -1, .out = -1 };
}

void accounts_free(struct accounts *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < MAX_OWNERS; i++)
		owner_done(&a->owners[i]);
	free(a);
}

static bool is_under_way(const struct owner *o)
{
	return o->primed >= 0 || o->queued >= 0 || o->out >= 0;
}

/*
 * @return NULL: a look at all others is under way. Events wait for each of them, and would for one that was forgotten; who
 * comes last has nothing that waits.
 */
static struct owner *owner_of(struct accounts *a, str id)
{
	struct owner *oldest = NULL;
	uint64_t hash = str_hash(id);

	a->clock++;
	for (size_t i = 0; i < MAX_OWNERS; i++) {
		struct owner *o = &a->owners[i];

		if (o->hash == hash && o->id[0] && str_is(id, o->id)) {
			o->used = a->clock;
			return o;
		}
		if (!is_under_way(o) && (!oldest || o->used < oldest->used))
			oldest = o;
	}
	if (!oldest)
		return NULL;
	owner_done(oldest);
	id = str_take(id, MAX_ID);
	memcpy(oldest->id, id.p, id.n);
	oldest->hash = hash;
	oldest->used = a->clock;
	return oldest;
}

/* ---- Looks ---- */

static enum account_file file_of(enum account_part part)
{
	return part == ACCOUNT_GROUP_NAME ? ACCOUNT_GROUP : ACCOUNT_PASSWD;
}

/* The same numbers inside as on the host: the host's own; and of a container that nobody is left to ask, whose files are the host's root's. */
static bool inside(const struct owner *o, enum account_file file, uint32_t number, uint32_t *ret)
{
	const struct id_map *m = &o->map[file];

	*ret = number;
	return o->is_host || (m->count ? id_map_inside(m, number, ret)
				       : o->settled && o->lists[file].seen.inode &&
						 o->lists[file].seen.owner == 0);
}

static int by_number(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static bool find(const struct owner *o, enum account_file file, uint32_t number,
		 struct account *ret)
{
	const struct account_list *l = &o->lists[file];
	struct place sought = { 0 }, *p;
	str rest;

	if (!inside(o, file, number, &sought.number) || !l->places.n)
		return false;
	p = bsearch(&sought, l->places.p, l->places.n / sizeof(*p), sizeof(*p), by_number);
	if (!p)
		return false;
	rest = str_skip(buf_str(&l->entries), p->at);
	return accounts_unpack(&rest, ret);
}

/* Whether a look was queued for it within a second; if not, it is now. */
static bool was_missed(struct owner *o, uint32_t number, uint64_t now)
{
	size_t oldest = 0;

	for (size_t i = 0; i < MISSING; i++) {
		if (o->missing[i].at_ns && o->missing[i].number == number &&
		    now - o->missing[i].at_ns < LOOK_AGAIN_NS)
			return true;
		if (o->missing[i].at_ns < o->missing[oldest].at_ns)
			oldest = i;
	}
	o->missing[oldest].number = number;
	o->missing[oldest].at_ns = now;
	return false;
}

/* What the engine made may not be there yet: a process's root is queued as well. */
static bool is_first(const struct owner *o)
{
	return !o->settled && o->queued < 0 && (o->out < 0 || o->out_primed);
}

static bool is_old(struct owner *o, enum account_file file, uint32_t number, uint64_t now)
{
	const uint64_t age = now - o->looked_ns;
	struct account x;

	return o->settled && !is_under_way(o) &&
	       (age >= LOOK_AGAIN_NS << o->steady ||
		(age >= MISSED_AGAIN_NS && !find(o, file, number, &x) &&
		 !was_missed(o, number, now)));
}

bool accounts_due(struct accounts *a, const struct container *c, enum account_part part,
		  uint32_t number)
{
	const enum account_file file = file_of(part);
	const uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct owner *o;

	if (!c->id.n)
		return false;
	o = owner_of(a, c->id);
	if (!o)
		return false;
	o->is_host = c->runtime == CONTAINER_HOST;
	if (now < o->punished_until_ns || now < o->again_ns)
		return false;
	o->wanted = is_first(o) || is_old(o, file, number, now);
	return o->wanted || (!o->is_host && !o->map[file].count);
}

/* Of a container that exists its numbers do not change: they are read once. */
static bool learn_numbers(struct owner *o, int fd)
{
	static const char *const names[ACCOUNT_FILES] = { "uid_map", "gid_map" };
	bool known = true;

	for (size_t i = 0; i < ACCOUNT_FILES; i++)
		known &= o->map[i].count || id_map_read(fd, names[i], &o->map[i], NULL) == 0;
	return known;
}

static void queue(struct owner *o, int *as, int fd)
{
	fd_close(as);
	*as = fd;
	o->looked_ns = clock_ns(CLOCK_MONOTONIC);
	o->wanted = false;
}

void accounts_look(struct accounts *a, const struct container *c, int fd)
{
	struct owner *o = owner_of(a, c->id);

	if (o)
		o->again_ns = clock_ns(CLOCK_MONOTONIC) + MISSED_AGAIN_NS;
	if (!o || fd < 0) {
		fd_close(&fd);
		return;
	}
	if (o->is_host || learn_numbers(o, fd))
		o->again_ns = 0;
	if (o->wanted)
		queue(o, &o->queued, fd);
	else
		close(fd);
	a->asks = true;
}

void accounts_prime(struct accounts *a, str id, int rootfs_fd)
{
	struct owner *o = owner_of(a, id);
	int fd;

	if (!o || o->settled || is_under_way(o))
		return;
	fd = fcntl(rootfs_fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		queue(o, &o->primed, fd);
	a->asks = true;
}

uint64_t accounts_pending(struct accounts *a, const struct container *c)
{
	const struct owner *o = c->id.n ? owner_of(a, c->id) : NULL;

	return o && is_under_way(o) ? o->hash | PENDING_BIT : 0;
}

/* ---- What is known ---- */

/* @return false: it may be longer */
static bool part_of(const struct account *x, enum account_part part, str *ret)
{
	*ret = part == ACCOUNT_HOME ? x->home : part == ACCOUNT_SHELL ? x->shell : x->name;
	if (!ret->p)
		*ret = S("");
	return ret->n < ACCOUNTS_TEXT_MAX || part == ACCOUNT_NAME || part == ACCOUNT_GROUP_NAME;
}

enum policy_state accounts_find(struct accounts *a, const struct container *c,
				enum account_part part, uint32_t number, str *ret)
{
	const enum account_file file = file_of(part);
	const struct account_list *l;
	struct account x;
	struct owner *o;
	uint32_t in;

	if (!c->id.n)
		return POLICY_UNKNOWN;
	o = owner_of(a, c->id);
	if (!o)
		return POLICY_UNKNOWN;
	l = &o->lists[file];
	if (!o->settled || l->closed || clock_ns(CLOCK_MONOTONIC) < o->punished_until_ns)
		return POLICY_UNKNOWN;
	if (find(o, file, number, &x))
		return part_of(&x, part, ret) ? POLICY_KNOWN : POLICY_UNKNOWN;
	if (!o->is_host && !o->map[file].count && !inside(o, file, number, &in))
		return POLICY_UNKNOWN;
	return l->left_out ? POLICY_UNKNOWN : POLICY_ABSENT;
}

/* ---- Batches ---- */

static void ask(struct owner *o, struct account_source *ret)
{
	o->out_primed = o->primed >= 0;
	o->out = fd_take(o->out_primed ? &o->primed : &o->queued);
	for (uint32_t i = 0; i < ACCOUNT_FILES; i++) {
		struct account_list *l = &o->lists[i];

		buf_reset(&l->fresh);
		l->ended = false;
		ret[i] = (struct account_source){
			.fd = o->out,
			.file = i,
			.max_bytes = o->is_host ? ACCOUNTS_MAX_HOST_BYTES : ACCOUNTS_MAX_BYTES,
			.seen = l->closed ? (struct account_version){ 0 } : l->seen
		};
		snprintf(ret[i].path, sizeof(ret[i].path), "%s",
			 o->is_host || o->out_primed ? "." : "root");
	}
}

size_t accounts_ask(struct accounts *a, struct account_source *ret)
{
	bool primed = false;

	if (a->batch_count || !a->asks)
		return 0;
	for (size_t n = 0; n < MAX_OWNERS && a->batch_count < ARRAY_LEN(a->batch) && !primed; n++) {
		struct owner *o = &a->owners[a->turn];

		primed = o->primed >= 0;
		/* What the engine made goes alone: a reader that hangs may keep nobody else's from being unmounted. */
		if (primed && a->batch_count)
			break;
		a->turn = (a->turn + 1) % MAX_OWNERS;
		if (o->queued < 0 && !primed)
			continue;
		ask(o, ret + a->batch_count * ACCOUNT_FILES);
		a->batch[a->batch_count++] = o;
	}
	a->asks = a->batch_count;
	return a->batch_count * ACCOUNT_FILES;
}

static struct owner *owner_at(struct accounts *a, size_t n)
{
	assert(n / ACCOUNT_FILES < a->batch_count);
	return a->batch[n / ACCOUNT_FILES];
}

void accounts_take(struct accounts *a, size_t n, const struct account *x)
{
	accounts_pack(&owner_at(a, n)->lists[n % ACCOUNT_FILES].fresh, x);
}

static int by_number_and_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	const int order = by_number(a, b);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* A container writes as many entries as it likes, and events ask for numbers as often as it likes. */
static void sort_places(struct account_list *l, enum account_file file)
{
	str rest = buf_str(&l->entries);
	OWNED_BUF all = BUF_INIT;
	struct place next = { 0 }, *p;
	struct account x;
	size_t kept = 0;

	while (accounts_unpack(&rest, &x)) {
		next.number = file == ACCOUNT_GROUP ? x.group : x.user;
		buf_add(&all, (str){ (const char *)&next, sizeof(next) });
		next.at = (uint32_t)(l->entries.n - rest.n);
	}
	p = (struct place *)all.p;
	if (p)
		qsort(p, all.n / sizeof(*p), sizeof(*p), by_number_and_place);
	for (size_t i = 0; i < all.n / sizeof(*p); i++)
		if (!kept || p[kept - 1].number != p[i].number)
			p[kept++] = p[i];
	buf_done(&l->places);
	buf_add(&l->places, (str){ all.p, kept * sizeof(*p) });
	l->left_out += buf_error(&all) || buf_error(&l->places);
}

/* What was read takes the place of what was known, and no more room than it needs. */
static void settle_list(struct account_list *l, enum account_file file,
			const struct account_version *v, uint32_t left_out)
{
	buf_done(&l->entries);
	buf_add(&l->entries, buf_str(&l->fresh));
	l->seen = *v;
	l->left_out = left_out + (buf_error(&l->fresh) || buf_error(&l->entries));
	l->closed = false;
	sort_places(l, file);
}

void accounts_end(struct accounts *a, size_t n, enum account_found found,
		  const struct account_version *v, uint32_t left_out)
{
	static const struct account_version none;
	const enum account_file file = n % ACCOUNT_FILES;
	struct owner *o = owner_at(a, n);
	struct account_list *l = &o->lists[file];

	l->ended = found != ACCOUNT_GONE;
	l->same = found == ACCOUNT_SAME || (found == ACCOUNT_NONE && !l->entries.n);
	if (found == ACCOUNT_READ)
		settle_list(l, file, v, left_out);
	/* What is gone leaves what was known: processes outlive their root's last opener. */
	else if (found == ACCOUNT_NONE && !l->entries.n && !o->out_primed)
		settle_list(l, file, &none, 0);
	else if (found == ACCOUNT_CLOSED)
		l->closed = true;
	if (o->out_primed && found != ACCOUNT_READ && found != ACCOUNT_SAME &&
	    file == ACCOUNT_PASSWD)
		l->ended = false;
	buf_done(&l->fresh);
}

static void punish(struct owner *o, uint64_t now)
{
	o->punished_until_ns = o->punished ? UINT64_MAX : now + PUNISHED_NS;
	o->punished = true;
	o->settled = false;
	fd_close(&o->queued);
}

/* @return whether it need not be waited for any more */
static bool owner_over(struct owner *o, bool at_fault, bool reached, uint64_t now)
{
	bool ended = o->lists[ACCOUNT_PASSWD].ended && o->lists[ACCOUNT_GROUP].ended;
	bool same = ended && o->lists[ACCOUNT_PASSWD].same && o->lists[ACCOUNT_GROUP].same;
	int *back = o->out_primed ? &o->primed : &o->queued, out = fd_take(&o->out);

	if (at_fault)
		punish(o, now);
	else if (!ended)
		o->again_ns = now + MISSED_AGAIN_NS;
	o->settled |= ended;
	o->steady = same ? MIN(o->steady + 1, STEADY_MOST) : 0;
	if (ended && o->out_primed)
		fd_close(&o->queued);
	if (!reached && *back < 0)
		*back = out;
	else
		fd_close(&out);
	return !is_under_way(o);
}

void accounts_over(struct accounts *a, size_t fault, const struct account_calls *calls)
{
	const uint64_t now = clock_ns(CLOCK_MONOTONIC);
	const size_t count = a->batch_count;
	const size_t at = fault == SIZE_MAX ? SIZE_MAX : fault / ACCOUNT_FILES;
	struct owner *batch[ARRAY_LEN(a->batch)];

	/* Whoever is told may ask for more. */
	memcpy(batch, a->batch, sizeof(batch));
	a->batch_count = 0;
	for (size_t i = 0; i < count; i++) {
		const uint64_t pending = batch[i]->hash | PENDING_BIT;
		const bool first = i == at && !batch[i]->punished;
		const bool over = owner_over(batch[i], i == at, i <= at, now);

		if (calls && first)
			calls->silent(calls->ctx, str_from(batch[i]->id));
		if (calls && over)
			calls->told(calls->ctx, pending);
	}
}

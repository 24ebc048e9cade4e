#include "console/store/audit_verify.h"

#include <stdlib.h>

#include "console/store/audit_checkpoint_priv.h"

struct row {
	struct audit_line of;
	size_t line;
	bool extra; /**< another row has its id and fits better */
	bool told;  /**< is named already */
};

struct check {
	struct row *rows; /**< in the order of the file */
	size_t count, cap;
	struct row **by_id;
	struct arena *arena;
	struct audit_report *report;
	size_t fault_cap;
	bool spent; /**< memory */
};

static void tell(struct check *c, enum audit_fault_kind kind, size_t line, int64_t id,
		 int64_t id_to)
{
	struct audit_report *r = c->report;
	struct audit_fault *at;

	if (r->fault_count++ >= AUDIT_MAX_FAULTS)
		return;
	size_t kept = r->fault_count - 1;

	at = ARENA_PUSH(c->arena, r->faults, kept, c->fault_cap);
	if (!at) {
		c->spent = true;
		return;
	}
	*at = (struct audit_fault){ kind, line, id, id_to };
}

static int read_rows(struct check *c, str text, const str *keys, size_t key_count,
		     struct audit_checkpoint *checkpoint, struct err *e)
{
	for (size_t no = 1; text.n; no++) {
		str line = str_line(&text);
		struct audit_line of;
		struct row *at;

		if (str_trim(line).n == 0)
			continue;
		if (audit_checkpoint_parse(line, checkpoint)) {
			checkpoint->line = no;
			if (!audit_checkpoint_holds(checkpoint, keys, key_count))
				tell(c, AUDIT_FORGED, no, checkpoint->id, 0);
			continue;
		}
		if (audit_line_parse(line, &of, NULL) < 0) {
			tell(c, AUDIT_MALFORMED, no, 0, 0);
			continue;
		}
		at = ARENA_PUSH(c->arena, c->rows, c->count, c->cap);
		if (!at)
			return err_set(e, ENOBUFS, "audit log: memory budget spent");
		*at = (struct row){ .of = of, .line = no };
	}
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;

	if (x->of.id != y->of.id)
		return x->of.id < y->of.id ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static bool same(const char *a, const char *b)
{
	return memcmp(a, b, SHA256_HEX) == 0;
}

/* How well a row fits between what has the ids beside its own. */
static int fit(const struct check *c, const struct row *x, size_t from, size_t to)
{
	int points = x->of.holds;

	for (size_t i = from; i > 0 && c->by_id[i - 1]->of.id == x->of.id - 1; i--)
		points += same(x->of.previous, c->by_id[i - 1]->of.hash);
	for (size_t i = to; i < c->count && c->by_id[i]->of.id == x->of.id + 1; i++)
		points += 2 * same(c->by_id[i]->of.previous, x->of.hash);
	return points;
}

/* Of rows with one id the one that fits best is the console's; the others were put in. */
static void find_inserted(struct check *c)
{
	for (size_t from = 0, to; from < c->count; from = to) {
		struct row *best = c->by_id[from];

		for (to = from + 1; to < c->count && c->by_id[to]->of.id == best->of.id; to++)
			;
		for (size_t i = from; i < to; i++)
			if (fit(c, c->by_id[i], from, to) > fit(c, best, from, to))
				best = c->by_id[i];
		for (size_t i = from; i < to; i++)
			if (c->by_id[i] != best) {
				c->by_id[i]->extra = true;
				tell(c, AUDIT_INSERTED, c->by_id[i]->line, c->by_id[i]->of.id, 0);
			}
	}
}

static void drop_extra(struct check *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		if (!c->by_id[i]->extra)
			c->by_id[n++] = c->by_id[i];
	c->count = n;
}

static void tell_changed(struct check *c, struct row *x)
{
	if (!x->told)
		tell(c, AUDIT_CHANGED, x->line, x->of.id, 0);
	x->told = true;
}

/* Row i + 1 names another hash than row i has. If what follows agrees with i + 1, then it is i that is not what it was. */
static void blame(struct check *c, size_t i)
{
	struct row *x = c->by_id[i], *y = c->by_id[i + 1];
	bool last = i + 2 == c->count || c->by_id[i + 2]->of.id != y->of.id + 1;

	if (!x->of.holds || !y->of.holds)
		return; /* told for that already */
	if (last || same(c->by_id[i + 2]->of.previous, y->of.hash))
		tell_changed(c, x);
	else
		tell_changed(c, y);
}

static void find_changed(struct check *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->by_id[i]->of.holds)
			tell_changed(c, c->by_id[i]);
	if (c->count && c->by_id[0]->of.id == 1 &&
	    !same(c->by_id[0]->of.previous, audit_chain_start))
		tell_changed(c, c->by_id[0]);
	for (size_t i = 0; i + 1 < c->count; i++) {
		const struct row *x = c->by_id[i], *y = c->by_id[i + 1];

		if (y->of.id != x->of.id + 1)
			tell(c, AUDIT_REMOVED, y->line, x->of.id + 1, y->of.id - 1);
		else if (!same(y->of.previous, x->of.hash))
			blame(c, i);
	}
}

/*
 * The longest run of rows whose ids grow stands where it was written; what is not in it was moved (patience sorting,
 * with the ends of the best runs of each length).
 */
static int find_moved(struct check *c, size_t all, struct err *e)
{
	size_t *ends = ARENA_ARRAY(c->arena, all, size_t);
	size_t *before = ARENA_ARRAY(c->arena, all, size_t);
	bool *stays = ARENA_ARRAY(c->arena, all, bool);
	size_t length = 0;

	if (!ends || !before || !stays)
		return err_set(e, ENOBUFS, "audit log: memory budget spent");
	for (size_t i = 0; i < all; i++) {
		size_t low = 0, high = length;

		if (c->rows[i].extra)
			continue;
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (c->rows[ends[middle]].of.id < c->rows[i].of.id)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? ends[low - 1] : SIZE_MAX;
		ends[low] = i;
		length = MAX(length, low + 1);
	}
	for (size_t i = length ? ends[length - 1] : SIZE_MAX; i != SIZE_MAX; i = before[i])
		stays[i] = true;
	for (size_t i = 0; i < all; i++)
		if (!stays[i] && !c->rows[i].extra)
			tell(c, AUDIT_MOVED, c->rows[i].line, c->rows[i].of.id, 0);
	return 0;
}

/* The rows an earlier export ended with are signed, and were seen: they are here as they were. */
static void compare_earlier(struct check *c, const struct audit_report *earlier)
{
	const struct audit_report *r = c->report;
	const char *hash = NULL;
	size_t line = 0;

	if (!earlier || earlier->last == 0)
		return;
	if (r->first > earlier->last + 1) {
		tell(c, AUDIT_REMOVED, c->by_id[0]->line, earlier->last + 1, r->first - 1);
		return;
	}
	if (r->first == earlier->last + 1)
		hash = r->before;
	for (size_t i = 0; i < c->count; i++)
		if (c->by_id[i]->of.id == earlier->last) {
			hash = c->by_id[i]->of.hash;
			line = c->by_id[i]->line;
		}
	if (!hash || !same(hash, earlier->head))
		tell(c, AUDIT_REWRITTEN, line, earlier->last, 0);
}

static void compare_end(struct check *c, const struct audit_checkpoint *checkpoint)
{
	struct audit_report *r = c->report;

	r->has_checkpoint = checkpoint->id != 0;
	memcpy(r->key, checkpoint->key, sizeof(r->key));
	if (!r->has_checkpoint)
		return;
	if (r->last != checkpoint->id || !same(r->head, checkpoint->hash))
		tell(c, AUDIT_CUT, checkpoint->line, r->last, checkpoint->id);
}

static int by_line(const void *a, const void *b)
{
	const struct audit_fault *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

static int check_rows(struct check *c, struct err *e)
{
	size_t all = c->count;
	int r;

	c->by_id = ARENA_ARRAY(c->arena, all, struct row *);
	if (!c->by_id)
		return err_set(e, ENOBUFS, "audit log: memory budget spent");
	for (size_t i = 0; i < all; i++)
		c->by_id[i] = &c->rows[i];
	if (all)
		qsort(c->by_id, all, sizeof(struct row *), by_id);
	find_inserted(c);
	r = find_moved(c, all, e);
	if (r < 0)
		return r;
	drop_extra(c);
	find_changed(c);
	c->report->rows = all;
	if (c->count) {
		const struct row *first = c->by_id[0], *last = c->by_id[c->count - 1];

		c->report->first = first->of.id;
		c->report->last = last->of.id;
		memcpy(c->report->before, first->of.previous, AUDIT_HASH_TEXT);
		memcpy(c->report->head, last->of.hash, AUDIT_HASH_TEXT);
	}
	return 0;
}

int audit_verify(str text, const str *keys, size_t key_count, const struct audit_report *earlier,
		 struct arena *a, struct audit_report *ret, struct err *e)
{
	struct audit_report report = { 0 };
	struct audit_checkpoint checkpoint = { 0 };
	struct check c = { .arena = a, .report = &report };
	int r = read_rows(&c, text, keys, key_count, &checkpoint, e);

	if (r == 0)
		r = check_rows(&c, e);
	if (r < 0)
		return r;
	compare_earlier(&c, earlier);
	compare_end(&c, &checkpoint);
	if (c.spent)
		return err_set(e, ENOBUFS, "audit log: memory budget spent");
	if (report.fault_count)
		qsort(report.faults, MIN(report.fault_count, (size_t)AUDIT_MAX_FAULTS),
		      sizeof(*report.faults), by_line);
	*ret = report;
	return 0;
}

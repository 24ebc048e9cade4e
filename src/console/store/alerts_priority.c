/* Alerts by priority: a walk over each in turn. */
#include <inttypes.h>

#include "base/clock.h"
#include "console/store/alerts.h"
#include "console/store/list_cursor.h"

/* When the walks took so long together the page is given as far as it came. */
#define ENOUGH_MS 60

struct tour {
	struct store *s;
	const struct alert_filter *f;
	bool least_first;
	uint64_t priority; /* how many were walked over before */
	uint64_t id;       /* where the walk over this one goes on; 0: at its newest */
};

static enum alert_priority priority_at(const struct tour *t)
{
	return (enum alert_priority)(t->least_first ? PRIORITY_COUNT - 1 - t->priority
						    : t->priority);
}

static int go_on(struct tour *t, str cursor, struct arena *a, struct err *e)
{
	str parts[2];
	int r = list_cursor_read(cursor, ARRAY_LEN(parts), a, parts, e);

	if (r == 0 && (str_u64(parts[0], &t->priority) < 0 || t->priority >= PRIORITY_COUNT ||
		       str_u64(parts[1], &t->id) < 0 || t->id > INT64_MAX))
		r = err_set(e, EINVAL, "the cursor is not one of this list");
	return r;
}

static int remember(const struct tour *t, struct arena *a, str *ret, struct err *e)
{
	str priority = arena_printf(a, "%" PRIu64, t->priority);
	str id = arena_printf(a, "%" PRIu64, t->id);

	if (!priority.p || !id.p)
		return err_set(e, ENOBUFS, "no memory for a cursor");
	return list_cursor_make((const str[]){ priority, id }, 2, a, ret, e);
}

/* Adds what there is of this priority; goes to the next one when that was all. */
static int walk(struct tour *t, size_t limit, bool with_doc, struct arena *a,
		struct alert_page *page, struct err *e)
{
	struct alert_filter one = *t->f;
	struct alert_page part = { 0 };
	int r = 0;

	one.priorities = 1U << priority_at(t);
	one.oldest_first = false;
	if (!t->f->priorities || t->f->priorities & one.priorities)
		r = alerts_page(t->s, &one, (int64_t)t->id, limit - page->count, with_doc, a, &part,
				e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < part.count; i++)
		page->items[page->count++] = part.items[i];
	t->id = (uint64_t)part.next;
	t->priority += part.next == 0;
	return 0;
}

int alerts_by_priority(struct store *s, const struct alert_filter *f, bool least_first, str cursor,
		       size_t limit, bool with_doc, struct arena *a, struct alert_page *ret,
		       str *ret_next, struct err *e)
{
	const uint64_t end_ms = clock_ms(CLOCK_MONOTONIC) + ENOUGH_MS;
	struct tour t = { .s = s, .f = f, .least_first = least_first };
	struct alert_page page = { 0 };
	str next = { 0 };
	int r = cursor.n ? go_on(&t, cursor, a, e) : 0;

	if (r < 0)
		return r;
	page.items = ARENA_ARRAY(a, limit, struct stored_alert);
	if (!page.items)
		return err_set(e, ENOBUFS, "too many alerts at once");
	/* A walk that ended before its priority did has seen enough, too. */
	do {
		r = walk(&t, limit, with_doc, a, &page, e);
	} while (r == 0 && page.count < limit && t.priority < PRIORITY_COUNT && !t.id &&
		 clock_ms(CLOCK_MONOTONIC) < end_ms);
	if (r == 0 && t.priority < PRIORITY_COUNT)
		r = remember(&t, a, &next, e);
	if (r < 0)
		return r;
	*ret = page;
	*ret_next = next;
	return 0;
}

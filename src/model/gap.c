#include "model/gap.h"

#include <stdarg.h>
#include <stdio.h>

const char *gap_kind_name(enum gap_kind k)
{
	static const char *const names[] = {
#define GAP_NAME(id, name, en, zh) [GAP_##id] = (name),
		GAP_KINDS(GAP_NAME)
#undef GAP_NAME
	};

	return names[k];
}

bool gap_is_partial(enum gap_kind k)
{
	return k != GAP_STAND_IN && k != GAP_STALE && k != GAP_END_OF_LIFE && k != GAP_NO_DATA;
}

static void add(struct gap_list *l, struct arena *a, enum gap_kind kind, str place, str what,
		uint64_t count)
{
	struct gap *g;

	for (size_t i = l->count; i-- > 0;) {
		g = &l->items[i];
		if (g->kind == kind && str_eq(g->place, place) && str_eq(g->what, what)) {
			g->count += count;
			return;
		}
	}
	g = l->count < GAP_LIST_MAX ? ARENA_PUSH(a, l->items, l->count, l->cap) : NULL;
	if (!g) {
		l->dropped += count;
		return;
	}
	*g = (struct gap){ .kind = kind,
			   .place = arena_str(a, place),
			   .what = arena_str(a, what),
			   .count = count };
}

void gap_add(struct gap_list *l, struct arena *a, enum gap_kind kind, str place, const char *fmt,
	     ...)
{
	char what[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	add(l, a, kind, place, (str){ what, n < 0 ? 0 : MIN((size_t)n, sizeof(what) - 1) }, 1);
}

void gap_add_all(struct gap_list *l, struct arena *a, const struct gap_list *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(l, a, from->items[i].kind, from->items[i].place, from->items[i].what,
		    from->items[i].count);
	l->dropped += from->dropped;
}

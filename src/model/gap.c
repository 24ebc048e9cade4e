#include "model/gap.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/field_priv.h"

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
	return k != GAP_STAND_IN && k != GAP_STALE && k != GAP_END_OF_LIFE && k != GAP_NO_DATA &&
	       k != GAP_NOT_APPLICABLE;
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

void gap_list_render(const struct gap_list *l, struct json_out *j)
{
	json_object_open(j);
	json_key(j, "items");
	json_array_open(j);
	for (size_t i = 0; i < l->count; i++) {
		const struct gap *g = &l->items[i];

		json_object_open(j);
		json_put_cstr(j, "kind", gap_kind_name(g->kind));
		json_opt_str(j, "place", g->place);
		json_opt_str(j, "what", g->what);
		json_put_uint(j, "count", g->count);
		json_object_close(j);
	}
	json_array_close(j);
	if (l->dropped)
		json_put_uint(j, "dropped", l->dropped);
	json_object_close(j);
}

static int parse_gap(const struct value *v, struct arena *a, struct gap *ret, struct err *e)
{
	struct fields f = fields_of(v, "gap", a, e);
	struct gap g = { .count = 1, .kind = GAP_KIND_COUNT };
	str kind = value_get_str(v, "kind");

	for (unsigned int k = 0; k < GAP_KIND_COUNT; k++)
		if (str_is(kind, gap_kind_name((enum gap_kind)k)))
			g.kind = (enum gap_kind)k;
	if (g.kind == GAP_KIND_COUNT)
		field_fail(&f, EBADMSG, "of an unknown kind");
	field_str(&f, "place", &g.place);
	field_str(&f, "what", &g.what);
	field_u64(&f, "count", &g.count);
	if (!f.error && !g.count)
		field_fail(&f, EBADMSG, "counted zero times");
	if (!f.error)
		*ret = g;
	return f.error;
}

int gap_list_parse(const struct value *v, struct arena *a, struct gap_list *ret, struct err *e)
{
	struct gap_list l = { 0 };
	struct fields f;
	const struct value *items;

	if (!v) {
		*ret = l;
		return 0;
	}
	f = fields_of(v, "gaps", a, e);
	items = field_array(&f, "items", GAP_LIST_MAX);
	field_u64(&f, "dropped", &l.dropped);
	VALUE_EACH (item, items) {
		struct gap *g = f.error ? NULL : ARENA_PUSH(a, l.items, l.count, l.cap);

		if (g)
			field_check(&f, parse_gap(item, a, g, e));
		else
			field_fail(&f, ENOBUFS, "memory budget spent");
	}
	if (!f.error)
		*ret = l;
	return f.error;
}

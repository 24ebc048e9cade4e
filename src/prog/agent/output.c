#include "prog/agent/output.h"

#include <stdio.h>

static const struct output_kind *const kinds[] = { &output_stream, &output_file };

void output_add(struct output **list, struct output *o, const struct output_kind *kind,
		const char *where)
{
	o->kind = kind;
	o->where = where;
	while (*list)
		list = &(*list)->next;
	*list = o;
}

int outputs_open(struct output **ret, const struct option_set *o, struct err *e)
{
	struct output *list = NULL;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int r = kinds[i]->open(&list, o, e);

		if (r < 0) {
			outputs_close(list);
			return r;
		}
	}
	*ret = list;
	return 0;
}

void outputs_tell(struct output *list, const struct output_alert *a, const struct part_context *p)
{
	for (struct output *o = list; o; o = o->next) {
		struct err e = { 0 };
		int r = o->kind->tell(o, a, &e);

		if (r < 0) {
			o->lost++;
			if (!o->failing)
				part_say(p, "%s %s: %s", o->kind->name, o->where,
					 e.text[0] ? e.text : strerror(-r));
			snprintf(o->why, sizeof(o->why), "%.*s", (int)sizeof(o->why) - 1, e.text);
		} else {
			o->told++;
			if (o->failing)
				part_say(p, "%s %s: works again; %llu alerts were lost there",
					 o->kind->name, o->where, (unsigned long long)o->lost);
		}
		o->failing = r < 0;
	}
}

void outputs_tick(struct output *list, uint64_t now_ns)
{
	for (struct output *o = list; o; o = o->next)
		if (o->kind->tick)
			o->kind->tick(o, now_ns);
}

void outputs_close(struct output *list)
{
	while (list) {
		struct output *next = list->next;

		list->kind->close(list);
		list = next;
	}
}

#include "prog/agent/output.h"

#include <stdio.h>

static const struct output_kind *const kinds[] = { &output_stream, &output_file, &output_syslog,
						   &output_webhook, &output_console };

void output_add(struct output **list, struct output *o, const struct output_kind *kind,
		const char *where)
{
	o->kind = kind;
	o->where = where;
	while (*list)
		list = &(*list)->next;
	*list = o;
}

void output_fails(struct output *o, const char *why)
{
	if (!o->failing)
		part_say(o->part, "%s %s: %s", o->kind->name, o->where, why);
	o->failing = true;
	snprintf(o->why, sizeof(o->why), "%s", why);
}

void output_works(struct output *o)
{
	if (!o->failing)
		return;
	o->failing = false;
	o->why[0] = '\0';
	if (o->lost > o->lost_said)
		part_say(o->part, "%s %s: works again; %llu alerts were lost there", o->kind->name,
			 o->where, (unsigned long long)(o->lost - o->lost_said));
	else
		part_say(o->part, "%s %s: works again; nothing was lost there", o->kind->name,
			 o->where);
	o->lost_said = o->lost;
}

void output_place(struct output_places *p, const char *path, bool writable)
{
	if (path && p->count < ARRAY_LEN(p->items))
		p->items[p->count++] =
			(struct privilege_place){ .path = path, .writable = writable };
}

int outputs_check(const struct option_set *o, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds) && r == 0; i++)
		if (kinds[i]->check)
			r = kinds[i]->check(o, e);
	return r;
}

int outputs_open(struct output **ret, const struct part_context *p, struct err *e)
{
	struct output *list = NULL;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int r = kinds[i]->open(&list, p->options, e);

		if (r < 0) {
			outputs_close(list);
			return r;
		}
	}
	for (struct output *o = list; o; o = o->next)
		o->part = p;
	*ret = list;
	return 0;
}

void outputs_tell(struct output *list, const struct output_alert *a)
{
	for (struct output *o = list; o; o = o->next) {
		struct err e = { 0 };
		int r = o->kind->tell(o, a, &e);

		if (r < 0) {
			o->lost++;
			output_fails(o, e.text[0] ? e.text : strerror(-r));
		} else if (r > 0) {
			o->told++;
			output_works(o);
		}
	}
}

void outputs_record(struct output *list, const struct output_record *rec)
{
	for (struct output *o = list; o; o = o->next) {
		struct err e = { 0 };

		if (o->kind->record && o->kind->record(o, rec, &e) < 0)
			output_fails(o, e.text);
	}
}

void outputs_tick(struct output *list, uint64_t now_ns)
{
	for (struct output *o = list; o; o = o->next)
		if (o->kind->tick)
			o->kind->tick(o, now_ns);
}

int outputs_confine(const struct output *list, const struct privilege_place *also, struct err *e)
{
	/* Names are looked up and certificates are checked with these; the C library loads what it needs of itself late. */
	static const char *const always[] = {
		"/etc/hosts",
		"/etc/resolv.conf",
		"/etc/nsswitch.conf",
		"/etc/host.conf",
		"/etc/gai.conf",
		"/etc/services",
		"/etc/localtime",
		"/etc/ssl",
		"/etc/ld.so.cache",
		"/run/systemd/resolve",
		"/usr/lib",
		"/usr/lib64",
		"/lib",
		"/lib64",
		"/usr/share",
		"/usr/local/share",
		"/etc/ca-certificates",
		"/etc/pki",
		"/proc/self",
		"/dev/urandom",
	};
	struct output_places p = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		output_place(&p, always[i], false);
	output_place(&p, also->path, also->writable);
	for (const struct output *o = list; o; o = o->next)
		if (o->kind->places)
			o->kind->places(o, &p);
	return privilege_confine(p.items, p.count, e);
}

void outputs_close(struct output *list)
{
	while (list) {
		struct output *next = list->next;

		list->kind->close(list);
		list = next;
	}
}

void outputs_render(const struct output *list, struct json_out *j)
{
	json_array_open(j);
	for (const struct output *o = list; o; o = o->next) {
		json_object_open(j);
		json_put_cstr(j, "kind", o->kind->name);
		json_put_cstr(j, "where", o->where);
		json_put_uint(j, "told", o->told);
		json_put_uint(j, "lost", o->lost);
		json_put_uint(j, "waiting", o->waiting);
		json_put_bool(j, "failing", o->failing);
		json_opt_str(j, "why", str_from(o->why));
		json_object_close(j);
	}
	json_array_close(j);
}

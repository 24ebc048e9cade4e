#include <stdio.h>

#include "base/clock.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/access/access.h"
#include "console/store/audit.h"
#include "console/store/audit_verify.h"
#include "console/store/store.h"

/* What one export holds at most; the next one goes on where it ended. */
#define EXPORT_ROWS 20000
#define EXPORT_STEP 500
#define EXPORT_BYTES (16u << 20)

static void raw(struct json_out *j, const char *key, str json)
{
	json_key(j, key);
	if (json.n)
		json_raw(j, json);
	else
		json_null(j);
}

/* In words for people; an action of a route that is no more stays as it was. */
static void words(struct json_out *j, str action)
{
	struct route_match m;
	const str method = str_cut(&action, ' ');

	if (route_find(method, action, &m) < 0)
		return;
	json_put_str(j, "words", route_words(m.route, LANG_EN));
	json_put_str(j, "wordsZh", route_words(m.route, LANG_ZH));
}

static void entry_json(struct json_out *j, const struct audit_entry *x)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)x->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	call_put_time(j, "time", x->time_ns);
	json_put_str(j, "user", x->name);
	json_put_str(j, "how", x->how);
	json_put_str(j, "address", x->address);
	json_put_str(j, "action", x->action);
	words(j, x->action);
	json_put_str(j, "target", x->target);
	json_put_str(j, "result", x->result);
	raw(j, "before", x->before);
	raw(j, "after", x->after);
	json_put_cstr(j, "hash", x->hash);
	json_object_close(j);
}

/* Actions whose words hold what was asked for, as audit_filter wants them. */
static int actions_named(str text, struct buf *out)
{
	size_t count;
	const struct route *routes = route_table(&count);

	for (size_t i = 0; text.n && i < count; i++)
		if (routes[i].effect != ROUTE_READS &&
		    (str_holds_nocase(route_words(&routes[i], LANG_EN), text) ||
		     str_holds_nocase(route_words(&routes[i], LANG_ZH), text)))
			buf_printf(out, "|%s %s|", route_method_name(routes[i].method),
				   routes[i].path);
	return buf_error(out);
}

int api_audit_list(struct call *c, struct err *e)
{
	struct audit_filter f = {
		.user = call_query(c, "user"),
		.action = call_query(c, "action"),
		.target = call_query(c, "target"),
		.since_ns = call_time(&c->query, "since", 0),
		.until_ns = call_time(&c->query, "until", 0),
	};
	struct audit_entry *rows = ARENA_ARRAY(c->arena, c->limit, struct audit_entry);
	OWNED_BUF named = BUF_INIT;
	int64_t below;
	size_t count;
	int r = rows ? cursor_read(c->cursor, &below, e)
		     : err_set(e, ENOBUFS, "the answer does not fit in memory");

	if (r == 0 && actions_named(f.action, &named) < 0)
		r = err_set(e, ENOMEM, "no memory");
	f.actions = buf_str(&named);
	if (r == 0)
		r = audit_page(c->store, &f, below, c->limit, c->arena, rows, &count, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count; i++)
		entry_json(&c->json, &rows[i]);
	return cursor_close(c, count, count ? rows[count - 1].id : 0, e);
}

/* Its own arena a step, so that an export takes memory for what it answers and not for how it was read. */
static int export_step(struct call *c, int64_t *above, size_t *ret_count, struct err *e)
{
	struct audit_entry *rows;
	struct arena step;
	int r;

	arena_init(&step, (size_t)64 << 20);
	rows = ARENA_ARRAY(&step, EXPORT_STEP, struct audit_entry);
	r = rows ? audit_walk(c->store, *above, EXPORT_STEP, &step, rows, ret_count, e)
		 : err_set(e, ENOBUFS, "the answer does not fit in memory");
	for (size_t i = 0; r == 0 && i < *ret_count; i++) {
		audit_render(&rows[i], &c->out);
		buf_byte(&c->out, '\n');
		*above = rows[i].id;
	}
	arena_done(&step);
	return r;
}

/* The end is what was read last: entries may have come since the head was asked for. */
static int sign_end(struct call *c, int64_t last, struct err *e)
{
	const struct access *a = c->api->access;
	struct audit_entry end;
	size_t count;
	int r;

	if (!a->seals)
		return 0;
	r = audit_walk(c->store, last - 1, 1, c->arena, &end, &count, e);
	if (r == 0 && count == 1 && end.id == last)
		r = audit_checkpoint_render(end.id, end.hash, c->now_ns, a->audit_seed, &c->out, e);
	if (r == 0)
		buf_byte(&c->out, '\n');
	return r;
}

int api_audit_export(struct call *c, struct err *e)
{
	size_t got = EXPORT_STEP, total = 0;
	struct audit_head head;
	int64_t above;
	str next;
	int r = cursor_read(call_query(c, "cursor"), &above, e);

	if (r == 0)
		r = audit_head_get(c->store, &head, e);
	while (r == 0 && got == EXPORT_STEP && total < EXPORT_ROWS && c->out.n < EXPORT_BYTES) {
		r = export_step(c, &above, &got, e);
		total += got;
	}
	if (r < 0)
		return r;
	c->type = "application/x-ndjson";
	if (got < EXPORT_STEP && above >= head.id && above) {
		r = sign_end(c, above, e);
		if (r < 0)
			return r;
	}
	if (got == EXPORT_STEP) {
		next = arena_printf(c->arena, "%lld", (long long)above);
		if (!next.p || call_header(c, "Skep-Next-Cursor", next) < 0)
			return err_set(e, ENOBUFS, "the answer does not fit in memory");
	}
	return call_header(c, "Content-Disposition", S("attachment; filename=\"audit.ndjson\""));
}

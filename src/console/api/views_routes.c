#include <inttypes.h>
#include <stdio.h>

#include "console/api/user_json.h"
#include "console/store/store.h"
#include "console/store/views.h"

static void put(struct json_out *j, const struct view *v)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, v->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "page", v->page);
	json_put_str(j, "name", v->name);
	json_put_str(j, "query", v->query);
	call_put_time(j, "made", v->made_ns);
	json_object_close(j);
}

int api_views_list(struct call *c, struct err *e)
{
	struct view *list;
	size_t count;
	int r = views_list(c->store, c->who.user, c->arena, &list, &count, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count; i++)
		put(&c->json, &list[i]);
	call_page_close(c, (str){ 0 }, (int64_t)count);
	return 0;
}

/* A page of these: letters and '-', so that no view leads to another host. */
static bool is_page(str path)
{
	for (size_t i = 1; i < path.n; i++)
		if ((path.p[i] < 'a' || path.p[i] > 'z') && path.p[i] != '-')
			return false;
	return path.n > 1 && path.p[0] == '/';
}

int api_view_put(struct call *c, struct err *e)
{
	struct view v = { .page = value_get_str(&c->body, "page"),
			  .name = str_trim(value_get_str(&c->body, "name")),
			  .query = value_get_str(&c->body, "query"),
			  .made_ns = c->now_ns };
	int r;

	c->audit_target = v.name;
	c->audit_after = call_body_text(c);
	if (!is_page(v.page) || !v.name.n)
		return err_set(e, EINVAL, "a view has a name and a page such as /alerts");
	r = views_put(c->store, c->who.user, &v, &v.id, e);
	if (r < 0)
		return r;
	put(&c->json, &v);
	return 0;
}

int api_view_delete(struct call *c, struct err *e)
{
	int64_t id;
	int r = call_number(c->id, &id, e);

	return r < 0 ? r : views_delete(c->store, c->who.user, id, e);
}

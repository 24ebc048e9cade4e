#include "watch/event_target.h"

#include "watch/event_target_priv.h"

typedef bool (*group_getter)(const struct event_target *t, const struct policy_ref *ref,
			     struct policy_value *ret);

/* The groups as the table of fields has them; a field elsewhere is found by asking all. */
static group_getter group_of(uint16_t field)
{
	if (field <= FIELD_EVT_IS_REPLAYED)
		return event_fields_get;
	if (field <= FIELD_GROUP_NAME)
		return process_fields_get;
	return field <= FIELD_FS_PATH_WRITTEN ? fd_fields_get : container_fields_get;
}

static void get(const struct policy_target *target, const struct policy_ref *ref,
		struct policy_value *ret)
{
	static const group_getter all[] = { event_fields_get, process_fields_get,
					    lineage_fields_get, fd_fields_get,
					    container_fields_get };
	const struct event_target *t = event_target_of(target);

	ret->count = 0;
	if (group_of(ref->field)(t, ref, ret))
		return;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i](t, ref, ret))
			return;
	assert(false);
}

static bool get_origin(const struct policy_target *target, unsigned int number,
		       struct policy_origin *ret)
{
	const struct event_target *t = event_target_of(target);

	*ret = (struct policy_origin){ 0 };
	switch ((enum policy_event_origin)number) {
	case ORIGIN_CALL:
		return event_fields_origin(t, ret);
	case ORIGIN_FILE:
		return fd_fields_origin(t, ret);
	case ORIGIN_PROGRAM:
		return process_fields_origin(t, ret);
	case ORIGIN_PARENT:
		return lineage_fields_origin(t, ret);
	case ORIGIN_CONTAINER:
		return container_fields_origin(t, ret);
	case ORIGIN_ENDS:
		return fd_fields_ends_origin(t, ret);
	case ORIGIN_ENTRY:
		return process_fields_entry_origin(t, ret);
	}
	return false;
}

void event_target_init(struct event_target *t, const struct event_world *w, const struct event *v,
		       const struct container *container)
{
	const struct process *p = process_tree_find(w->tree, v->task);

	/* One by one: most events have no ends, which need not be cleared for each. */
	t->target = (struct policy_target){
		.type = (uint16_t)v->type,
		.get = get,
		.origin = get_origin,
	};
	t->world = w;
	t->event = v;
	t->container = container;
	t->process = p;
	t->program = p ? process_tree_program(w->tree, p) : NULL;
	fd_fields_init(t);
}

enum policy_state event_target_account(const struct event_target *t, enum account_part part,
				       uint32_t number, str *ret)
{
	const struct event_users *u = &t->world->users;

	if (!t->container || !u->find)
		return POLICY_UNKNOWN;
	return u->find(u->ctx, t->container, t->event->task.pid, part, number, ret);
}

enum policy_state event_target_ancestor(const struct event_target *t, uint32_t n,
					const struct process **ret)
{
	const struct process *p = t->process;

	/* A chain longer than this is a loop of our making. */
	if (n >= POLICY_MAX_VALUES)
		return POLICY_ABSENT;
	for (; p && n; n--) {
		const struct process *parent = process_tree_parent(t->world->tree, p);

		if (!parent && !p->parent_key.pid)
			return POLICY_ABSENT;
		p = parent;
	}
	if (!p)
		return POLICY_UNKNOWN;
	*ret = p;
	return POLICY_KNOWN;
}

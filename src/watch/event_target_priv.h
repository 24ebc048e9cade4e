/** @file
 * How the groups of fields answer. Each takes a field of its group and fills the value; false when the field is none of its own.
 */
#ifndef SKEP_WATCH_EVENT_TARGET_PRIV_H
#define SKEP_WATCH_EVENT_TARGET_PRIV_H

#include "watch/event_target.h"

bool event_fields_get(const struct event_target *t, const struct policy_ref *ref,
		      struct policy_value *ret);
bool process_fields_get(const struct event_target *t, const struct policy_ref *ref,
			struct policy_value *ret);
bool lineage_fields_get(const struct event_target *t, const struct policy_ref *ref,
			struct policy_value *ret);
bool fd_fields_get(const struct event_target *t, const struct policy_ref *ref,
		   struct policy_value *ret);
bool container_fields_get(const struct event_target *t, const struct policy_ref *ref,
			  struct policy_value *ret);

/*
 * The origins of fields (policy/event_origin.h): all that the functions above read for one of its fields must be in it, or what it
 * names must never change.
 */
bool event_fields_origin(const struct event_target *t, struct policy_origin *ret);
bool process_fields_origin(const struct event_target *t, struct policy_origin *ret);
bool process_fields_entry_origin(const struct event_target *t, struct policy_origin *ret);
bool lineage_fields_origin(const struct event_target *t, struct policy_origin *ret);
bool fd_fields_origin(const struct event_target *t, struct policy_origin *ret);
bool fd_fields_ends_origin(const struct event_target *t, struct policy_origin *ret);
bool container_fields_origin(const struct event_target *t, struct policy_origin *ret);

/* The ways a value can come out; each returns true so that a case can end with it. */

static inline bool value_absent(struct policy_value *v)
{
	v->state = POLICY_ABSENT;
	return true;
}

static inline bool value_unknown(struct policy_value *v)
{
	v->state = POLICY_UNKNOWN;
	return true;
}

static inline bool value_known(struct policy_value *v)
{
	v->state = POLICY_KNOWN;
	v->count = 1;
	return true;
}

static inline bool value_string(struct policy_value *v, str s)
{
	v->string = s;
	return value_known(v);
}

/* A string that is there or is not. */
static inline bool value_string_opt(struct policy_value *v, str s)
{
	return s.n ? value_string(v, s) : value_absent(v);
}

static inline bool value_int(struct policy_value *v, int64_t n)
{
	v->integer = n;
	return value_known(v);
}

static inline bool value_uint(struct policy_value *v, uint64_t n)
{
	v->number = n;
	return value_known(v);
}

static inline bool value_bool(struct policy_value *v, bool b)
{
	v->boolean = b;
	return value_known(v);
}

static inline bool value_state(struct policy_value *v, enum policy_state s)
{
	v->state = s;
	return true;
}

/* When a process began, CLOCK_REALTIME; 0: not known. */
static inline int64_t process_began(const struct event_target *t, struct process_key k)
{
	return k.start_ns ? (int64_t)k.start_ns + t->world->boot_ns : 0;
}

/* audit's word for nobody is -1 in the fields. */
static inline int64_t process_login(const struct process *p)
{
	return p->login_user == UINT32_MAX ? (int64_t)-1 : (int64_t)p->login_user;
}

static inline bool container_is_host(const struct container *c)
{
	return c->runtime == CONTAINER_HOST;
}

/** Whether it is an open for writing. */
bool event_fields_opens_write(const struct event *v);

/** Finds out its kind and ends, which many fields ask for. */
void fd_fields_init(struct event_target *t);
str fd_fields_type(enum event_fd_kind k);

#endif

#include "watch/alert_copy.h"

#include "watch/alert_short.h"

/* One pass counts, a second one with `to` copies; both walk the same members. */
struct copier {
	char *to; /* NULL: only count */
	size_t n;
};

static void *take(struct copier *c, size_t n)
{
	size_t at = (c->n + 7) & ~(size_t)7;

	c->n = at + n;
	return c->to ? c->to + at : NULL;
}

static void keep(struct copier *c, str *s)
{
	char *to = c->to ? c->to + c->n : NULL;

	c->n += s->n;
	if (!to || !s->p)
		return;
	memcpy(to, s->p, s->n);
	s->p = to;
}

static void *keep_array(struct copier *c, const void *items, size_t bytes)
{
	void *to = take(c, bytes);

	if (to && bytes)
		memcpy(to, items, bytes);
	return to;
}

static void keep_container(struct copier *c, struct alert *a)
{
	struct container copy = *a->container, *to = take(c, sizeof(copy));

	copy.labels = copy.pod_labels = NULL;
	copy.mounts = NULL;
	copy.label_count = copy.pod_label_count = copy.mount_count = 0;
#define KEEP(field, key) keep(c, &copy.field);
	CONTAINER_FIELDS(KEEP)
#undef KEEP
	if (to) {
		*to = copy;
		a->container = to;
	}
}

static void keep_fields(struct copier *c, struct alert *a)
{
	struct alert_field *to = keep_array(c, a->fields, a->field_count * sizeof(*to));

	for (size_t i = 0; i < a->field_count; i++) {
		struct alert_field copy = a->fields[i];

		keep(c, &copy.name);
		keep(c, &copy.text);
		if (to)
			to[i] = copy;
	}
	if (to)
		a->fields = to;
}

static void keep_lineage(struct copier *c, struct alert *a)
{
	struct alert_process *to = keep_array(c, a->lineage, a->lineage_count * sizeof(*to));

	for (size_t i = 0; i < a->lineage_count; i++) {
		struct alert_process copy = a->lineage[i];

		keep(c, &copy.name);
		keep(c, &copy.exe_path);
		keep(c, &copy.cmdline);
		keep(c, &copy.user);
		if (to)
			to[i] = copy;
	}
	if (to)
		a->lineage = to;
}

static void keep_tags(struct copier *c, struct alert *a)
{
	str *to = keep_array(c, a->tags, a->tag_count * sizeof(*to));

	for (size_t i = 0; i < a->tag_count; i++) {
		str copy = a->tags[i];

		keep(c, &copy);
		if (to)
			to[i] = copy;
	}
	if (to)
		a->tags = to;
}

static void keep_all(struct copier *c, struct alert *a)
{
	take(c, sizeof(*a));
	keep(c, &a->rule);
	keep(c, &a->rule_id);
	keep(c, &a->source);
	keep(c, &a->message);
	keep(c, &a->message_zh);
	keep_container(c, a);
	keep_fields(c, a);
	keep_lineage(c, a);
	keep_tags(c, a);
}

static size_t size_of(const struct alert *a)
{
	struct alert copy = *a;
	struct copier c = { 0 };

	keep_all(&c, &copy);
	return c.n;
}

struct alert *alert_copy(const struct alert *a)
{
	static const size_t lengths[] = { 256, 48 };
	struct alert_short room;
	struct alert copy, *to;
	struct copier c = { 0 };
	size_t n = size_of(a);

	for (size_t i = 0; n > ALERT_COPY_MAX && i < ARRAY_LEN(lengths); i++) {
		alert_shorten(a, lengths[i], &room);
		n = size_of(&room.alert);
		if (n <= ALERT_COPY_MAX)
			a = &room.alert;
	}
	if (n > ALERT_COPY_MAX)
		return NULL;
	c.to = malloc(n);
	if (!c.to)
		return NULL;
	to = (struct alert *)(void *)c.to;
	copy = *a;
	keep_all(&c, &copy);
	*to = copy;
	return to;
}

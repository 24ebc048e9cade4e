#include "watch/alert_short.h"

str alert_cut(str s, size_t max)
{
	size_t n = max;

	if (s.n <= max)
		return s;
	for (int i = 0; i < 3 && n && ((unsigned char)s.p[n] & 0xC0) == 0x80; i++)
		n--;
	return str_take(s, n);
}

static void shorten_container(const struct container *from, size_t max, struct container *ret)
{
	struct container c = *from;

#define SHORTEN(field, key) c.field = alert_cut(c.field, max);
	CONTAINER_FIELDS(SHORTEN)
#undef SHORTEN
	/* Its id is what it is found by. */
	c.id = from->id;
	c.label_count = c.pod_label_count = c.mount_count = 0;
	*ret = c;
}

void alert_shorten(const struct alert *a, size_t max, struct alert_short *ret)
{
	struct alert out = *a;

	out.cut = true;
	out.message = alert_cut(a->message, max);
	out.message_zh = alert_cut(a->message_zh, max);
	shorten_container(a->container, max, &ret->container);
	out.container = &ret->container;
	out.field_count = MIN(a->field_count, (size_t)ALERT_SHORT_FIELDS);
	for (size_t i = 0; i < out.field_count; i++)
		ret->fields[i] = (struct alert_field){ alert_cut(a->fields[i].name, max),
						       alert_cut(a->fields[i].text, max) };
	out.fields = ret->fields;
	out.lineage_count = MIN(a->lineage_count, (size_t)ALERT_SHORT_LINEAGE);
	for (size_t i = 0; i < out.lineage_count; i++) {
		struct alert_process p = a->lineage[i];

		p.name = alert_cut(p.name, max);
		p.exe_path = alert_cut(p.exe_path, max);
		p.cmdline = alert_cut(p.cmdline, max);
		p.user = alert_cut(p.user, max);
		ret->lineage[i] = p;
	}
	out.lineage = ret->lineage;
	ret->alert = out;
}

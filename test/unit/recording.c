#include "recording.h"

#include "base/clock.h"

void recording_begin(FILE *out)
{
	fprintf(out, "skep-records %d %lld\n", RECORD_LAYOUT, (long long)clock_boot_offset_ns());
	for (int i = 0; i < EVENT_TYPE_COUNT; i++)
		fprintf(out, "%s\n", event_type_name((enum event_type)i));
	fputc('\n', out);
}

void recording_put(FILE *out, str record, uint64_t cgroup)
{
	const size_t at = offsetof(struct record_head, cgroup_id), end = at + sizeof(cgroup);

	fwrite(record.p, 1, at, out);
	fwrite(&cgroup, 1, sizeof(cgroup), out);
	fwrite(record.p + end, 1, record.n - end, out);
}

static uint16_t type_named(str name)
{
	uint16_t i = 0;

	while (i < EVENT_TYPE_COUNT && !str_is(name, event_type_name((enum event_type)i)))
		i++;
	return i;
}

int recording_open(str bytes, struct recording *ret, struct err *e)
{
	struct recording r = { 0 };
	str head = str_cut(&bytes, '\n');
	uint64_t boot;
	uint32_t layout;

	if (!str_is(str_cut(&head, ' '), "skep-records") ||
	    str_u32(str_cut(&head, ' '), &layout) < 0 || str_u64(head, &boot) < 0)
		return err_set(e, EBADMSG, "no recording of sensor records");
	if (layout != RECORD_LAYOUT)
		return err_set(e, ESTALE, "a recording of layout %u, not %d", layout,
			       RECORD_LAYOUT);
	for (;;) {
		str name = str_cut(&bytes, '\n');

		if (name.n == 0)
			break;
		if (r.type_count == RECORDING_TYPES)
			return err_set(e, EBADMSG, "recording: too many types");
		r.types[r.type_count++] = type_named(name);
	}
	r.boot_ns = (int64_t)boot;
	r.rest = bytes;
	*ret = r;
	return 0;
}

void recording_open_bare(str records, struct recording *ret)
{
	*ret = (struct recording){ .rest = records, .type_count = EVENT_TYPE_COUNT };
	for (uint16_t i = 0; i < EVENT_TYPE_COUNT; i++)
		ret->types[i] = i;
}

void recording_done(struct recording *r)
{
	free(r->bytes);
	*r = (struct recording){ 0 };
}

/* The bytes of the next record, in a room of their exact size. */
static int take_record(struct recording *r, str *ret, struct err *e)
{
	struct record_head h;

	if (r->rest.n < sizeof(h))
		return r->rest.n ? err_set(e, EBADMSG, "recording: cut") : 0;
	memcpy(&h, r->rest.p, sizeof(h));
	if (h.bytes < sizeof(h) || h.bytes > r->rest.n)
		return err_set(e, EBADMSG, "recording: a record's length is wrong");
	free(r->bytes);
	r->bytes = malloc(h.bytes);
	if (!r->bytes)
		return err_sys(e, ENOMEM, "recording");
	h.type = h.type < r->type_count ? r->types[h.type] : EVENT_TYPE_COUNT;
	memcpy(r->bytes, r->rest.p, h.bytes);
	memcpy(r->bytes, &h, sizeof(h));
	*ret = (str){ r->bytes, h.bytes };
	r->rest = str_skip(r->rest, h.bytes);
	return 1;
}

int recording_next(struct recording *r, struct event *ret, struct err *e)
{
	for (;;) {
		struct event v;
		str record;
		int n = take_record(r, &record, e);

		if (n <= 0)
			return n;
		n = record_parse(record, r->boot_ns, &v, &r->exec, e);
		if (n < 0)
			return n;
		if (!record_complete(&v, &r->room))
			continue;
		v.number = ++r->number;
		*ret = v;
		return 1;
	}
}

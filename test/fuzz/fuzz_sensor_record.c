/*
 * Every text of a record that is accepted lies inside the record, and the texts do not overlap; completed, the event has paths
 * that cannot be made more normal.
 */
#include "fuzz.h"

#include "kern/record_complete.h"

static bool inside(str whole, str part, const char **from)
{
	if (!part.n)
		return true;
	if (part.p < *from || part.n > (size_t)(whole.p + whole.n - part.p))
		return false;
	*from = part.p + part.n;
	return true;
}

static void check_path(str path)
{
	static char room[RECORD_NORMAL_BYTES];
	str again = record_normal_path(path, room);

	assert(again.p == path.p && again.n == path.n);
}

static void check_completed(struct event *v)
{
	static struct record_room room;

	if (!record_complete(v, &room))
		return;
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_EXEC:
	case EVENT_FAMILY_CGROUP:
	case EVENT_FAMILY_SYMLINK:
	case EVENT_FAMILY_MODULE:
		return;
	case EVENT_FAMILY_DNS: /* what is sent has no path, whatever a record may say */
		assert(v->text.n < sizeof(room.name));
		return;
	default:
		check_path(v->path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 8); /* as aligned as a ring is */
	str whole = { (const char *)bytes, size };
	struct event_exec exec = { 0 };
	struct event v;

	if (!bytes)
		return 0;
	memcpy(bytes, data, size);
	if (record_parse(whole, 0, &v, &exec, NULL) == 0) {
		const str texts[] = { v.raw,         v.raw2,    v.text,   v.fd.path,
				      exec.exe_path, exec.args, exec.env, exec.cwd };
		const char *from = whole.p;

		assert(v.type < EVENT_TYPE_COUNT && (!v.exec || v.exec == &exec));
		assert(event_type_family(v.type) == EVENT_FAMILY_EXEC ||
		       inside(whole, v.path, &from));
		assert(inside(whole, v.path2, &from));
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			assert(inside(whole, texts[i], &from));
		check_completed(&v);
	}
	free(bytes);
	return 0;
}

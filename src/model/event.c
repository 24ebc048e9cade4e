#include "model/event.h"

static const char *const names[EVENT_TYPE_COUNT] = {
#define X(id, text, group) [EVENT_##id] = text,
#include "model/event_type.def"
#undef X
};

const uint8_t event_families[EVENT_TYPE_COUNT] = {
#define X(id, text, group) [EVENT_##id] = EVENT_FAMILY_##group,
#include "model/event_type.def"
#undef X
};

const char *event_type_name(enum event_type t)
{
	return t < EVENT_TYPE_COUNT ? names[t] : "unknown";
}

bool event_type_is_of_process(enum event_type t)
{
	switch (event_type_family(t)) {
	case EVENT_FAMILY_CGROUP:
	case EVENT_FAMILY_CONTAINER:
	case EVENT_FAMILY_USAGE:
	case EVENT_FAMILY_LOSS:
		return false;
	default:
		return true;
	}
}

enum event_type event_type_find(str name)
{
	for (unsigned int t = 0; t < EVENT_TYPE_COUNT; t++)
		if (str_is(name, names[t]))
			return (enum event_type)t;
	return EVENT_TYPE_COUNT;
}

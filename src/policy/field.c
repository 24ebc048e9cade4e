#include "policy/field.h"

#include "model/event.h"

static const struct policy_field event_fields[FIELD_COUNT] = {
#define X(id, text, kind_of_value, argument, how_many, en, zh) \
	[FIELD_##id] = { \
		text, POLICY_##kind_of_value, POLICY_ARG_##argument, POLICY_##how_many, { en, zh } \
	},
#include "policy/event_field.def"
#undef X
};

static const char *const event_types[EVENT_TYPE_COUNT] = {
#define X(id, text, family) [EVENT_##id] = text,
#include "model/event_type.def"
#undef X
};

const struct policy_subject policy_events = {
	.name = "syscall",
	.fields = event_fields,
	.field_count = FIELD_COUNT,
	.type_field = FIELD_EVT_TYPE,
	.types = event_types,
	.type_count = EVENT_TYPE_COUNT,
};

bool policy_ref_eq(const struct policy_ref *a, const struct policy_ref *b)
{
	return a->field == b->field && a->has_index == b->has_index && a->index == b->index &&
	       str_eq(a->key, b->key);
}

const char *policy_type_name(enum policy_type t)
{
	static const char *const names[] = {
		[POLICY_STRING] = "string",     [POLICY_BYTES] = "bytes",  [POLICY_INT] = "integer",
		[POLICY_UINT] = "unsigned",     [POLICY_BOOL] = "boolean", [POLICY_IP] = "address",
		[POLICY_NET] = "network",       [POLICY_PORT] = "port",    [POLICY_NAME] = "domain",
		[POLICY_DURATION] = "duration", [POLICY_TIME] = "time",
	};

	return names[t];
}

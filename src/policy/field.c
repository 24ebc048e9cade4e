#include "policy/field.h"

#include "base/suggest.h"
#include "model/event.h"
#include "policy/event_origin.h"
#include "policy/falco_field.h"

static const struct policy_field event_fields[FIELD_COUNT] = {
#define X(id, text, kind_of_value, argument, how_many, when, en, zh) \
	[FIELD_##id] = { \
		text,       POLICY_##kind_of_value, POLICY_ARG_##argument, POLICY_##how_many, \
		{ en, zh }, POLICY_DOUBT_##when \
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
	.number_field = FIELD_EVT_NUM,
	.types = event_types,
	.type_count = EVENT_TYPE_COUNT,
	.origin_of = event_origin_of,
	.is_told_as_one = event_origin_tells_one,
	.numbered_origins = 1u << ORIGIN_CALL | 1u << ORIGIN_PROGRAM | 1u << ORIGIN_PARENT |
			    1u << ORIGIN_CONTAINER | 1u << ORIGIN_ENTRY,
};

struct phrase policy_doubt_phrase(enum policy_doubt d)
{
	static const struct phrase phrases[] = {
#define X(id, en, zh) [POLICY_DOUBT_##id] = { en, zh },
#include "policy/field_doubt.def"
#undef X
	};

	return phrases[d];
}

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

/* Hundreds are looked through for each mention of one: nearly all differ in their first bytes. */
static bool is_called(const struct policy_field *f, str name)
{
	size_t n = 0;

	while (n < name.n && f->name[n] && f->name[n] == name.p[n])
		n++;
	return n == name.n && !f->name[n];
}

static bool find_name(const struct policy_subject *s, str name, uint16_t *ret)
{
	for (size_t i = 0; i < s->field_count; i++) {
		if (is_called(&s->fields[i], name)) {
			*ret = (uint16_t)i;
			return true;
		}
	}
	return false;
}

/* "evt.arg.flags": the longest beginning that names a field; the rest is its key. */
static bool find_dotted(const struct policy_subject *s, str text, struct policy_ref *ret)
{
	for (size_t dot = text.n; dot-- > 0;) {
		if (text.p[dot] != '.' || !find_name(s, str_take(text, dot), &ret->field))
			continue;
		ret->key = str_skip(text, dot + 1);
		return ret->key.n && (s->fields[ret->field].arg == POLICY_ARG_KEY ||
				      s->fields[ret->field].arg == POLICY_ARG_KEY_OPT);
	}
	return false;
}

static int take_argument(const struct policy_field *f, str arg, struct policy_ref *ret,
			 struct err *e)
{
	if (arg.n >= 2 && (arg.p[0] == '"' || arg.p[0] == '\'') && arg.p[arg.n - 1] == arg.p[0])
		arg = str_skip(str_take(arg, arg.n - 1), 1);
	if (arg.n == 0)
		return err_set(e, EINVAL, "field '%s': the argument in [] is empty", f->name);
	switch (f->arg) {
	case POLICY_ARG_NONE:
		return err_set(e, EINVAL, "field '%s' takes no argument", f->name);
	case POLICY_ARG_INDEX_OPT:
		if (str_u32(arg, &ret->index) < 0)
			return err_set(e, EINVAL, "field '%s' takes a number, not '%.*s'", f->name,
				       STR_ARG(arg));
		ret->has_index = true;
		return 0;
	case POLICY_ARG_KEY:
	case POLICY_ARG_KEY_OPT:
		ret->key = arg;
	}
	return 0;
}

static int unknown_field(const struct policy_subject *s, str name, struct err *e)
{
	struct suggestion near = suggestion_for(name);

	/* Nobody asks what is near. */
	if (!e || (s == &policy_events && falco_field_missed(name, e)))
		return -ENOENT;
	for (size_t i = 0; i < s->field_count; i++)
		suggestion_offer(&near, str_from(s->fields[i].name));
	if (near.best.n)
		return err_set(e, ENOENT, "no field is called '%.*s'; did you mean '%.*s'?",
			       STR_ARG(name), STR_ARG(near.best));
	return err_set(e, ENOENT, "no field is called '%.*s'; `skep rule fields` lists them",
		       STR_ARG(name));
}

int policy_field_find(const struct policy_subject *s, str text, struct policy_ref *ret,
		      struct err *e)
{
	struct policy_ref out = { 0 };
	size_t bracket = str_find(text, '[');
	str name = str_take(text, bracket);
	int r;

	if (!find_name(s, name, &out.field)) {
		if (bracket < text.n || !find_dotted(s, text, &out))
			return unknown_field(s, name, e);
	} else if (bracket < text.n) {
		if (text.p[text.n - 1] != ']')
			return err_set(e, EINVAL, "field '%.*s': ']' is missing", STR_ARG(name));
		r = take_argument(&s->fields[out.field],
				  str_skip(str_take(text, text.n - 1), bracket + 1), &out, e);
		if (r < 0)
			return r;
	} else if (s->fields[out.field].arg == POLICY_ARG_KEY) {
		return err_set(e, EINVAL, "field '%.*s' needs an argument: %.*s[...]",
			       STR_ARG(name), STR_ARG(name));
	}
	*ret = out;
	return 0;
}

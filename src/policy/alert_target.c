#include "policy/alert_target.h"

#include "base/time.h"
#include "base/word.h"

#define SHORT_ID_DIGITS 12

static const struct policy_field fields[ALERT_FIELD_COUNT] = {
#define X(id, text, kind_of_value, argument, how_many, when, en, zh) \
	[ALERT_FIELD_##id] = { \
		text,       POLICY_##kind_of_value, POLICY_ARG_##argument, POLICY_##how_many, \
		{ en, zh }, POLICY_DOUBT_##when \
	},
#include "policy/alert_field.def"
#undef X
};

static const char *const words[PRIORITY_COUNT] = {
	[PRIORITY_EMERGENCY] = "emergency", [PRIORITY_ALERT] = "alert",
	[PRIORITY_CRITICAL] = "critical",   [PRIORITY_ERROR] = "error",
	[PRIORITY_WARNING] = "warning",     [PRIORITY_NOTICE] = "notice",
	[PRIORITY_INFO] = "informational",  [PRIORITY_DEBUG] = "debug",
};

/* What findings are rated by stands for the priorities rules use for the like. */
static const struct policy_word numbers[] = {
	{ ALERT_FIELD_ALERT_LEVEL, "emergency", "7" },
	{ ALERT_FIELD_ALERT_LEVEL, "alert", "6" },
	{ ALERT_FIELD_ALERT_LEVEL, "critical", "5" },
	{ ALERT_FIELD_ALERT_LEVEL, "error", "4" },
	{ ALERT_FIELD_ALERT_LEVEL, "high", "4" },
	{ ALERT_FIELD_ALERT_LEVEL, "warning", "3" },
	{ ALERT_FIELD_ALERT_LEVEL, "medium", "3" },
	{ ALERT_FIELD_ALERT_LEVEL, "notice", "2" },
	{ ALERT_FIELD_ALERT_LEVEL, "low", "2" },
	{ ALERT_FIELD_ALERT_LEVEL, "informational", "1" },
	{ ALERT_FIELD_ALERT_LEVEL, "debug", "0" },
};

static const char *const states[] = {
#define ALERT_STATE_WORD(id, name) name,
	ALERT_STATES(ALERT_STATE_WORD)
#undef ALERT_STATE_WORD
};

/* Priorities are Falco's, states the console's own; sources and types of containers may come with newer agents. */
static const struct policy_enum enums[] = {
	{ ALERT_FIELD_ALERT_PRIORITY, words, ARRAY_LEN(words) },
	{ ALERT_FIELD_ALERT_STATE, states, ARRAY_LEN(states) },
};

static const struct policy_alias aliases[] = { { "severity", "alert.level" } };

const struct policy_subject policy_alerts = {
	.name = "alert",
	.fields = fields,
	.field_count = ALERT_FIELD_COUNT,
	.type_field = ALERT_FIELD_ALERT_PRIORITY,
	.number_field = ALERT_FIELD_ALERT_ID,
	.types = words,
	.type_count = PRIORITY_COUNT,
	.prefix = "alert.",
	.words = numbers,
	.word_count = ARRAY_LEN(numbers),
	.enums = enums,
	.enum_count = ARRAY_LEN(enums),
	.aliases = aliases,
	.alias_count = ARRAY_LEN(aliases),
};

const char *alert_priority_word(enum alert_priority p)
{
	return WORD_NAME(words, p);
}

static void text(struct policy_value *ret, str s)
{
	ret->state = s.n ? POLICY_KNOWN : POLICY_ABSENT;
	ret->string = s;
}

/* What a container surely or perhaps has: an engine nobody could ask leaves it open. */
static void container_text(struct policy_value *ret, const struct value *c, str s)
{
	text(ret, s);
	if (!s.n && c && !value_is_true(value_get(c, "metadataKnown")) &&
	    !str_is(value_get_str(c, "runtime"), "host"))
		ret->state = POLICY_UNKNOWN;
}

static void time_of(struct policy_value *ret, str s)
{
	uint64_t ns;

	if (time_parse_ns(s, &ns) < 0 || ns > INT64_MAX)
		return;
	ret->state = POLICY_KNOWN;
	ret->integer = (int64_t)ns;
}

static void list(struct policy_value *ret, str *room, const struct value *array, const char *member)
{
	ret->count = 0;
	VALUE_EACH (item, array) {
		str s = member ? value_get_str(item, member) : value_str(item);

		if (s.n && ret->count < POLICY_MAX_VALUES)
			room[ret->count++] = s;
	}
	ret->state = ret->count ? POLICY_KNOWN : POLICY_ABSENT;
	ret->strings = room;
}

static str key_of(const struct value *object, str key)
{
	VALUE_MEMBERS (m, object)
		if (str_eq(m->key, key))
			return value_str(&m->value);
	return (str){ NULL, 0 };
}

static bool get_container(const struct alert_target *t, const struct policy_ref *ref,
			  struct policy_value *ret)
{
	static const struct {
		uint16_t field;
		const char *key;
	} plain[] = {
		{ ALERT_FIELD_CONTAINER_NAME, "name" },
		{ ALERT_FIELD_CONTAINER_IMAGE, "image" },
		{ ALERT_FIELD_CONTAINER_IMAGE_REPOSITORY, "imageRepository" },
		{ ALERT_FIELD_CONTAINER_IMAGE_TAG, "imageTag" },
		{ ALERT_FIELD_CONTAINER_IMAGE_DIGEST, "imageDigest" },
		{ ALERT_FIELD_K8S_NS_NAME, "podNamespace" },
		{ ALERT_FIELD_K8S_POD_NAME, "podName" },
		{ ALERT_FIELD_K8S_POD_OWNER, "podOwner" },
	};
	const struct value *c = value_get(t->doc, "container");
	str id = value_get_str(c, "id");

	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		if (plain[i].field != ref->field)
			continue;
		container_text(ret, c, value_get_str(c, plain[i].key));
		return true;
	}
	switch (ref->field) {
	case ALERT_FIELD_CONTAINER_ID:
		text(ret,
		     id.n > SHORT_ID_DIGITS && str_is_hex(id) ? str_take(id, SHORT_ID_DIGITS) : id);
		return true;
	case ALERT_FIELD_CONTAINER_FULL_ID:
		text(ret, id);
		return true;
	case ALERT_FIELD_CONTAINER_TYPE:
		text(ret, value_get_str(c, "runtime"));
		return true;
	case ALERT_FIELD_CONTAINER_PRIVILEGED:
		container_text(ret, c, (str){ NULL, 0 });
		if (value_get(c, "privileged"))
			ret->state = POLICY_KNOWN;
		ret->boolean = value_is_true(value_get(c, "privileged"));
		return true;
	case ALERT_FIELD_CONTAINER_LABEL:
		container_text(ret, c, key_of(value_get(c, "labels"), ref->key));
		return true;
	case ALERT_FIELD_K8S_POD_LABEL:
		container_text(ret, c, key_of(value_get(c, "podLabels"), ref->key));
		return true;
	default:
		return false;
	}
}

static bool get_process(struct alert_target *t, const struct policy_ref *ref,
			struct policy_value *ret)
{
	const struct value *lineage = value_get(t->doc, "lineage"), *p = value_at(lineage, 0);
	const char *key = NULL;

	switch (ref->field) {
	case ALERT_FIELD_PROC_NAME:
		key = "name";
		break;
	case ALERT_FIELD_PROC_EXEPATH:
		key = "exePath";
		break;
	case ALERT_FIELD_PROC_CMDLINE:
		key = "cmdline";
		break;
	case ALERT_FIELD_USER_NAME:
		key = "user";
		break;
	case ALERT_FIELD_PROC_PID:
		ret->integer = value_int(value_get(p, "pid"), 0);
		ret->state = ret->integer > 0 ? POLICY_KNOWN : POLICY_ABSENT;
		return true;
	case ALERT_FIELD_PROC_ANAME:
		list(ret, t->ancestors, lineage, "name");
		/* The first is the process itself. */
		if (ret->count && value_get_str(p, "name").n) {
			ret->strings++;
			ret->count--;
		}
		if (!ret->count)
			ret->state = POLICY_ABSENT;
		return true;
	default:
		return false;
	}
	text(ret, value_get_str(p, key));
	if (p && ret->state == POLICY_ABSENT)
		ret->state = POLICY_UNKNOWN;
	return true;
}

static void get_field(const struct alert_target *t, str key, struct policy_value *ret)
{
	text(ret, key_of(value_get(t->doc, "fields"), key));
	if (ret->state == POLICY_ABSENT && value_is_true(value_get(t->doc, "unknown")))
		ret->state = POLICY_UNKNOWN;
}

static bool get_text(const struct alert_target *t, const struct policy_ref *ref,
		     struct policy_value *ret)
{
	switch (ref->field) {
	case ALERT_FIELD_ALERT_PRIORITY:
		text(ret, str_from(words[t->priority]));
		return true;
	case ALERT_FIELD_ALERT_RULE:
		text(ret, value_get_str(t->doc, "rule"));
		return true;
	case ALERT_FIELD_ALERT_RULE_ID:
		text(ret, value_get_str(t->doc, "ruleId"));
		return true;
	case ALERT_FIELD_ALERT_SOURCE:
		text(ret, value_get_str(t->doc, "source"));
		return true;
	case ALERT_FIELD_ALERT_MESSAGE:
		text(ret, value_get_str(t->doc, "message"));
		return true;
	case ALERT_FIELD_ALERT_MESSAGE_ZH:
		text(ret, value_get_str(t->doc, "messageZh"));
		return true;
	case ALERT_FIELD_ALERT_FIELD:
		get_field(t, ref->key, ret);
		return true;
	case ALERT_FIELD_ALERT_STATE:
		text(ret, t->facts.state);
		return true;
	case ALERT_FIELD_ALERT_ASSIGNEE:
		text(ret, t->facts.assignee);
		return true;
	case ALERT_FIELD_HOST_NAME:
		text(ret, t->facts.host);
		return true;
	case ALERT_FIELD_AGENT_ID:
		text(ret, t->facts.agent);
		return true;
	default:
		return false;
	}
}

static void get_number(struct alert_target *t, const struct policy_ref *ref,
		       struct policy_value *ret)
{
	ret->state = POLICY_KNOWN;
	switch (ref->field) {
	case ALERT_FIELD_ALERT_ID:
		ret->number = t->facts.id;
		break;
	case ALERT_FIELD_ALERT_SEVERITY:
		ret->number = (uint64_t)t->priority;
		break;
	case ALERT_FIELD_ALERT_LEVEL:
		ret->number = (uint64_t)(PRIORITY_DEBUG - t->priority);
		break;
	case ALERT_FIELD_ALERT_COUNT:
		ret->number = (uint64_t)MAX(value_int(value_get(t->doc, "count"), 1), 1);
		break;
	case ALERT_FIELD_ALERT_UNKNOWN:
		ret->boolean = value_is_true(value_get(t->doc, "unknown"));
		break;
	case ALERT_FIELD_ALERT_TAG:
		list(ret, t->tags, value_get(t->doc, "tags"), NULL);
		break;
	case ALERT_FIELD_ALERT_RECEIVED:
		ret->integer = (int64_t)MIN(t->facts.received_ns, (uint64_t)INT64_MAX);
		break;
	case ALERT_FIELD_ALERT_TIME:
		ret->state = POLICY_ABSENT;
		time_of(ret, value_get_str(t->doc, "time"));
		break;
	case ALERT_FIELD_ALERT_FIRST:
		ret->state = POLICY_ABSENT;
		time_of(ret, value_get_str(t->doc, "first"));
		break;
	case ALERT_FIELD_ALERT_LAST:
		ret->state = POLICY_ABSENT;
		time_of(ret, value_get_str(t->doc, "last"));
		break;
	default:
		assert(false);
	}
}

static void get(const struct policy_target *target, const struct policy_ref *ref,
		struct policy_value *ret)
{
	/* Targets are handed out as constants; the room for lists is ours. */
	struct alert_target *t = (struct alert_target *)(uintptr_t)target;

	ret->count = 1;
	if (!get_text(t, ref, ret) && !get_container(t, ref, ret) && !get_process(t, ref, ret))
		get_number(t, ref, ret);
}

int alert_target_init(struct alert_target *t, const struct value *doc,
		      const struct alert_facts *facts, struct err *e)
{
	str name = value_get_str(doc, "priority");
	enum alert_priority p;

	if (alert_priority_find(name, &p) < 0)
		return err_set(e, EBADMSG, "alert: no priority is called '%.*s'",
			       STR_ARG(str_take(name, 40)));
	t->target = (struct policy_target){ .type = (uint16_t)p, .get = get };
	t->doc = doc;
	t->facts = *facts;
	t->priority = p;
	return 0;
}

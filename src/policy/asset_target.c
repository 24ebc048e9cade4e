#include "policy/asset_target.h"

#define SHORT_ID_DIGITS 12

static const struct policy_field fields[ASSET_FIELD_COUNT] = {
#define X(id, text, kind_of_value, argument, how_many, when, en, zh) \
	[ASSET_FIELD_##id] = { \
		text,       POLICY_##kind_of_value, POLICY_ARG_##argument, POLICY_##how_many, \
		{ en, zh }, POLICY_DOUBT_##when \
	},
#include "policy/asset_field.def"
#undef X
};

static const char *const kinds[] = {
#define ASSET_KIND_NAME(id, name) name,
	ASSET_KINDS(ASSET_KIND_NAME)
#undef ASSET_KIND_NAME
};

static const struct policy_word numbers[] = {
	{ ASSET_FIELD_SEVERITY, "critical", "5" },   { ASSET_FIELD_SEVERITY, "high", "4" },
	{ ASSET_FIELD_SEVERITY, "medium", "3" },     { ASSET_FIELD_SEVERITY, "low", "2" },
	{ ASSET_FIELD_SEVERITY, "negligible", "1" }, { ASSET_FIELD_SEVERITY, "unknown", "0" },
};

/* Other states, types and protocols may come with newer agents and engines; a kind the console knows not is no asset to it. */
static const struct policy_enum enums[] = {
	{ ASSET_FIELD_ASSET_KIND, kinds, ARRAY_LEN(kinds) },
};

const struct policy_subject policy_assets = {
	.name = "asset",
	.fields = fields,
	.field_count = ASSET_FIELD_COUNT,
	.type_field = ASSET_FIELD_ASSET_KIND,
	.number_field = ASSET_FIELD_ASSET_NUM,
	.types = kinds,
	.type_count = ARRAY_LEN(kinds),
	.prefix = "asset.",
	.words = numbers,
	.word_count = ARRAY_LEN(numbers),
	.enums = enums,
	.enum_count = ARRAY_LEN(enums),
};

/* Where a field of text stands in the documents of which kinds. */
#define OF(kind) (1u << ASSET_##kind)
#define OF_CONTAINER OF(CONTAINER)

static const struct {
	uint16_t field;
	unsigned int kinds;
	const char *key;
	bool of_container; /* not known when the engine told nothing of the container */
} texts[] = {
	{ ASSET_FIELD_HOST_OS, OF(HOST), "os", false },
	{ ASSET_FIELD_HOST_KERNEL, OF(HOST), "kernel", false },
	{ ASSET_FIELD_CONTAINER_FULL_ID, OF_CONTAINER, "id", false },
	{ ASSET_FIELD_CONTAINER_FULL_ID, OF(PROCESS) | OF(PORT) | OF(USER), "container", false },
	{ ASSET_FIELD_CONTAINER_NAME, OF_CONTAINER, "name", true },
	{ ASSET_FIELD_CONTAINER_TYPE, OF_CONTAINER, "runtime", false },
	{ ASSET_FIELD_CONTAINER_STATE, OF_CONTAINER, "state", false },
	{ ASSET_FIELD_CONTAINER_IMAGE, OF_CONTAINER, "image", true },
	{ ASSET_FIELD_CONTAINER_IMAGE_ID, OF_CONTAINER, "imageId", true },
	{ ASSET_FIELD_CONTAINER_IMAGE_REPOSITORY, OF_CONTAINER, "imageRepository", true },
	{ ASSET_FIELD_CONTAINER_IMAGE_TAG, OF_CONTAINER, "imageTag", true },
	{ ASSET_FIELD_CONTAINER_IMAGE_DIGEST, OF_CONTAINER, "imageDigest", true },
	{ ASSET_FIELD_CONTAINER_USER, OF_CONTAINER, "user", true },
	{ ASSET_FIELD_K8S_NS_NAME, OF_CONTAINER, "podNamespace", true },
	{ ASSET_FIELD_K8S_NS_NAME, OF(POD), "namespace", false },
	{ ASSET_FIELD_K8S_POD_NAME, OF_CONTAINER, "podName", true },
	{ ASSET_FIELD_K8S_POD_NAME, OF(POD), "name", false },
	{ ASSET_FIELD_K8S_POD_OWNER, OF_CONTAINER, "podOwner", true },
	{ ASSET_FIELD_PROC_NAME, OF(PROCESS), "name", false },
	{ ASSET_FIELD_PROC_EXEPATH, OF(PROCESS) | OF(PORT), "exe", false },
	{ ASSET_FIELD_PROC_CMDLINE, OF(PROCESS), "args", false },
	{ ASSET_FIELD_USER_NAME, OF(PROCESS), "user", false },
	{ ASSET_FIELD_USER_NAME, OF(USER), "name", false },
	{ ASSET_FIELD_USER_SHELL, OF(USER), "shell", false },
	{ ASSET_FIELD_PORT_PROTOCOL, OF(PORT), "protocol", false },
	{ ASSET_FIELD_PORT_ADDRESS, OF(PORT), "address", false },
	{ ASSET_FIELD_DRIVER, OF(VOLUME) | OF(NETWORK), "driver", false },
};

static bool is_kind(const struct asset_target *t, unsigned int of)
{
	return of >> t->facts.kind & 1;
}

static void text(struct policy_value *ret, str s)
{
	ret->state = s.n ? POLICY_KNOWN : POLICY_ABSENT;
	ret->string = s;
}

/* What a container surely or perhaps has: an engine nobody could ask leaves it open. */
static void doubt(const struct asset_target *t, struct policy_value *ret)
{
	if (ret->state == POLICY_ABSENT && is_kind(t, OF_CONTAINER) &&
	    !value_is_true(value_get(t->doc, "metadataKnown")))
		ret->state = POLICY_UNKNOWN;
}

static bool get_text(const struct asset_target *t, const struct policy_ref *ref,
		     struct policy_value *ret)
{
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i].field != ref->field)
			continue;
		known = true;
		if (!is_kind(t, texts[i].kinds))
			continue;
		text(ret, value_get_str(t->doc, texts[i].key));
		if (texts[i].of_container)
			doubt(t, ret);
		break;
	}
	return known;
}

static str member(const struct value *object, str key)
{
	VALUE_MEMBERS (m, object)
		if (str_eq(m->key, key))
			return value_str(&m->value);
	return (str){ NULL, 0 };
}

static void list(struct asset_target *t, const struct value *array, const char *key,
		 struct policy_value *ret)
{
	ret->count = 0;
	VALUE_EACH (item, array) {
		str s = key ? value_get_str(item, key) : value_str(item);

		if (s.n && ret->count < POLICY_MAX_VALUES)
			t->values[ret->count++] = s;
	}
	ret->state = ret->count ? POLICY_KNOWN : POLICY_ABSENT;
	ret->strings = t->values;
}

static void power(const struct asset_target *t, const char *key, struct policy_value *ret)
{
	if (!is_kind(t, OF_CONTAINER))
		return;
	ret->boolean = value_is_true(value_get(t->doc, key));
	ret->state =
		value_is_true(value_get(t->doc, "metadataKnown")) ? POLICY_KNOWN : POLICY_UNKNOWN;
}

static str short_id(str id)
{
	bool hex = id.n > SHORT_ID_DIGITS;

	for (size_t i = 0; i < id.n && hex; i++)
		hex = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f');
	return hex ? str_take(id, SHORT_ID_DIGITS) : id;
}

static bool get_container(struct asset_target *t, const struct policy_ref *ref,
			  struct policy_value *ret)
{
	const struct policy_ref whole = { .field = ASSET_FIELD_CONTAINER_FULL_ID };

	switch (ref->field) {
	case ASSET_FIELD_CONTAINER_ID:
		(void)get_text(t, &whole, ret);
		ret->string = short_id(ret->string);
		return true;
	case ASSET_FIELD_CONTAINER_PRIVILEGED:
		power(t, "privileged", ret);
		return true;
	case ASSET_FIELD_CONTAINER_HOST_PID:
		power(t, "hostPid", ret);
		return true;
	case ASSET_FIELD_CONTAINER_HOST_NETWORK:
		power(t, "hostNetwork", ret);
		return true;
	case ASSET_FIELD_CONTAINER_HOST_IPC:
		power(t, "hostIpc", ret);
		return true;
	case ASSET_FIELD_CONTAINER_MOUNT_SOURCE:
	case ASSET_FIELD_CONTAINER_MOUNT_DEST:
		if (is_kind(t, OF_CONTAINER))
			list(t, value_get(t->doc, "mounts"),
			     ref->field == ASSET_FIELD_CONTAINER_MOUNT_DEST ? "dest" : "source",
			     ret);
		doubt(t, ret);
		return true;
	case ASSET_FIELD_CONTAINER_LABEL:
	case ASSET_FIELD_K8S_POD_LABEL:
		if (is_kind(t, OF_CONTAINER))
			text(ret, member(value_get(t->doc, ref->field == ASSET_FIELD_CONTAINER_LABEL
								   ? "labels"
								   : "podLabels"),
					 ref->key));
		doubt(t, ret);
		return true;
	default:
		return false;
	}
}

static bool get_fact(const struct asset_target *t, const struct policy_ref *ref,
		     struct policy_value *ret)
{
	switch (ref->field) {
	case ASSET_FIELD_ASSET_NUM:
		ret->number = t->number;
		break;
	case ASSET_FIELD_ASSET_ID:
		text(ret, t->facts.id);
		return true;
	case ASSET_FIELD_ASSET_KIND:
		text(ret, str_from(asset_kind_name(t->facts.kind)));
		return true;
	case ASSET_FIELD_ASSET_NAME:
		text(ret, t->facts.name);
		return true;
	case ASSET_FIELD_AGENT_ID:
		text(ret, t->facts.agent);
		return true;
	case ASSET_FIELD_HOST_NAME:
		text(ret, t->facts.host);
		return true;
	case ASSET_FIELD_ASSET_PRESENT:
		ret->boolean = !t->facts.gone;
		break;
	case ASSET_FIELD_ASSET_FIRST:
		ret->integer = t->facts.first_ns;
		break;
	case ASSET_FIELD_ASSET_LAST:
		ret->integer = t->facts.last_ns;
		break;
	default:
		return false;
	}
	ret->state = POLICY_KNOWN;
	return true;
}

static uint64_t worst(const struct asset_image_facts *x)
{
	for (unsigned int i = ARRAY_LEN(x->counts); i-- > 0;)
		if (x->counts[i])
			return i;
	return 0;
}

static uint64_t all(const struct asset_image_facts *x)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < ARRAY_LEN(x->counts); i++)
		n += x->counts[i];
	return n;
}

static void many(struct policy_value *ret, const str *list, uint32_t count)
{
	ret->state = count ? POLICY_KNOWN : POLICY_ABSENT;
	ret->strings = list;
	ret->count = count;
}

/* "NAME@VERSION" of the package that is asked for. */
static str version_of(const struct asset_image_facts *x, str name)
{
	for (uint32_t i = 0; i < x->package_id_count; i++) {
		str id = x->package_ids[i];

		if (str_starts(id, name) && id.n > name.n && id.p[name.n] == '@' &&
		    str_find_last(id, '@') == name.n)
			return str_skip(id, name.n + 1);
	}
	return (str){ NULL, 0 };
}

/* @return whether the field is one of what a scan finds */
static bool get_scanned(const struct asset_image_facts *x, const struct policy_ref *ref,
			struct policy_value *ret)
{
	switch (ref->field) {
	case ASSET_FIELD_SEVERITY:
		ret->number = worst(x);
		break;
	case ASSET_FIELD_VULNERABILITIES:
		ret->number = all(x);
		break;
	case ASSET_FIELD_KEV:
		ret->number = x->kev;
		break;
	case ASSET_FIELD_FIXABLE:
		ret->number = x->fixable;
		break;
	case ASSET_FIELD_CRITICAL:
		ret->number = x->counts[5];
		break;
	case ASSET_FIELD_HIGH:
		ret->number = x->counts[4];
		break;
	case ASSET_FIELD_MEDIUM:
		ret->number = x->counts[3];
		break;
	case ASSET_FIELD_LOW:
		ret->number = x->counts[2];
		break;
	case ASSET_FIELD_VULNERABILITY:
		many(ret, x->vulnerabilities, x->vulnerability_count);
		return true;
	case ASSET_FIELD_PACKAGE_NAME:
		many(ret, x->packages, x->package_count);
		return true;
	case ASSET_FIELD_PACKAGE_ID:
		many(ret, x->package_ids, x->package_id_count);
		return true;
	case ASSET_FIELD_PACKAGE_VERSION:
		text(ret, version_of(x, ref->key));
		return true;
	default:
		return false;
	}
	ret->state = POLICY_KNOWN;
	return true;
}

static bool get_risk(const struct asset_target *t, const struct policy_ref *ref,
		     struct policy_value *ret)
{
	static const struct asset_image_facts nothing;
	const struct asset_image_facts *x = t->facts.image ? t->facts.image : &nothing;

	if (!get_scanned(x, ref, ret))
		return false;
	if (!is_kind(t, OF(CONTAINER) | OF(IMAGE)))
		ret->state = POLICY_ABSENT;
	else if (!x->scanned)
		ret->state = POLICY_UNKNOWN;
	return true;
}

/* Each name, or the tag of each; the console's own list, or the agent's document. */
static void get_names(struct asset_target *t, bool tags, struct policy_value *ret)
{
	const struct asset_image_facts *x = t->facts.image;
	str rest = x ? x->references : (str){ NULL, 0 };
	uint32_t n = 0;

	ret->count = 0;
	if (!is_kind(t, OF(IMAGE)))
		return;
	if (t->doc)
		list(t, value_get(t->doc, "references"), NULL, ret);
	while (!t->doc && rest.n && ret->count < POLICY_MAX_VALUES)
		t->values[ret->count++] = str_cut(&rest, ' ');
	for (uint32_t i = 0; tags && i < ret->count; i++) {
		str name = t->values[i];
		size_t colon = str_find_last(name, ':'), slash = str_find_last(name, '/');

		if (colon < name.n && (slash == name.n || slash < colon))
			t->values[n++] = str_skip(name, colon + 1);
	}
	many(ret, t->values, tags ? n : ret->count);
}

static void get_image(struct asset_target *t, const struct policy_ref *ref,
		      struct policy_value *ret)
{
	const struct asset_image_facts *x = t->facts.image;
	int64_t n;

	switch (ref->field) {
	case ASSET_FIELD_IMAGE_REFERENCE:
		get_names(t, false, ret);
		break;
	case ASSET_FIELD_IMAGE_TAG:
		get_names(t, true, ret);
		break;
	case ASSET_FIELD_IMAGE_DIGEST:
		if (is_kind(t, OF(IMAGE)))
			text(ret, x && !t->doc ? x->digest : value_get_str(t->doc, "digest"));
		break;
	case ASSET_FIELD_IMAGE_RUNNING:
		if (is_kind(t, OF(IMAGE) | OF(CONTAINER)))
			ret->state = x ? POLICY_KNOWN : POLICY_UNKNOWN;
		ret->number = x ? x->running : 0;
		break;
	default:
		n = x && !t->doc ? (int64_t)x->bytes : value_int(value_get(t->doc, "bytes"), -1);
		if (is_kind(t, OF(IMAGE)) && n >= 0)
			ret->state = POLICY_KNOWN;
		ret->number = (uint64_t)n;
	}
}

static void get_rest(struct asset_target *t, const struct policy_ref *ref, struct policy_value *ret)
{
	int64_t n;

	switch (ref->field) {
	case ASSET_FIELD_IMAGE_REFERENCE:
	case ASSET_FIELD_IMAGE_TAG:
	case ASSET_FIELD_IMAGE_DIGEST:
	case ASSET_FIELD_IMAGE_RUNNING:
	case ASSET_FIELD_IMAGE_SIZE:
		get_image(t, ref, ret);
		break;
	case ASSET_FIELD_PROC_PID:
		n = is_kind(t, OF(PROCESS) | OF(PORT)) ? value_int(value_get(t->doc, "pid"), -1)
						       : -1;
		ret->state = n > 0 ? POLICY_KNOWN : POLICY_ABSENT;
		ret->integer = n;
		break;
	case ASSET_FIELD_PORT_NUMBER:
		n = is_kind(t, OF(PORT)) ? value_int(value_get(t->doc, "port"), -1) : -1;
		ret->state = n >= 0 && n <= UINT16_MAX ? POLICY_KNOWN : POLICY_ABSENT;
		ret->port[0] = (uint16_t)n;
		break;
	case ASSET_FIELD_USER_LOGIN:
		if (is_kind(t, OF(USER)) && value_get(t->doc, "loginAllowed"))
			ret->state = POLICY_KNOWN;
		ret->boolean = value_is_true(value_get(t->doc, "loginAllowed"));
		break;
	default:
		assert(false);
	}
}

static void get(const struct policy_target *target, const struct policy_ref *ref,
		struct policy_value *ret)
{
	/* Targets are handed out as constants; the room for lists is ours. */
	struct asset_target *t = (struct asset_target *)(uintptr_t)target;

	*ret = (struct policy_value){ .state = POLICY_ABSENT, .count = 1 };
	if (!get_fact(t, ref, ret) && !get_risk(t, ref, ret) && !get_container(t, ref, ret) &&
	    !get_text(t, ref, ret))
		get_rest(t, ref, ret);
}

void asset_target_init(struct asset_target *t, const struct value *doc,
		       const struct asset_facts *facts)
{
	t->target = (struct policy_target){ .type = (uint16_t)facts->kind, .get = get };
	t->doc = doc;
	t->facts = *facts;
}

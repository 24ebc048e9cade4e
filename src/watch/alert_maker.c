#include "watch/alert_maker.h"

#include "policy/output.h"
#include "watch/alert_short.h"

enum {
	FORMATS_BYTES = 32 * 1024 * 1024,
	TEXT_MAX = 1024 * 1024, /* a value before it is cut */
	FIELDS_MAX = ALERT_SHORT_FIELDS,
	LINEAGE_MAX = ALERT_SHORT_LINEAGE,
	FIELD_TEXT_MAX = 4096,
};

struct formats {
	struct output_format *plain, *zh; /* zh: NULL when the rule has none */
	bool hash;                        /* one of them names the hash of a file */
};

struct alert_maker {
	const struct policy_program *program;
	const struct rule *const *rules;
	size_t rule_count;
	struct arena arena;
	struct formats *formats; /* one a rule, in the arena */
	struct buf message, message_zh, text;
	struct alert_field fields[FIELDS_MAX];
	struct alert_process lineage[LINEAGE_MAX];
	bool unknown, cut; /* a field of the alert being made is */
};

static bool names_hash(const struct output_format *f)
{
	size_t count;
	const struct policy_ref *refs = output_fields(f, &count);

	for (size_t i = 0; i < count; i++)
		if (policy_field_is_dear(&policy_events.fields[refs[i].field]))
			return true;
	return false;
}

static int parse_formats(struct alert_maker *m, struct err *e)
{
	m->formats = ARENA_ARRAY(&m->arena, m->rule_count, struct formats);
	if (!m->formats)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	for (size_t i = 0; i < m->rule_count; i++) {
		const struct rule *rule = m->rules[i];
		int r = output_parse(rule->output, &policy_events, &m->arena, &m->formats[i].plain,
				     e);

		if (r == 0 && rule->output_zh.n)
			r = output_parse(rule->output_zh, &policy_events, &m->arena,
					 &m->formats[i].zh, e);
		if (r < 0)
			return err_wrap(e, r, "rule '%.*s'", STR_ARG(rule->name));
		m->formats[i].hash = names_hash(m->formats[i].plain) ||
				     (m->formats[i].zh && names_hash(m->formats[i].zh));
	}
	return 0;
}

int alert_maker_new(const struct policy_program *p, struct alert_maker **ret, struct err *e)
{
	struct alert_maker *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_set(e, ENOMEM, "watch: no memory for alerts");
	m->program = p;
	m->rules = policy_rules(p, &m->rule_count);
	arena_init(&m->arena, FORMATS_BYTES);
	m->message.max = m->message_zh.max = m->text.max = TEXT_MAX;
	r = parse_formats(m, e);
	if (r < 0) {
		alert_maker_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void alert_maker_free(struct alert_maker *m)
{
	if (!m)
		return;
	buf_done(&m->message);
	buf_done(&m->message_zh);
	buf_done(&m->text);
	arena_done(&m->arena);
	free(m);
}

bool alert_maker_shows_hash(const struct alert_maker *m, uint32_t rule)
{
	return m->formats[rule].hash;
}

static str cut(struct alert_maker *m, str s)
{
	m->cut |= s.n > FIELD_TEXT_MAX;
	return alert_cut(s, FIELD_TEXT_MAX);
}

/* A text of its own in the scratch; never NULL, which would say "not known". */
static str keep(const struct event_target *t, str s)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	scratch_add(&out, s);
	return scratch_str(&out);
}

static str field_text(struct alert_maker *m, const struct event_target *t,
		      const struct policy_ref *ref)
{
	struct policy_value v = { 0 };

	t->target.get(&t->target, ref, &v);
	m->unknown |= v.state == POLICY_UNKNOWN;
	if (v.state != POLICY_KNOWN)
		return (str){ 0 };
	buf_reset(&m->text);
	output_value(&policy_events, ref, &v, &m->text);
	return keep(t, cut(m, buf_str(&m->text)));
}

static str field_name(const struct event_target *t, const struct policy_ref *ref)
{
	str name = str_from(policy_events.fields[ref->field].name);
	struct scratch_text out;

	if (!ref->has_index && !ref->key.n)
		return name;
	out = scratch_text(t->world->scratch);
	scratch_add(&out, name);
	scratch_byte(&out, '[');
	if (ref->has_index)
		scratch_uint(&out, ref->index);
	else
		scratch_add(&out, ref->key);
	scratch_byte(&out, ']');
	return scratch_str(&out);
}

static void add_field(struct alert_maker *m, const struct event_target *t,
		      const struct policy_ref *ref, bool always, struct alert *a)
{
	struct alert_field f = { .name = field_name(t, ref) };

	if (a->field_count == FIELDS_MAX)
		return;
	for (size_t i = 0; i < a->field_count; i++)
		if (str_eq(m->fields[i].name, f.name))
			return;
	f.text = field_text(m, t, ref);
	if (f.text.p || always)
		m->fields[a->field_count++] = f;
}

static void add_fields(struct alert_maker *m, const struct event_target *t, uint32_t rule,
		       struct alert *a)
{
	/* What every alert says of its event and its container, where there is something to say. */
	static const uint16_t suggested[] = { FIELD_EVT_TYPE,
					      FIELD_CONTAINER_ID,
					      FIELD_CONTAINER_NAME,
					      FIELD_CONTAINER_IMAGE_REPOSITORY,
					      FIELD_CONTAINER_IMAGE_TAG,
					      FIELD_K8S_NS_NAME,
					      FIELD_K8S_POD_NAME };
	size_t count;
	const struct policy_ref *refs = output_fields(m->formats[rule].plain, &count);

	for (size_t i = 0; i < count; i++)
		add_field(m, t, &refs[i], true, a);
	for (size_t i = 0; i < ARRAY_LEN(suggested); i++)
		add_field(m, t, &(struct policy_ref){ .field = suggested[i] }, false, a);
	a->fields = m->fields;
}

static void add_lineage(struct alert_maker *m, const struct event_target *t, struct alert *a)
{
	const struct process_tree *tree = t->world->tree;
	const struct program_table *texts = process_tree_programs(tree);

	for (const struct process *p = t->process; p && a->lineage_count < LINEAGE_MAX;
	     p = process_tree_parent(tree, p)) {
		const struct program *g = process_tree_program(tree, p);
		struct alert_process *to = &m->lineage[a->lineage_count++];
		str user;

		*to = (struct alert_process){ .key = p->key };
		if (g) {
			to->name = program_comm(texts, g);
			to->exe_path = program_path(texts, g);
			to->cmdline = cut(m, program_cmdline(texts, g));
		}
		/* Ancestors may be outside of the container: their users are not looked up in it. */
		if (p == t->process &&
		    event_target_account(t, ACCOUNT_NAME, t->event->user, &user) == POLICY_KNOWN)
			to->user = keep(t, user);
	}
	a->lineage = m->lineage;
}

void alert_maker_fill(struct alert_maker *m, const struct event_target *t, uint32_t rule,
		      const struct container *unknown, struct alert *ret)
{
	const struct rule *r = m->rules[rule];
	struct alert a = {
		.rule = r->name,
		.rule_id = r->id,
		.source = r->source.n ? r->source : S("syscall"),
		.priority = r->priority,
		.time_ns = t->event->time_ns,
		.number = t->event->number,
		.tags = r->tags,
		.tag_count = r->tag_count,
		.container = t->container ? t->container : unknown,
		.count = 1,
		.first_ns = t->event->time_ns,
		.last_ns = t->event->time_ns,
	};

	m->unknown = !t->container;
	m->cut = false;
	buf_reset(&m->message);
	m->cut |=
		output_render_cut(m->formats[rule].plain, &t->target, FIELD_TEXT_MAX, &m->message);
	a.message = buf_str(&m->message);
	if (m->formats[rule].zh) {
		buf_reset(&m->message_zh);
		m->cut |= output_render_cut(m->formats[rule].zh, &t->target, FIELD_TEXT_MAX,
					    &m->message_zh);
		a.message_zh = buf_str(&m->message_zh);
	}
	add_fields(m, t, rule, &a);
	add_lineage(m, t, &a);
	a.unknown = m->unknown;
	a.cut = m->cut;
	*ret = a;
}

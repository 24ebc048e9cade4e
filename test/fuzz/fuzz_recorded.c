/* A recorded event that is accepted has a type, gives each of its fields, and what is written of them reads back as the same. */
#include "fuzz.h"

#include "codec/json.h"
#include "policy/recorded.h"

enum { MOST_FIELDS = 64 };

/* The fields the line names. */
static size_t refs_of(str line, struct arena *a, struct policy_ref *refs)
{
	struct value v;
	size_t n = 0;

	if (json_parse(line, a, &v, NULL) < 0 || v.kind != VALUE_OBJECT)
		return 0;
	VALUE_MEMBERS (m, &v)
		if (n < MOST_FIELDS &&
		    policy_field_find(&policy_events, m->key, &refs[n], NULL) == 0)
			n++;
	return n;
}

static void check(const struct policy_target *t, const struct policy_ref *refs, size_t count,
		  struct arena *a)
{
	const struct policy_target *again;
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;
	int r;

	assert(t->type < policy_events.type_count);
	for (size_t i = 0; i < count; i++) {
		struct policy_value v = { .state = POLICY_UNKNOWN };

		t->get(t, &refs[i], &v);
		assert(v.state != POLICY_UNKNOWN);
	}
	recorded_render(&policy_events, t, refs, count, &first);
	assert(!buf_error(&first) && str_find(buf_str(&first), '\n') == first.n - 1);
	r = recorded_parse(buf_str(&first), &policy_events, a, &again, NULL);
	assert(r == 0 || r == -ENOBUFS);
	if (r < 0)
		return;
	assert(again->type == t->type);
	recorded_render(&policy_events, again, refs, count, &second);
	assert(str_eq(buf_str(&first), buf_str(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str line = { (const char *)data, size };
	struct policy_ref refs[MOST_FIELDS];
	const struct policy_target *t;
	struct arena a;
	size_t count;

	arena_init(&a, (size_t)8 << 20);
	count = refs_of(line, &a, refs);
	if (recorded_parse(line, &policy_events, &a, &t, NULL) == 0)
		check(t, refs, count, &a);
	arena_done(&a);
	return 0;
}

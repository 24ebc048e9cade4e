/* An output that is accepted names only fields of the subject, and fills in to text whatever the values are. */
#include "fuzz.h"

#include "policy/output.h"

static void get(const struct policy_target *t UNUSED, const struct policy_ref *ref,
		struct policy_value *ret)
{
	static const str strings[] = { { "one/2", 5 }, { "YQ==", 4 } };
	const struct policy_field *f = &policy_events.fields[ref->field];

	*ret = (struct policy_value){ .state = (enum policy_state)(ref->field % 3), .count = 1 };
	if (f->kind != POLICY_ONE && !ref->has_index)
		ret->count = 2;
	if (f->type == POLICY_STRING || f->type == POLICY_BYTES) {
		if (f->kind != POLICY_ONE && !ref->has_index)
			ret->strings = strings;
		else
			ret->string = strings[0];
	} else if (f->type == POLICY_INT && f->kind != POLICY_ONE && !ref->has_index) {
		ret->integers = (const int64_t[]){ -1, 1 };
		ret->state = POLICY_ABSENT;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_target target = { .get = get };
	struct arena a;
	struct output_format *f;
	size_t at = 0, count;
	int r;

	arena_init(&a, 16u << 20);
	r = output_parse_at((str){ (const char *)data, size }, &policy_events, &a, &f, &at, NULL);
	assert(r == 0 || r == -ENOBUFS || ((r == -EBADMSG || r == -ENOENT) && at <= size));
	if (r == 0) {
		OWNED_BUF b = BUF_INIT;
		const struct policy_ref *refs = output_fields(f, &count);

		for (size_t i = 0; i < count; i++)
			assert(refs[i].field < policy_events.field_count);
		output_render(f, &target, &b);
		assert(buf_error(&b) == 0);
	}
	arena_done(&a);
	return 0;
}

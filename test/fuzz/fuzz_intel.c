/* Lists of threat intelligence. Whatever comes in: entries are in normal form (normalising them again changes nothing), in order,
 * each once; and the rules made of them load without an error and hold no other rule than ours: of hashes only where there is one. */
#include "fuzz.h"

#include "console/notify/intel.h"
#include "policy/program.h"

static void check_rules(const struct intel_read *r, enum intel_kind k)
{
	OWNED_BUF body = BUF_INIT;
	OWNED_BUF text = BUF_INIT;
	struct intel_list list = { S("fuzz"), k, { 0 } };
	const struct rule_note *notes;
	struct rule_set *set;
	size_t n, rules;

	for (size_t i = 0; i < r->count; i++) {
		buf_add(&body, r->entries[i]);
		buf_byte(&body, '\n');
	}
	list.body = buf_str(&body);
	assert(intel_render_rules(&list, 1, &text, NULL) == 0);
	assert(rule_set_new(&set, NULL) == 0);
	assert(rule_set_add(set, S("fuzz"), buf_str(&text), NULL) == 0);
	assert(rule_set_finish(set, NULL) == 0);
	notes = rule_set_notes(set, &n);
	for (size_t i = 0; i < n; i++)
		assert(!rule_code_is_error(notes[i].code));
	(void)rule_set_rules(set, &rules);
	assert(rules == (k != INTEL_HASH || r->count));
	assert(rule_set_list_count(set) == 4);
	rule_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct intel_read r;
	struct arena a;
	enum intel_kind k;

	if (!size)
		return 0;
	k = (enum intel_kind)(data[0] % INTEL_KIND_COUNT);
	arena_init(&a, (size_t)16 << 20);
	if (intel_read((str){ (const char *)data + 1, size - 1 }, k, 1795285228, &a, &r, NULL) ==
	    0) {
		for (size_t i = 0; i < r.count; i++) {
			OWNED_BUF again = BUF_INIT;

			assert(intel_normalise(k, r.entries[i], &again) == 0);
			assert(str_eq(buf_str(&again), r.entries[i]));
			assert(i == 0 || str_cmp(r.entries[i - 1], r.entries[i]) < 0);
		}
		check_rules(&r, k);
	}
	arena_done(&a);
	return 0;
}

/* A selector that is taken has bounds, writes itself so that it reads back the same, and decides the same then; what it
 * asks for and a subject lacks never holds. */
#include "fuzz.h"

#include "console/store/scope.h"

static bool holds(struct scope_selector *s, const struct scope_subject *of)
{
	return scope_holds(&(struct scope){ .any = s, .count = 1 }, of);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	struct scope_selector s, again;
	struct arena a;

	arena_init(&a, (size_t)16 << 20);
	if (scope_parse(text, &a, &s, NULL) == 0) {
		OWNED_BUF first = BUF_INIT, second = BUF_INIT;
		struct scope_subject of = { .cluster = S("prod"),
					    .namespace = S("shop"),
					    .image = S("a/b:1"),
					    .host = S("n1"),
					    .labels = S(",team=red,") };

		assert(s.count >= 1 && s.count <= SCOPE_MAX_TERMS);
		scope_render(&s, &first);
		if (first.n <= SCOPE_MAX_TEXT) {
			assert(scope_parse(buf_str(&first), &a, &again, NULL) == 0);
			scope_render(&again, &second);
			assert(str_eq(buf_str(&first), buf_str(&second)));
			assert(holds(&s, &of) == holds(&again, &of));
		}
		assert(!holds(&s, &(struct scope_subject){ 0 }));
	}
	arena_done(&a);
	return 0;
}

/* What condition_parse() accepts can be printed and parsed again, and gives the same tree. */
#include "fuzz.h"

#include "policy/condition.h"

static void same_term(const struct condition_term *a, const struct condition_term *b)
{
	assert(a->kind == b->kind && a->arg_count == b->arg_count);
	assert(str_eq(a->text, b->text) && str_eq(a->option, b->option));
	assert(a->kind != TERM_TRANSFORM || a->transform == b->transform);
	for (size_t i = 0; i < a->arg_count; i++)
		same_term(&a->args[i], &b->args[i]);
}

static void same_node(const struct condition *a, const struct condition *b)
{
	assert(a->kind == b->kind && a->child_count == b->child_count);
	assert(a->height == b->height && a->size == b->size && a->height <= CONDITION_MAX_DEPTH);
	assert(str_eq(a->name, b->name));
	if (a->kind != CONDITION_CHECK)
		return;
	assert(a->op == b->op && a->quantifier == b->quantifier);
	assert(a->right_is_list == b->right_is_list && a->right_count == b->right_count);
	same_term(&a->left, &b->left);
	for (size_t i = 0; i < a->right_count; i++)
		same_term(&a->right[i], &b->right[i]);
}

static void same_tree(const struct condition *a, const struct condition *b, size_t text_bytes)
{
	static struct condition_walk wa, wb;

	condition_walk_begin(&wa, a);
	condition_walk_begin(&wb, b);
	while ((a = condition_walk_next(&wa))) {
		b = condition_walk_next(&wb);
		assert(b && wa.entering == wb.entering && a->offset < text_bytes);
		same_node(a, b);
	}
	assert(!condition_walk_next(&wb));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct condition *first, *second;
	OWNED_BUF b = BUF_INIT;
	size_t at = 0;
	int r;

	arena_init(&arena, 64u << 20);
	r = condition_parse((str){ (const char *)data, size }, 0, &arena, &first, &at, NULL);
	assert(r == 0 || r == -E2BIG || r == -ENOBUFS || (r == -EBADMSG && at <= size));
	if (r == 0) {
		condition_print(first, &b);
		assert(buf_error(&b) == 0);
		r = condition_parse(buf_str(&b), 0, &arena, &second, NULL, NULL);
		assert(r == 0 || r == -ENOBUFS);
		if (r == 0)
			same_tree(first, second, size);
	}
	arena_done(&arena);
	return 0;
}

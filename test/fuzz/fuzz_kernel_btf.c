/*
 * Whatever describes a kernel's types, reading it stays inside it; what is found by name is a type of that kind and name, and the excerpt
 * made of it is such a description itself, with as many types at most, each at its own id.
 *
 * The input is the description; the names are those of the test's, so that the corpus has them.
 */
#include "fuzz.h"

#include <linux/btf.h>
#include <stdlib.h>

#include "input.h"
#include "kern/kernel_btf.h"

static const struct btf_type *type_of(const struct kernel_btf *k, uint32_t id)
{
	return (const void *)(k->types.p + k->at[id]);
}

static void check_found(const struct kernel_btf *k, const struct kernel_btf_name *n)
{
	const struct btf_type *t;

	if (!n->id)
		return;
	assert(n->id < k->count);
	t = type_of(k, n->id);
	assert(BTF_INFO_KIND(t->info) == n->kind);
	assert(str_eq(str_from(k->strings.p + t->name_off), str_from(n->text)));
}

static void check_excerpt(const struct kernel_btf *k)
{
	OWNED_BUF text = BUF_INIT;
	struct kernel_btf part;
	struct arena a;
	struct map names = map_in(&a);
	void **at;

	arena_init(&a, 1 << 20);
	at = map_at(&names, S("inode"));
	assert(at);
	*at = &names;
	if (kernel_btf_excerpt(k, &names, &text) == 0) {
		assert(kernel_btf_parse(buf_str(&text), &part) == 0);
		assert(part.count <= k->count);
		for (uint32_t id = 1; id < part.count; id++) {
			const struct btf_type *t = type_of(&part, id);

			assert(t->info == type_of(k, id)->info ||
			       BTF_INFO_KIND(t->info) == BTF_KIND_PTR);
		}
		kernel_btf_close(&part);
	}
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_btf_name names[2];
	OWNED_BUF text = BUF_INIT; /* aligned as what is mapped is */
	struct kernel_btf k;

	buf_add(&text, (str){ (const char *)data, size });
	if (kernel_btf_parse(buf_str(&text), &k))
		return 0;
	kernel_btf_place(&names[0], BPF_TRACE_RAW_TP, "thing");
	names[1] = (struct kernel_btf_name){ .text = "inode", .kind = BTF_KIND_STRUCT };
	assert(kernel_btf_find(&k, names, 2) == 0);
	check_found(&k, &names[0]);
	check_found(&k, &names[1]);
	check_excerpt(&k);
	kernel_btf_close(&k);
	return 0;
}

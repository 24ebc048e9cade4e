/* The kernel's types: what is found among them by name, and an excerpt in which everything keeps its place. */
#include "unit.h"

#include <linux/btf.h>
#include <unistd.h>

#include "kern/kernel_btf.h"

static const char strings[] = "\0int\0inode\0dentry\0kuid_t\0do_thing\0btf_trace_thing\0mode___7";
enum {
	AT_INT = 1,
	AT_INODE = 5,
	AT_DENTRY = 11,
	AT_KUID = 18,
	AT_DO_THING = 25,
	AT_TRACE = 34,
	AT_MODE = 50,
};

enum {
	INT = 1,
	INODE,
	POINTER,
	PARTS,
	KUID,
	KUID_IS,
	THING,
	PROTO,
	TRACE,
	DENTRY,
	AGAIN,
	MODE,
	IDS
};

#define INFO(kind, n) ((uint32_t)(kind) << 24 | (n))
#define MEMBER(type) AT_INT, type, 0

static const uint32_t types[] = {
	/* INT */ AT_INT,
	INFO(BTF_KIND_INT, 0),
	4,
	32,
	/* INODE */ AT_INODE,
	INFO(BTF_KIND_STRUCT, 3),
	20,
	MEMBER(INT),
	MEMBER(POINTER),
	MEMBER(PARTS),
	/* POINTER */ 0,
	INFO(BTF_KIND_PTR, 0),
	DENTRY,
	/* PARTS */ 0,
	INFO(BTF_KIND_UNION, 1),
	4,
	MEMBER(KUID),
	/* KUID */ AT_KUID,
	INFO(BTF_KIND_TYPEDEF, 0),
	KUID_IS,
	/* KUID_IS */ 0,
	INFO(BTF_KIND_STRUCT, 1),
	4,
	MEMBER(INT),
	/* THING */ AT_DO_THING,
	INFO(BTF_KIND_FUNC, 0),
	PROTO,
	/* PROTO */ 0,
	INFO(BTF_KIND_FUNC_PROTO, 1),
	0,
	AT_INT,
	INT,
	/* TRACE */ AT_TRACE,
	INFO(BTF_KIND_TYPEDEF, 0),
	POINTER,
	/* DENTRY */ AT_DENTRY,
	INFO(BTF_KIND_STRUCT, 1),
	20,
	MEMBER(INODE),
	/* AGAIN */ AT_DO_THING,
	INFO(BTF_KIND_FUNC, 0),
	PROTO,
	/* MODE */ AT_MODE,
	INFO(BTF_KIND_ENUM, 1),
	4,
	AT_INT,
	7,
};

static void describe(struct buf *b)
{
	const struct btf_header h = { .magic = BTF_MAGIC,
				      .version = BTF_VERSION,
				      .hdr_len = sizeof(h),
				      .type_len = sizeof(types),
				      .str_off = sizeof(types),
				      .str_len = sizeof(strings) };

	buf_add(b, (str){ (const void *)&h, sizeof(h) });
	buf_add(b, (str){ (const void *)types, sizeof(types) });
	buf_add(b, (str){ strings, sizeof(strings) });
	assert_int_equal(buf_error(b), 0);
}

static const struct btf_type *type_of(const struct kernel_btf *k, uint32_t id)
{
	assert_true(id < k->count);
	return (const void *)(k->types.p + k->at[id]);
}

static void names_are_found(void **state)
{
	struct kernel_btf_name n[5];
	OWNED_BUF text = BUF_INIT;
	struct kernel_btf k;

	(void)state;
	describe(&text);
	assert_int_equal(kernel_btf_parse(buf_str(&text), &k), 0);
	assert_int_equal(k.count, IDS);
	kernel_btf_place(&n[0], BPF_TRACE_RAW_TP, "thing");
	kernel_btf_place(&n[1], BPF_TRACE_FEXIT, "do_thing");
	kernel_btf_place(&n[2], BPF_TRACE_FEXIT, "do_thing"); /* asked for twice */
	kernel_btf_place(&n[3], BPF_TRACE_FEXIT, "inode");    /* no function */
	n[4] = (struct kernel_btf_name){ .text = "inode", .kind = BTF_KIND_STRUCT };
	assert_int_equal(kernel_btf_find(&k, n, ARRAY_LEN(n)), 0);
	assert_int_equal(n[0].id, TRACE);
	assert_int_equal(n[1].id, THING);
	assert_int_equal(n[2].id, THING);
	assert_int_equal(n[3].id, 0);
	assert_int_equal(n[4].id, INODE);
	kernel_btf_close(&k);
}

/* @return what is left when @p name is asked for */
static int excerpt(const struct kernel_btf *k, const char *name, struct buf *ret)
{
	struct arena a;
	struct map names = map_in(&a);
	void **at;
	int r;

	arena_init(&a, 1 << 20);
	at = map_at(&names, str_from(name));
	assert_non_null(at);
	*at = &names;
	r = kernel_btf_excerpt(k, &names, ret);
	arena_done(&a);
	return r;
}

static void an_excerpt_keeps_places(void **state)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF less = BUF_INIT;
	struct kernel_btf k, x;

	(void)state;
	describe(&text);
	assert_int_equal(kernel_btf_parse(buf_str(&text), &k), 0);
	assert_int_equal(excerpt(&k, "nothing", &less), -ENOENT);
	assert_int_equal(excerpt(&k, "inode", &less), 0);
	assert_int_equal(kernel_btf_parse(buf_str(&less), &x), 0);
	assert_int_equal(x.count, KUID_IS + 1); /* what is embedded, and no more */
	for (uint32_t id = 1; id < x.count; id++)
		assert_int_equal(type_of(&x, id)->info, type_of(&k, id)->info);
	assert_int_equal(type_of(&x, POINTER)->type, 0);
	assert_memory_equal(type_of(&x, INODE), type_of(&k, INODE), 48);
	assert_int_equal(type_of(&x, KUID)->type, KUID_IS);
	kernel_btf_close(&x);

	buf_reset(&less);
	assert_int_equal(excerpt(&k, "mode", &less), 0); /* by its essential name */
	assert_int_equal(kernel_btf_parse(buf_str(&less), &x), 0);
	assert_int_equal(x.count, IDS);
	assert_memory_equal(type_of(&x, MODE), type_of(&k, MODE), 20);
	assert_int_equal(type_of(&x, INODE)->info, INFO(BTF_KIND_PTR, 0));
	kernel_btf_close(&x);
	kernel_btf_close(&k);
}

static void names_have_an_essence(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "inode", "inode" },
		{ "inode___65", "inode" },
		{ "a___b___c", "a___b" },
		{ "a____b", "a____b" },
		{ "___a", "___a" },
		{ "a___", "a___" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_true(str_is(kernel_btf_essential(str_from(cases[i].name)), cases[i].want));
}

/* Cut off anywhere, or with a word of it changed to any of a few: refused or read, within its bounds. */
static void what_does_not_hold_together_is_refused(void **state)
{
	static const uint32_t words[] = { 0, 1, 0x14000000, 0x0400ffff, 0x7fffffff, 0xffffffff };
	OWNED_BUF text = BUF_INIT;
	struct kernel_btf k;

	(void)state;
	describe(&text);
	for (size_t n = 0; n < text.n; n++) {
		OWNED char *part = malloc(n + 1);

		memcpy(part, text.p, n);
		assert_int_equal(kernel_btf_parse((str){ part, n }, &k), -EBADMSG);
	}
	for (size_t at = 0; at < sizeof(struct btf_header) + sizeof(types); at += 4)
		for (size_t w = 0; w < ARRAY_LEN(words); w++) {
			OWNED char *copy = malloc(text.n);
			OWNED_BUF less = BUF_INIT;

			memcpy(copy, text.p, text.n);
			memcpy(copy + at, &words[w], 4);
			if (kernel_btf_parse((str){ copy, text.n }, &k))
				continue;
			(void)!excerpt(&k, "dentry", &less);
			kernel_btf_close(&k);
		}
}

static void this_kernel_has_its_places(void **state)
{
	struct kernel_btf_name n[2];
	struct kernel_btf k;

	(void)state;
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		SKIP_BECAUSE("this kernel does not describe its types");
	assert_int_equal(kernel_btf_open(&k), 0);
	kernel_btf_place(&n[0], BPF_TRACE_RAW_TP, "sched_process_exec");
	kernel_btf_place(&n[1], BPF_TRACE_ITER, "task");
	assert_int_equal(kernel_btf_find(&k, n, 2), 0);
	assert_true(n[0].id && n[1].id);
	kernel_btf_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(an_excerpt_keeps_places),
		cmocka_unit_test(names_have_an_essence),
		cmocka_unit_test(what_does_not_hold_together_is_refused),
		cmocka_unit_test(this_kernel_has_its_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

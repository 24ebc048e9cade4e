#include "kern/kernel_btf.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"

enum { FILE_MAX = 256 << 20, WORK_BYTES = 1 << 20 };

/* What follows a type's head. @return its bytes, -EBADMSG */
static int64_t tail_bytes(const struct btf_type *t)
{
	uint32_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (int64_t)n * (int64_t)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return (int64_t)n * (int64_t)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return (int64_t)n * (int64_t)sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return (int64_t)n * (int64_t)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return (int64_t)n * (int64_t)sizeof(struct btf_var_secinfo);
	default:
		return -EBADMSG;
	}
}

static const struct btf_type *type_of(const struct kernel_btf *k, uint32_t id)
{
	return (const void *)(k->types.p + k->at[id]);
}

static str name_of(const struct kernel_btf *k, const struct btf_type *t)
{
	return str_from(k->strings.p + t->name_off);
}

/* Notes where each begins. */
static int index_types(struct kernel_btf *k)
{
	str rest = k->types;

	while (rest.n) {
		const struct btf_type *t = (const void *)rest.p;
		int64_t tail = rest.n < sizeof(*t) ? -EBADMSG : tail_bytes(t);

		if (tail < 0 || (uint64_t)tail > rest.n - sizeof(*t) || t->name_off >= k->strings.n)
			return -EBADMSG;
		k->at[k->count++] = (uint32_t)(k->types.n - rest.n);
		rest = str_skip(rest, sizeof(*t) + (size_t)tail);
	}
	return 0;
}

int kernel_btf_parse(str text, struct kernel_btf *ret)
{
	const struct btf_header *h = (const void *)text.p;
	struct kernel_btf k = { .count = 1 };
	int r;

	if (text.n < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len > text.n || h->hdr_len % 4)
		return -EBADMSG;
	text = str_skip(text, h->hdr_len);
	if (h->type_off > text.n || h->type_len > text.n - h->type_off || h->type_off % 4 ||
	    h->str_off > text.n || h->str_len > text.n - h->str_off || !h->str_len)
		return -EBADMSG;
	k.types = (str){ text.p + h->type_off, h->type_len };
	k.strings = (str){ text.p + h->str_off, h->str_len };
	if (k.strings.p[k.strings.n - 1])
		return -EBADMSG;
	k.at = calloc(k.types.n / sizeof(struct btf_type) + 1, sizeof(*k.at));
	if (!k.at)
		return -ENOMEM;
	r = index_types(&k);
	if (r)
		free(k.at);
	else
		*ret = k;
	return r;
}

/* Kernels from 6.16 on let it be mapped; others give it by the page. */
int kernel_btf_open(struct kernel_btf *ret)
{
	OWNED_FD fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct buf b = BUF_INIT;
	struct stat st;
	size_t n;
	void *map;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	n = (size_t)st.st_size;
	map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map != MAP_FAILED) {
		r = kernel_btf_parse((str){ map, n }, ret);
		if (r)
			munmap(map, n);
		else
			ret->map = map, ret->map_bytes = n;
		return r;
	}
	r = file_read_fd(fd, FILE_MAX, &b, NULL);
	if (!r)
		r = kernel_btf_parse(buf_str(&b), ret);
	if (r)
		buf_done(&b);
	else
		ret->read = b;
	return r;
}

void kernel_btf_close(struct kernel_btf *k)
{
	if (k->map)
		munmap(k->map, k->map_bytes);
	buf_done(&k->read);
	free(k->at);
	*k = (struct kernel_btf){ 0 };
}

void kernel_btf_place(struct kernel_btf_name *n, enum bpf_attach_type attach, const char *target)
{
	const char *prefix = attach == BPF_TRACE_RAW_TP ? "btf_trace_"
			     : attach == BPF_TRACE_ITER ? "bpf_iter_"
			     : attach == BPF_LSM_MAC    ? "bpf_lsm_"
							: "";

	*n = (struct kernel_btf_name){ .kind = attach == BPF_TRACE_RAW_TP ? BTF_KIND_TYPEDEF
									  : BTF_KIND_FUNC };
	snprintf(n->text, sizeof(n->text), "%s%s", prefix, target);
}

static int enter(struct map *m, struct kernel_btf_name *n)
{
	void **at = map_at(m, str_from(n->text));

	if (!at)
		return -ENOMEM;
	n->id = 0;
	n->next = *at;
	*at = n;
	return 0;
}

int kernel_btf_find(const struct kernel_btf *k, struct kernel_btf_name *names, size_t count)
{
	struct arena a;
	struct map m = map_in(&a);
	uint32_t kinds = 0;
	int r = 0;

	arena_init(&a, WORK_BYTES);
	for (size_t i = 0; i < count && !r; i++) {
		kinds |= 1u << names[i].kind;
		r = enter(&m, &names[i]);
	}
	for (uint32_t id = 1; id < k->count && !r; id++) {
		const struct btf_type *t = type_of(k, id);
		uint32_t kind = BTF_INFO_KIND(t->info);

		if (!(kinds & 1u << kind))
			continue;
		for (struct kernel_btf_name *n = map_find(&m, name_of(k, t)); n; n = n->next)
			if (n->kind == kind && !n->id)
				n->id = id;
	}
	arena_done(&a);
	return r;
}

str kernel_btf_essential(str name)
{
	for (size_t n = name.n; n >= 5; n--) {
		const char *at = name.p + n - 5;

		if (at[0] != '_' && at[1] == '_' && at[2] == '_' && at[3] == '_' && at[4] != '_')
			return (str){ name.p, n - 4 };
	}
	return name;
}

/* Types still to be looked into: each is put there once. */
struct needed {
	const struct kernel_btf *k;
	uint8_t *is;
	uint32_t *stack;
	uint32_t depth, end; /* ids needed are below end */
};

static void need(struct needed *n, uint32_t id)
{
	if (id >= n->k->count || n->is[id])
		return;
	n->is[id] = true;
	n->stack[n->depth++] = id;
	n->end = MAX(n->end, id + 1);
}

/* What a type is made of, but not what it points at. */
static void need_parts(struct needed *n, const struct btf_type *t)
{
	const struct btf_member *m = (const void *)(t + 1);
	const struct btf_array *a = (const void *)(t + 1);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++)
			need(n, m[i].type);
		break;
	case BTF_KIND_ARRAY:
		need(n, a->type);
		need(n, a->index_type);
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		need(n, t->type);
		break;
	}
}

static bool is_named(const struct kernel_btf *k, const struct btf_type *t, const struct map *names)
{
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return t->name_off && map_find(names, kernel_btf_essential(name_of(k, t)));
	default:
		return false;
	}
}

static void find_needed(struct needed *n, const struct map *names)
{
	const struct kernel_btf *k = n->k;

	for (uint32_t id = 1; id < k->count; id++)
		if (is_named(k, type_of(k, id), names))
			need(n, id);
	while (n->depth)
		need_parts(n, type_of(k, n->stack[--n->depth]));
}

/* In place of what is not needed, and of pointers that are: one to nothing. */
static const struct btf_type nothing = { .info = BTF_KIND_PTR << 24 };

static str type_text(const struct needed *n, uint32_t id)
{
	const struct btf_type *t = type_of(n->k, id);

	if (!n->is[id] || BTF_INFO_KIND(t->info) == BTF_KIND_PTR)
		t = &nothing;
	return (str){ (const void *)t, sizeof(*t) + (size_t)tail_bytes(t) };
}

static int write_excerpt(const struct needed *n, struct buf *ret)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h) };

	for (uint32_t id = 1; id < n->end; id++)
		h.type_len += (uint32_t)type_text(n, id).n;
	h.str_off = h.type_len;
	h.str_len = (uint32_t)n->k->strings.n;
	buf_add(ret, (str){ (const void *)&h, sizeof(h) });
	for (uint32_t id = 1; id < n->end; id++)
		buf_add(ret, type_text(n, id));
	buf_add(ret, n->k->strings);
	return buf_error(ret);
}

int kernel_btf_excerpt(const struct kernel_btf *k, const struct map *names, struct buf *ret)
{
	OWNED uint8_t *is = calloc(k->count, sizeof(*is));
	OWNED uint32_t *stack = calloc(k->count, sizeof(*stack));
	struct needed n = { .k = k, .is = is, .stack = stack };

	if (!is || !stack)
		return -ENOMEM;
	find_needed(&n, names);
	return n.end ? write_excerpt(&n, ret) : -ENOENT;
}

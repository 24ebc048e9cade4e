#include "scan/source/archive_index.h"

#include "scan/layer/layer_path.h"

enum { MAX_LINKS = 16, MEMBER_HEAD_BYTES = 21 };

static uint64_t get_le(str *s, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(unsigned char)s->p[i] << 8 * i;
	*s = str_skip(*s, n);
	return v;
}

static int add_member(str body, struct arena *a, struct archive_index *x, struct err *e)
{
	struct archive_member *m;
	uint64_t kind, path_bytes;
	void **slot;

	if (body.n < MEMBER_HEAD_BYTES)
		return err_set(e, EBADMSG, "archive index: short record");
	if (x->count == ARCHIVE_MAX_MEMBERS)
		return err_set(e, EBADMSG, "archive index: too many members");
	m = ARENA_PUSH(a, x->members, x->count, x->cap);
	if (!m)
		return err_set(e, ENOBUFS, "archive index: memory budget spent");
	kind = get_le(&body, 1);
	m->offset = get_le(&body, 8);
	m->bytes = get_le(&body, 8);
	path_bytes = get_le(&body, 4);
	if (kind > ARCHIVE_MEMBER_HARDLINK || path_bytes > body.n || m->offset > INT64_MAX ||
	    m->bytes > INT64_MAX)
		return err_set(e, EBADMSG, "archive index: impossible record");
	m->kind = (enum archive_member_kind)kind;
	m->path = arena_str(a, str_take(body, (size_t)path_bytes));
	m->link = arena_str(a, str_skip(body, (size_t)path_bytes));
	slot = m->path.p && m->link.p ? map_at(&x->at, m->path) : NULL;
	if (!slot)
		return err_set(e, ENOBUFS, "archive index: memory budget spent");
	/* The array may still move: an index plus one stands in for the pointer. */
	*slot = (void *)(uintptr_t)x->count;
	return 0;
}

static int add_layer(str body, struct arena *a, struct archive_member *m, struct err *e)
{
	struct layer *l = ARENA_NEW(a, struct layer);
	int r;

	if (!l)
		return err_set(e, ENOBUFS, "archive index: memory budget spent");
	r = layer_worker_parse(body, a, l, &m->layer_damaged, e);
	if (r == 0)
		m->layer = l;
	return r;
}

static int add_record(char type, str body, struct arena *a, struct archive_index *x, struct err *e)
{
	struct archive_member *last = x->count ? &x->members[x->count - 1] : NULL;

	if (type == 'm')
		return add_member(body, a, x, e);
	if (type == 'd') {
		x->damage = arena_str(a, body);
		return x->damage.p ? 0 : err_set(e, ENOBUFS, "archive index: memory budget spent");
	}
	if (type == 'l' && last)
		return add_layer(body, a, last, e);
	if (type != 't' || !last)
		return err_set(e, EBADMSG, "archive index: unknown record");
	last->has_text = true;
	last->text = arena_str(a, body);
	return last->text.p ? 0 : err_set(e, ENOBUFS, "archive index: memory budget spent");
}

int archive_index_parse(str answer, struct arena *a, struct archive_index *ret, struct err *e)
{
	struct archive_index x = { .at = map_in(a) };

	while (answer.n) {
		uint64_t n;
		char type = answer.p[0];
		int r;

		if (answer.n < 5)
			return err_set(e, EBADMSG, "archive index: cut off");
		answer = str_skip(answer, 1);
		n = get_le(&answer, 4);
		if (n > answer.n)
			return err_set(e, EBADMSG, "archive index: cut off");
		r = add_record(type, str_take(answer, (size_t)n), a, &x, e);
		if (r < 0)
			return r;
		answer = str_skip(answer, (size_t)n);
	}
	*ret = x;
	return 0;
}

const struct archive_member *archive_index_find(const struct archive_index *x, str path,
						struct arena *a)
{
	const struct limits l = limits_default();
	OWNED_BUF scratch = BUF_INIT;
	bool escaped;

	if (layer_path_normalise(path, &l, &scratch, &path, &escaped) < 0)
		return NULL;
	for (int i = 0; i < MAX_LINKS && path.p; i++) {
		uintptr_t place = (uintptr_t)map_find(&x->at, path);
		const struct archive_member *m = place ? &x->members[place - 1] : NULL;

		if (!m || m->kind == ARCHIVE_MEMBER_FILE)
			return m;
		path = layer_path_follow(m->kind == ARCHIVE_MEMBER_SYMLINK ? m->path : S(""),
					 m->link, &l, a);
	}
	return NULL;
}

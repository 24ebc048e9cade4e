/*
 * A radix tree over the sorted literals: an edge carries as many bytes as its literals share. A node's row holds the
 * bits of all literals that end on the way to it (LITERAL_DIR: those whose next component begins here), so the last row met is the answer.
 */
#include "policy/literal.h"

struct trie_node {
	const char *label; /* the edge that leads here; for LITERAL_SUFFIX read backwards */
	uint32_t label_n;
	uint32_t row;          /* 0: no literal ends here */
	uint32_t first, count; /* children */
};

struct literal_trie {
	enum literal_end end;
	struct trie_node *nodes;
	unsigned char *begins; /* first byte of each node's label */
	size_t count, cap;
	struct literal_rows rows;
};

/* A range of sorted literals that share `depth` bytes, waiting to become node `node`. */
struct trie_job {
	size_t lo, hi, depth;
	uint32_t node, row;
};

static unsigned char byte_at(enum literal_end end, str s, size_t i)
{
	return (unsigned char)(end == LITERAL_SUFFIX ? s.p[s.n - 1 - i] : s.p[i]);
}

static int compare_forward(const void *a, const void *b)
{
	return str_cmp(((const struct literal *)a)->text, ((const struct literal *)b)->text);
}

static int compare_backward(const void *a, const void *b)
{
	str x = ((const struct literal *)a)->text, y = ((const struct literal *)b)->text;
	size_t n = MIN(x.n, y.n);

	for (size_t i = 0; i < n; i++) {
		int d = byte_at(LITERAL_SUFFIX, x, i) - byte_at(LITERAL_SUFFIX, y, i);

		if (d)
			return d;
	}
	return (x.n > y.n) - (x.n < y.n);
}

/* "/etc//ssh/" as "etc/ssh". */
static str plain_path(str path, struct arena *a)
{
	str out = arena_str(a, S(""));
	char *p = path.n ? arena_alloc(a, path.n) : NULL;

	if (!out.p || (path.n && !p))
		return (str){ NULL, 0 };
	if (!path.n)
		return out;
	out = (str){ p, 0 };
	while (path.n) {
		str part = str_cut(&path, '/');

		if (!part.n)
			continue;
		if (out.n)
			p[out.n++] = '/';
		memcpy(p + out.n, part.p, part.n);
		out.n += part.n;
	}
	return out;
}

static uint32_t new_nodes(struct literal_trie *t, size_t n, struct arena *a)
{
	uint32_t first = (uint32_t)t->count;

	if (t->count + n > t->cap) {
		size_t cap = MAX(t->cap * 2, t->count + n);
		struct trie_node *nodes = ARENA_ARRAY(a, cap, struct trie_node);
		unsigned char *begins = ARENA_ARRAY(a, cap, unsigned char);

		if (!nodes || !begins)
			return UINT32_MAX;
		if (t->count) {
			memcpy(nodes, t->nodes, t->count * sizeof(*nodes));
			memcpy(begins, t->begins, t->count);
		}
		t->nodes = nodes;
		t->begins = begins;
		t->cap = cap;
	}
	t->count += n;
	return first;
}

/* Where the group of literals with the same byte at @p depth ends. */
static size_t group_end(enum literal_end end, const struct literal *l, size_t lo, size_t hi,
			size_t depth)
{
	unsigned char c = byte_at(end, l[lo].text, depth);
	size_t i = lo;

	while (i < hi && byte_at(end, l[i].text, depth) == c)
		i++;
	return i;
}

static int close_node(struct literal_trie *t, const struct literal *l, struct trie_job *j,
		      struct arena *a)
{
	struct trie_node *n = &t->nodes[j->node];
	str first = l[j->lo].text, last = l[j->hi - 1].text;
	size_t at = j->depth;

	while (at < first.n && at < last.n &&
	       byte_at(t->end, first, at) == byte_at(t->end, last, at))
		at++;
	n->label_n = (uint32_t)(at - j->depth);
	n->label = t->end == LITERAL_SUFFIX ? first.p + first.n - at : first.p + j->depth;
	j->depth = at;
	if (first.n > at)
		return 0;
	n->row = literal_row_new(&t->rows, a, j->row);
	if (!n->row)
		return -ENOBUFS;
	while (j->lo < j->hi && l[j->lo].text.n == at)
		literal_row_set(&t->rows, n->row, l[j->lo++].bit);
	return 0;
}

static int build(struct literal_trie *t, const struct literal *l, size_t count, struct arena *a)
{
	struct trie_job *jobs = ARENA_ARRAY(a, count * 2 + 1, struct trie_job);
	size_t queued = 0;

	if (!jobs || new_nodes(t, 1, a) == UINT32_MAX)
		return -ENOBUFS;
	jobs[queued++] = (struct trie_job){ .hi = count };
	/* Each job splits its range, so that no more than two for each literal are ever made. */
	for (size_t done = 0; done < queued; done++) {
		struct trie_job j = jobs[done];
		uint32_t groups = 0, first;

		if (close_node(t, l, &j, a) < 0)
			return -ENOBUFS;
		for (size_t i = j.lo; i < j.hi; i = group_end(t->end, l, i, j.hi, j.depth))
			groups++;
		first = new_nodes(t, groups, a);
		if (first == UINT32_MAX)
			return -ENOBUFS;
		t->nodes[j.node].first = first;
		t->nodes[j.node].count = groups;
		for (size_t i = j.lo; i < j.hi; first++) {
			size_t end = group_end(t->end, l, i, j.hi, j.depth);
			unsigned char c = byte_at(t->end, l[i].text, j.depth);
			/* The empty literal, the root, has every path below it. */
			bool below = t->end != LITERAL_DIR || c == '/' || !j.depth;
			uint32_t own = t->nodes[j.node].row;

			t->begins[first] = c;
			jobs[queued++] = (struct trie_job){ .lo = i,
							    .hi = end,
							    .depth = j.depth,
							    .node = first,
							    .row = own && below ? own : j.row };
			i = end;
		}
	}
	return 0;
}

int literal_trie_new(enum literal_end end, const struct literal *l, size_t count, uint32_t bits,
		     struct arena *a, struct literal_trie **ret)
{
	struct literal_trie *t = ARENA_NEW(a, struct literal_trie);
	struct literal *sorted = ARENA_ARRAY(a, count, struct literal);

	if (!t || !sorted || literal_rows_new(bits, a, &t->rows) < 0)
		return -ENOBUFS;
	t->end = end;
	for (size_t i = 0; i < count; i++) {
		sorted[i] = l[i];
		if (end == LITERAL_DIR)
			sorted[i].text = plain_path(l[i].text, a);
		if (end == LITERAL_DIR && !sorted[i].text.p)
			return -ENOBUFS;
	}
	qsort(sorted, count, sizeof(*sorted),
	      end == LITERAL_SUFFIX ? compare_backward : compare_forward);
	if (count && build(t, sorted, count, a) < 0)
		return -ENOBUFS;
	*ret = t;
	return 0;
}

static const struct trie_node *child_of(const struct literal_trie *t, const struct trie_node *n,
					unsigned char c)
{
	const unsigned char *at = n->count ? memchr(t->begins + n->first, c, n->count) : NULL;

	return at ? &t->nodes[at - t->begins] : NULL;
}

static const uint64_t *find_end(const struct literal_trie *t, str v)
{
	const struct trie_node *n = t->nodes;
	uint32_t row = 0;
	bool back = t->end == LITERAL_SUFFIX;

	while (n && v.n >= n->label_n) {
		const char *edge = back ? v.p + v.n - n->label_n : v.p;

		if (n->label_n && memcmp(edge, n->label, n->label_n) != 0)
			break;
		v = back ? str_take(v, v.n - n->label_n) : str_skip(v, n->label_n);
		row = n->row ? n->row : row;
		if (!v.n)
			break;
		n = child_of(t, n, (unsigned char)(back ? v.p[v.n - 1] : v.p[0]));
	}
	return literal_row(&t->rows, row);
}

/* The value's next byte as if it were a plain path; false at its end. */
static bool next_byte(str *v, char *ret)
{
	if (!v->n)
		return false;
	*ret = v->p[0];
	*v = *ret == '/' ? str_skip_slashes(*v) : str_skip(*v, 1);
	return *ret != '/' || v->n;
}

static const uint64_t *find_dir(const struct literal_trie *t, str v)
{
	const struct trie_node *n = t->nodes;
	uint32_t row = 0;

	v = str_skip_slashes(v);
	while (n) {
		for (uint32_t i = 0; i < n->label_n; i++) {
			char c;

			if (!next_byte(&v, &c) || c != n->label[i])
				return literal_row(&t->rows, row);
		}
		if (n->row && (!v.n || v.p[0] == '/' || (n == t->nodes && !n->label_n)))
			row = n->row;
		if (!v.n)
			break;
		n = child_of(t, n, (unsigned char)v.p[0]);
	}
	return literal_row(&t->rows, row);
}

const uint64_t *literal_trie_find(const struct literal_trie *t, str value)
{
	if (!t->count)
		return literal_row(&t->rows, 0);
	return t->end == LITERAL_DIR ? find_dir(t, value) : find_end(t, value);
}

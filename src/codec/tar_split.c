#include "codec/tar_split.h"

#include "base/buf.h"
#include "codec/base64.h"
#include "codec/json.h"

enum { TYPE_FILE = 1, TYPE_SEGMENT = 2 };
#define LINE_MEMORY ((size_t)1 << 20)

struct tar_split {
	tar_split_sink sink;
	void *ctx;
	struct buf line; /* what came of it so far */
	bool passing;    /* the rest of it is a piece's */
	struct arena arena;
	uint64_t number; /* of the line, for messages */
};

int tar_split_new(tar_split_sink sink, void *ctx, struct tar_split **ret, struct err *e)
{
	struct tar_split *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, ENOMEM, "no memory to read a layer's record");
	t->sink = sink;
	t->ctx = ctx;
	t->number = 1;
	arena_init(&t->arena, LINE_MEMORY);
	*ret = t;
	return 0;
}

void tar_split_free(struct tar_split *t)
{
	if (!t)
		return;
	buf_done(&t->line);
	arena_done(&t->arena);
	free(t);
}

/* Pieces are nearly all of the bytes, may be long, and the engine writes their type first. */
static bool is_segment(str line)
{
	return str_starts(line, S("{\"type\":2,"));
}

/* A name that is no UTF-8 is kept in base64, as `name_raw`. */
static int tell_name(struct tar_split *t, const struct value *entry, struct err *e)
{
	const struct value *name = value_get(entry, "name"), *raw = value_get(entry, "name_raw");
	const struct value *has = name ? name : raw;
	OWNED_BUF bytes = BUF_INIT;
	int r;

	if (!has)
		return 0;
	r = has->kind != VALUE_STRING ? err_set(e, EBADMSG, "a name that is no text")
	    : has == raw              ? base64_decode(&bytes, value_str(raw), e)
				      : 0;
	if (r < 0)
		return err_wrap(e, r, "line %llu", (unsigned long long)t->number);
	return t->sink(t->ctx, has == raw ? buf_str(&bytes) : value_str(name), e);
}

static int take_line(struct tar_split *t, str line, struct err *e)
{
	struct value v;
	int64_t type;
	int r;

	if (!str_trim(line).n || is_segment(line))
		return 0;
	arena_reset(&t->arena);
	r = json_parse(line, &t->arena, &v, e);
	if (r < 0)
		return err_wrap(e, r, "line %llu", (unsigned long long)t->number);
	type = value_int(value_get(&v, "type"), 0);
	if (type != TYPE_FILE && type != TYPE_SEGMENT)
		return err_set(e, EBADMSG, "line %llu: neither an entry nor a piece",
			       (unsigned long long)t->number);
	return type == TYPE_FILE ? tell_name(t, &v, e) : 0;
}

static int end_line(struct tar_split *t, struct err *e)
{
	int r = t->passing ? 0 : take_line(t, buf_str(&t->line), e);

	buf_reset(&t->line);
	t->passing = false;
	t->number++;
	return r;
}

static int add(struct tar_split *t, str part, struct err *e)
{
	if (t->passing)
		return 0;
	buf_add(&t->line, str_take(part, TAR_SPLIT_MAX_LINE + 1 - t->line.n));
	if (buf_error(&t->line))
		return err_set(e, ENOMEM, "no memory to read a layer's record");
	if (t->line.n <= TAR_SPLIT_MAX_LINE)
		return 0;
	if (!is_segment(buf_str(&t->line)))
		return err_set(e, E2BIG, "line %llu: more than %zu bytes",
			       (unsigned long long)t->number, TAR_SPLIT_MAX_LINE);
	t->passing = true;
	return 0;
}

int tar_split_push(struct tar_split *t, str bytes, struct err *e)
{
	int r = 0;

	while (r == 0 && bytes.n) {
		size_t end = str_find(bytes, '\n');

		r = add(t, str_take(bytes, end), e);
		if (r == 0 && end < bytes.n)
			r = end_line(t, e);
		bytes = str_skip(bytes, end + 1);
	}
	return r;
}

int tar_split_end(struct tar_split *t, struct err *e)
{
	return end_line(t, e);
}

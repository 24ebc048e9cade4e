#include "scan/layer/layer_worker.h"

#include "codec/json_out.h"

static void push_layer(void *ctx, str bytes)
{
	layer_reader_push(ctx, bytes);
}

static void render(const struct layer *l, bool damaged, struct buf *ret)
{
	struct json_out j;

	buf_byte(ret, damaged ? '1' : '0');
	json_out_init(&j, ret, false);
	layer_render(l, &j);
}

void layer_worker_read_layer(const struct layer_task *t, const struct layer_input *in,
			     struct buf *ret)
{
	struct arena a;
	struct layer_reader *reader;
	struct layer layer = { 0 };
	struct err e = { 0 };
	bool damaged = true;
	int r;

	arena_init(&a, (size_t)t->options->limits.memory_bytes);
	r = layer_reader_new(t->options, &a, &reader, &e);
	if (r == 0) {
		r = layer_input_read(t, in, push_layer, reader, &e);
		layer_reader_finish(reader, &layer, &damaged);
	}
	if (r < 0) {
		damaged = true;
		gap_add(&layer.gaps, &a, GAP_UNREADABLE, S(""), "%s", e.text);
	}
	render(&layer, damaged, ret);
	/* The process ends next; freeing piece by piece would only cost time. */
}

int layer_worker_parse(str answer, struct arena *a, struct layer *ret, bool *ret_damaged,
		       struct err *e)
{
	int r;

	if (!answer.n || (answer.p[0] != '0' && answer.p[0] != '1'))
		return err_set(e, EBADMSG, "the worker gave an impossible answer");
	r = layer_parse(str_skip(answer, 1), a, ret, e);
	if (r == 0)
		*ret_damaged = answer.p[0] == '1';
	return r;
}

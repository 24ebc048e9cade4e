/* A layer is read the same however it is cut into pieces, all its evidence lies at paths in normal form, and what is
 * written of it can be read back. */
#include "fuzz.h"

#include "codec/inflate.h"
#include "codec/json_out.h"
#include "scan/layer/layer_path.h"
#include "scan/layer/layer_read.h"

static bool run(str in, size_t piece, struct buf *text)
{
	struct layer_options o = { .limits = limits_default() };
	struct layer_reader *r;
	struct layer l, again;
	struct json_out j;
	struct arena a;
	bool damaged;

	o.limits.layer_bytes = 4 << 20;
	o.limits.memory_bytes = 16 << 20;
	o.limits.layer_entries = 1000;
	arena_init(&a, 16 << 20);
	int made = layer_reader_new(&o, &a, &r, NULL);
	assert(made == 0);
	while (in.n) {
		layer_reader_push(r, str_take(in, piece));
		in = str_skip(in, piece);
	}
	layer_reader_finish(r, &l, &damaged);
	assert(!damaged || l.gaps.count + l.gaps.dropped);
	for (size_t i = 0; i < l.evidence_count; i++) {
		OWNED_BUF scratch = BUF_INIT;
		bool escaped = false;
		str path;
		int n = layer_path_normalise(l.evidence[i].path, &o.limits, &scratch, &path,
					     &escaped);

		assert(n == 0 && !escaped && str_eq(path, l.evidence[i].path));
	}
	json_out_init(&j, text, false);
	layer_render(&l, &j);
	arena_done(&a);
	layer_reader_free(r);
	arena_init(&a, 0);
	int parsed = layer_parse(buf_str(text), &a, &again, NULL);
	assert(parsed == 0);
	arena_done(&a);
	return damaged;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWNED_BUF whole = BUF_INIT;
	OWNED_BUF pieces = BUF_INIT;
	str in = { (const char *)data, size };

	bool damaged = run(in, SIZE_MAX, &whole);
	bool again = run(in, 700, &pieces);

	assert(damaged == again);
	/* How much comes out of a damaged compressed stream before the damage shows depends on the decompressor. */
	if (!damaged || inflate_recognise(in) == INFLATE_PLAIN)
		assert(str_eq(buf_str(&whole), buf_str(&pieces)));
	return 0;
}

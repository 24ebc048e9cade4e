#include "console/fleet/batch.h"

#include "base/clock.h"
#include "codec/json_check.h"
#include "codec/zstd.h"

enum { CLOCK_DIGITS = 15 };

static const str names[] = {
#define BATCH_NAME(id, name) [BATCH_##id] = { (name), sizeof(name) - 1 },
	BATCH_KINDS(BATCH_NAME)
#undef BATCH_NAME
};

bool batch_is_life(str life)
{
	if (life.n != BATCH_LIFE_DIGITS)
		return false;
	for (size_t i = 0; i < life.n; i++)
		if (!((life.p[i] >= '0' && life.p[i] <= '9') ||
		      (life.p[i] >= 'a' && life.p[i] <= 'f')))
			return false;
	return true;
}

bool batch_clock(str text, int64_t came_ns, int64_t *ret_ms)
{
	uint64_t ms;

	if (text.n > CLOCK_DIGITS || str_u64(text, &ms) < 0)
		return false;
	*ret_ms = (int64_t)ms - came_ns / (int64_t)MS_NS;
	return true;
}

static bool take(str *line, str prefix)
{
	if (!str_starts(*line, prefix))
		return false;
	*line = str_skip(*line, prefix.n);
	return true;
}

static bool take_number(str *line, int64_t *ret)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < line->n && i < 18 && line->p[i] >= '0' && line->p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(line->p[i] - '0');
	if (i == 0 || n == 0)
		return false;
	*line = str_skip(*line, i);
	*ret = (int64_t)n;
	return true;
}

static enum batch_kind kind_of(str name)
{
	for (size_t i = 0; i < BATCH_KIND_COUNT; i++)
		if (str_eq(names[i], name))
			return (enum batch_kind)i;
	return BATCH_KIND_COUNT;
}

/** {"seq":7,"kind":"alert","doc":{...}} @return 1, 0: not of this form (ret->number 0: not even a number) */
static bool parse_line(str line, struct batch_record *ret, str *ret_kind)
{
	size_t quote;

	*ret = (struct batch_record){ 0 };
	if (!take(&line, S("{\"seq\":")) || !take_number(&line, &ret->number) ||
	    !take(&line, S(",\"kind\":\"")))
		return false;
	quote = str_find(line, '"');
	*ret_kind = str_take(line, quote);
	ret->kind = kind_of(*ret_kind);
	line = str_skip(line, quote);
	if (!take(&line, S("\",\"doc\":")) || line.n < 3 || line.p[line.n - 1] != '}')
		return false;
	ret->doc = str_take(line, line.n - 1);
	return ret->doc.p[0] == '{' && json_check(ret->doc);
}

static int cut(str text, struct arena *a, struct batch *ret, struct err *e)
{
	struct batch b = { 0 };
	size_t lines = 0, cap = 0;

	while (text.n) {
		str line = str_line(&text), kind = { 0 };
		struct batch_record rec, *at;
		bool ok;

		if (line.n == 0)
			continue;
		if (++lines > BATCH_MAX_RECORDS)
			return err_set(e, E2BIG, "a batch of more than %d records",
				       BATCH_MAX_RECORDS);
		ok = parse_line(line, &rec, &kind);
		if (rec.number) {
			if (rec.number <= b.last)
				return err_set(e, EBADMSG, "a batch whose numbers do not grow");
			b.last = rec.number;
		}
		b.refused += !ok;
		if (ok && rec.kind == BATCH_KIND_COUNT && b.unknown++ == 0)
			b.first_unknown = kind;
		if (!ok || rec.kind == BATCH_KIND_COUNT)
			continue;
		at = ARENA_PUSH(a, b.records, b.count, cap);
		if (!at)
			return err_set(e, ENOBUFS, "memory budget spent");
		*at = rec;
	}
	*ret = b;
	return 0;
}

int batch_decode(str body, str encoding, struct arena *a, struct buf *plain, struct batch *ret,
		 struct err *e)
{
	int r;

	if (str_eq_nocase(encoding, S("zstd"))) {
		r = zstd_decompress(body, BATCH_MAX_BYTES, plain, e);
		if (r < 0)
			return r;
		body = buf_str(plain);
	} else if (encoding.n && !str_eq_nocase(encoding, S("identity"))) {
		return err_set(e, EOPNOTSUPP, "a batch is compressed by zstd or not at all");
	} else if (body.n > BATCH_MAX_BYTES) {
		return err_set(e, E2BIG, "a batch of more than %llu bytes",
			       (unsigned long long)BATCH_MAX_BYTES);
	}
	return cut(body, a, ret, e);
}

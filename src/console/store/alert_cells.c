#include "console/store/alert_cells.h"

#include <stdlib.h>

enum { PACKED = 1, STATES = 4, VARINT_BITS = 63 };

/* Beyond these nothing was counted: sums of what is read stay numbers. */
#define PLACE_MOST (INT64_MAX / 8)
#define COUNT_MOST ((int64_t)1 << 48)

static int by_place(const void *x, const void *y)
{
	const struct alert_cell *a = x, *b = y;

	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	if (a->series != b->series)
		return a->series < b->series ? -1 : 1;
	return (a->state > b->state) - (a->state < b->state);
}

size_t alert_cells_fold(struct alert_cell *cells, size_t count)
{
	size_t n = 0;

	if (count)
		qsort(cells, count, sizeof(*cells), by_place);
	for (size_t i = 0; i < count; i++) {
		if (n && by_place(&cells[n - 1], &cells[i]) == 0) {
			cells[n - 1].n =
				MIN(MAX(cells[n - 1].n + cells[i].n, -COUNT_MOST), COUNT_MOST);
			continue;
		}
		/* The one before is complete. */
		n -= n && cells[n - 1].n == 0;
		cells[n++] = cells[i];
	}
	return n - (n && cells[n - 1].n == 0);
}

static void put(struct buf *out, uint64_t n)
{
	for (; n > 0x7f; n >>= 7)
		buf_byte(out, (char)(0x80 | (n & 0x7f)));
	buf_byte(out, (char)n);
}

void alert_cells_render(const struct alert_cell *cells, size_t count, struct buf *out)
{
	int64_t hour = 0;

	buf_byte(out, PACKED);
	for (size_t i = 0, n; i < count; i += n) {
		int64_t key = 0;

		for (n = 1; i + n < count && cells[i + n].hour == cells[i].hour;)
			n++;
		put(out, (uint64_t)(cells[i].hour - hour));
		put(out, n);
		hour = cells[i].hour;
		for (size_t k = i; k < i + n; k++) {
			const int64_t next = cells[k].series * STATES + cells[k].state;
			const uint64_t sign = cells[k].n < 0 ? UINT64_MAX : 0;

			put(out, (uint64_t)(next - key));
			put(out, (uint64_t)cells[k].n << 1 ^ sign);
			key = next;
		}
	}
}

int alert_cells_open(str bytes, struct alert_cells *ret, struct err *e)
{
	if (bytes.n == 0 || (*bytes.p != PACKED && (*bytes.p < '0' || *bytes.p > '9')))
		return err_set(e, EUCLEAN, "counters of alerts are damaged");
	*ret = (struct alert_cells){ .rest = bytes, .packed = *bytes.p == PACKED };
	if (ret->packed)
		ret->rest = str_skip(bytes, 1);
	return 0;
}

/* A varint of at most 63 bits. */
static bool get(str *rest, int64_t *ret)
{
	uint64_t n = 0;

	for (unsigned at = 0, i = 0; at < VARINT_BITS && i < rest->n; at += 7, i++) {
		const uint64_t byte = (unsigned char)rest->p[i];

		n |= (byte & 0x7f) << at;
		if (byte > 0x7f)
			continue;
		*rest = str_skip(*rest, i + 1);
		*ret = (int64_t)n;
		return true;
	}
	return false;
}

/* @return whether they are there and a sum of both is a number */
static bool get_more(str *rest, int64_t *at)
{
	int64_t n;

	return get(rest, &n) && !__builtin_add_overflow(*at, n, at);
}

static bool can_be(const struct alert_cell *x)
{
	return x->hour >= 0 && x->hour <= PLACE_MOST && x->series >= 0 && x->series <= PLACE_MOST &&
	       x->state >= 0 && x->state < STATES && x->n >= -COUNT_MOST && x->n <= COUNT_MOST;
}

static bool next_packed(struct alert_cells *c)
{
	int64_t hour = c->at.hour, key = c->at.series * STATES + c->at.state, count = 0, n = 0;

	if (!c->left) {
		if (!get_more(&c->rest, &hour) || !get(&c->rest, &count) || count == 0)
			return false;
		c->left = (uint64_t)count;
		key = 0;
	}
	if (!get_more(&c->rest, &key) || !get(&c->rest, &n))
		return false;
	c->left--;
	c->at = (struct alert_cell){ hour, key / STATES, key % STATES,
				     (int64_t)((uint64_t)n >> 1) ^ -(n & 1) };
	return true;
}

static bool next_number(str *rest, int64_t *ret)
{
	str word = str_cut(rest, ' ');
	const bool negative = word.n && *word.p == '-';
	uint64_t n;

	if (str_u64(str_skip(word, negative), &n) < 0 || n > PLACE_MOST)
		return false;
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool next_written(struct alert_cells *c)
{
	return next_number(&c->rest, &c->at.hour) && next_number(&c->rest, &c->at.series) &&
	       next_number(&c->rest, &c->at.state) && next_number(&c->rest, &c->at.n);
}

int alert_cells_next(struct alert_cells *c, struct alert_cell *ret, struct err *e)
{
	if (c->rest.n == 0 && c->left == 0)
		return 0;
	if (!(c->packed ? next_packed(c) : next_written(c)) || !can_be(&c->at))
		return err_set(e, EUCLEAN, "counters of alerts are damaged");
	*ret = c->at;
	return 1;
}

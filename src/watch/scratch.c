#include "watch/scratch.h"

int scratch_init(struct scratch *s, size_t bytes, struct err *e)
{
	char *p = malloc(bytes);

	if (!p)
		return err_set(e, ENOMEM, "watch: no memory for %zu bytes", bytes);
	*s = (struct scratch){ .bytes = p, .cap = bytes };
	return 0;
}

void scratch_done(struct scratch *s)
{
	free(s->bytes);
	*s = (struct scratch){ 0 };
}

void *scratch_take(struct scratch *s, size_t n)
{
	size_t at = (s->n + 7) & ~(size_t)7;

	if (at > s->cap || n > s->cap - at) {
		s->cut++;
		return NULL;
	}
	s->n = at + n;
	return s->bytes + at;
}

struct scratch_text scratch_text(struct scratch *s)
{
	return (struct scratch_text){ s, s->n };
}

void scratch_add(struct scratch_text *t, str s)
{
	struct scratch *in = t->in;
	size_t n = MIN(s.n, in->cap - in->n);

	in->cut += n < s.n;
	if (n)
		memcpy(in->bytes + in->n, s.p, n);
	in->n += n;
}

void scratch_byte(struct scratch_text *t, char c)
{
	scratch_add(t, (str){ &c, 1 });
}

void scratch_replace(struct scratch_text *t, char from, char to)
{
	str_replace_byte(t->in->bytes + t->from, t->in->n - t->from, from, to);
}

static void add_digits(struct scratch_text *t, uint64_t n, unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % base);
		n /= base;
	} while (n);
	scratch_add(t, (str){ digits + at, sizeof(digits) - at });
}

void scratch_uint(struct scratch_text *t, uint64_t n)
{
	add_digits(t, n, 10);
}

void scratch_int(struct scratch_text *t, int64_t n)
{
	if (n < 0)
		scratch_byte(t, '-');
	add_digits(t, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10);
}

void scratch_octal(struct scratch_text *t, uint64_t n)
{
	if (n)
		scratch_byte(t, '0');
	add_digits(t, n, 8);
}

str scratch_str(const struct scratch_text *t)
{
	return (str){ t->in->bytes + t->from, t->in->n - t->from };
}

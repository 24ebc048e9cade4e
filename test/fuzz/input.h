/** @file
 * A fuzzer's bytes taken apart: numbers from the front, texts up to the next NUL. What is not there is zero or empty.
 */
#ifndef SKEP_TEST_FUZZ_INPUT_H
#define SKEP_TEST_FUZZ_INPUT_H

#include "base/str.h"

struct input {
	str rest;
};

static inline struct input input_of(const uint8_t *data, size_t size)
{
	return (struct input){ { (const char *)data, size } };
}

static inline uint8_t input_byte(struct input *in)
{
	uint8_t b = in->rest.n ? (uint8_t)in->rest.p[0] : 0;

	in->rest = str_skip(in->rest, 1);
	return b;
}

static inline str input_text(struct input *in)
{
	return str_cut(&in->rest, '\0');
}

/** Up to 255 bytes, whatever they are: their number stands before them. */
static inline str input_bytes(struct input *in)
{
	str s = str_take(in->rest, input_byte(in) + 1u);

	s = str_skip(s, 1);
	in->rest = str_skip(in->rest, s.n);
	return s;
}

#endif

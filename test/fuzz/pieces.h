/** @file
 * Decoders of streams: however the bytes are cut into pieces, what comes of them must be the same.
 */
#ifndef SKEP_TEST_FUZZ_PIECES_H
#define SKEP_TEST_FUZZ_PIECES_H

#include "base/str.h"

/** Gives a stream all of @p in, by so many bytes, and ends it. @return what the first call that failed said, or 0 */
#define PUSH_PIECES(stream, push, end, in, piece) \
	({ \
		int pushed_ = 0; \
		for (str left_ = (in); left_.n && pushed_ == 0; left_ = str_skip(left_, (piece))) \
			pushed_ = push((stream), str_take(left_, (piece)), NULL); \
		pushed_ == 0 ? end((stream), NULL) : pushed_; \
	})

#endif

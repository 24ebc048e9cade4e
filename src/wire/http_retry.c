#include "wire/http_retry.h"

#include <time.h>

#define IDLE_ATTEMPTS 3
#define ATTEMPTS_MAX 32
#define WAIT_MAX_S 30
/* Less than that is no progress: a peer could keep us for ever with a byte an attempt. */
#define PROGRESS_BYTES (64u << 10)
#define FIRST_WAIT_MS ((uint64_t)500)

struct retry {
	const struct http_request *q;
	uint64_t delivered; /* bytes the receiver has */
	uint64_t skip;      /* bytes of this answer it has already */
	bool started;       /* on_start was called */
	struct buf etag;    /* of the first answer */
	bool refused;       /* a callback ended it: final */
};

static int on_start(void *ctx, const struct http_response *r, struct err *e)
{
	struct retry *t = ctx;
	str etag = http_header(r, "etag");
	int result = 0;

	if (t->started && t->etag.n && etag.n && !str_eq(buf_str(&t->etag), etag)) {
		t->refused = true;
		return err_set(e, EPROTO, "what is fetched changed meanwhile");
	}
	if (!t->started)
		buf_add(&t->etag, etag);
	/* A peer that ignores the Range sends everything again. */
	t->skip = r->is_partial ? 0 : t->delivered;
	if (!t->started && t->q->on_start)
		result = t->q->on_start(t->q->ctx, r, e);
	t->started = true;
	t->refused = result < 0;
	return result;
}

static int on_body(void *ctx, str bytes, struct err *e)
{
	struct retry *t = ctx;
	size_t skip = (size_t)MIN(t->skip, (uint64_t)bytes.n);
	int result;

	t->skip -= skip;
	bytes = str_skip(bytes, skip);
	if (bytes.n == 0)
		return 0;
	result = t->q->on_body(t->q->ctx, bytes, e);
	t->refused = result < 0;
	t->delivered += bytes.n;
	return result;
}

uint64_t http_retry_after(str value, int64_t now)
{
	uint64_t seconds;
	char text[64];
	struct tm tm = { 0 };
	time_t at;

	if (str_u64(value, &seconds) == 0)
		return seconds;
	if (value.n == 0 || value.n >= sizeof(text))
		return 0;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	if (!strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return 0;
	at = timegm(&tm);
	return at > now ? (uint64_t)(at - now) : 0;
}

static bool may_pass(int status)
{
	return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

static void wait_ms(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* @return whether another attempt makes sense, and after how long */
static bool again_after(const struct retry *t, int result, const struct http_response *r,
			bool progress, unsigned int idle, uint64_t *ret_ms)
{
	uint64_t asked = 0;

	if (t->refused || idle >= IDLE_ATTEMPTS)
		return false;
	if (t->delivered && t->q->offset)
		return false;
	if (result == -EPROTO || (result == -ETIMEDOUT && progress)) {
		*ret_ms = FIRST_WAIT_MS << idle;
		return true;
	}
	if (result < 0 || !may_pass(r->status))
		return false;
	asked = http_retry_after(http_header(r, "retry-after"), time(NULL));
	*ret_ms = asked ? asked * 1000 : FIRST_WAIT_MS << idle;
	return asked <= WAIT_MAX_S;
}

static int repeat(struct retry *t, struct http_client *c, struct http_response *ret, struct err *e)
{
	const struct http_request *q = t->q;
	struct http_request mine = *q;
	unsigned int idle = 0;

	mine.ctx = t;
	mine.on_start = on_start;
	mine.on_body = q->on_body ? on_body : NULL;
	for (unsigned int attempt = 1;; attempt++) {
		struct http_response r = { 0 };
		uint64_t before = t->delivered, ms = 0;
		bool progress;
		int result;

		mine.offset = q->offset + t->delivered;
		result = http_exchange(c, &mine, &r, e);
		progress = t->delivered - before >= PROGRESS_BYTES;
		idle = progress ? 0 : idle + 1;
		if (attempt == ATTEMPTS_MAX || !again_after(t, result, &r, progress, idle, &ms)) {
			if (result < 0)
				return result;
			/* To the caller it was one answer. */
			if (r.status == 206 && q->offset == 0) {
				r.status = 200;
				r.is_partial = false;
			}
			*ret = r;
			return 0;
		}
		http_response_done(&r);
		wait_ms(ms);
	}
}

int http_retry(struct http_client *c, const struct http_request *q, struct http_response *ret,
	       struct err *e)
{
	struct retry t = { .q = q };
	int r = repeat(&t, c, ret, e);

	buf_done(&t.etag);
	return r;
}

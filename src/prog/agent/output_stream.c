#include <poll.h>
#include <unistd.h>

#include "base/buf.h"
#include "prog/agent/output.h"

/* Standard output may be a pipe whose reader sleeps. It is not ours alone, so it is left blocking and given no more at once
 * than a pipe that polls writable takes. */
enum { KEPT_MAX_BYTES = 1 << 20, PIECE_BYTES = 4096 };

struct stream {
	struct output head;
	bool json;
	struct buf kept; /* whole lines, the first perhaps begun */
	size_t written;
};

static int open_stream(struct output **list, const struct option_set *o, struct err *e)
{
	const char *format = option_text(o, "format");
	struct stream *s;

	if (strcmp(format, "none") == 0)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(e, ENOMEM, "standard output");
	s->json = strcmp(format, "json") == 0;
	output_add(list, &s->head, &output_stream, "");
	return 0;
}

/** @return 0 all that can be written now is, -errno */
static int flush(struct stream *s)
{
	while (s->written < s->kept.n) {
		struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };
		str rest = str_take(str_skip(buf_str(&s->kept), s->written), PIECE_BYTES);
		ssize_t n;

		if (poll(&p, 1, 0) <= 0)
			return 0;
		n = write(STDOUT_FILENO, rest.p, rest.n);
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? 0 : -errno;
		for (ssize_t i = 0; i < n; i++)
			if (rest.p[i] == '\n') {
				s->head.told++;
				s->head.waiting--;
			}
		s->written += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&s->kept);
	s->written = 0;
	return 0;
}

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	struct stream *s = (struct stream *)o;
	str line = s->json ? a->json : a->text;
	int r;

	if (s->kept.n - s->written + line.n > KEPT_MAX_BYTES)
		return err_set(e, ENOBUFS, "its reader does not read");
	if (s->written > KEPT_MAX_BYTES) {
		memmove(s->kept.p, s->kept.p + s->written, s->kept.n - s->written);
		s->kept.n -= s->written;
		s->written = 0;
	}
	buf_add(&s->kept, line);
	buf_byte(&s->kept, '\n');
	if (buf_error(&s->kept))
		return buf_error(&s->kept);
	o->waiting++;
	r = flush(s);
	if (r < 0) {
		/* Nobody reads any more: what waited is lost, this one is counted by the caller. */
		o->lost += o->waiting - 1;
		o->waiting = 0;
		buf_reset(&s->kept);
		s->written = 0;
		return err_sys(e, -r, "write failed");
	}
	if (o->waiting == 0)
		output_works(o);
	return 0;
}

static void tick(struct output *o, uint64_t now_ns)
{
	(void)now_ns;
	(void)flush((struct stream *)o);
}

static int fd(const struct output *o, short *ret_events)
{
	const struct stream *s = (const struct stream *)o;

	*ret_events = POLLOUT;
	return s->kept.n > s->written ? STDOUT_FILENO : -1;
}

static void close_stream(struct output *o)
{
	struct stream *s = (struct stream *)o;

	(void)flush(s);
	buf_done(&s->kept);
	free(s);
}

const struct output_kind output_stream = {
	.name = "standard output",
	.open = open_stream,
	.tell = tell,
	.tick = tick,
	.fd = fd,
	.close = close_stream,
};

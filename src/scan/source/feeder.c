#include "scan/source/feeder.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/process.h"

/* Fewer wake-ups on both sides. */
enum { PIPE_BYTES = 1024 * 1024, EXIT_IN_PART = 2 };

struct child {
	layer_feed feed;
	void *ctx;
	int data, says;
};

static int child_main(void *ctx)
{
	struct child *c = ctx;
	struct err e = { 0 };
	int r = c->feed(c->ctx, c->data, &e);

	if (r == 0)
		return 0;
	(void)!file_write_all(c->says, str_take(str_from(e.text), FEEDER_TEXT_BYTES), NULL);
	return r > 0 ? EXIT_IN_PART : 1;
}

static void close_both(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

int feeder_start(layer_feed feed, void *ctx, struct feeder *ret, struct err *e)
{
	struct feeder f = FEEDER_NONE;
	int data[2], says[2], r;

	if (pipe2(data, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	if (pipe2(says, O_CLOEXEC) < 0) {
		r = err_sys(e, errno, "cannot make a pipe");
		close_both(data);
		return r;
	}
	fcntl(data[1], F_SETPIPE_SZ, PIPE_BYTES);
	struct child c = { feed, ctx, data[1], says[1] };
	r = process_start_open(child_main, &c, &f.pid, e);
	if (r < 0) {
		close_both(data);
		close_both(says);
		return r;
	}
	close(data[1]);
	close(says[1]);
	f.data = data[0];
	f.says = says[0];
	*ret = f;
	return 0;
}

enum feeder_end feeder_finish(struct feeder *f, bool is_read, char ret[FEEDER_TEXT_BYTES + 1])
{
	struct process_end end = { 0 };
	ssize_t n = 0;

	ret[0] = '\0';
	if (!f->pid)
		return FEEDER_WHOLE;
	if (!is_read)
		process_kill(f->pid);
	else if (process_wait(f->pid, &end, NULL) < 0)
		end.exit_status = 1;
	if (is_read)
		n = read(f->says, ret, FEEDER_TEXT_BYTES);
	ret[n > 0 ? n : 0] = '\0';
	fd_close(&f->says);
	f->pid = 0;
	if (!is_read || (end.exit_status == 0 && end.signal == 0))
		return FEEDER_WHOLE;
	return end.exit_status == EXIT_IN_PART ? FEEDER_IN_PART : FEEDER_FAILED;
}

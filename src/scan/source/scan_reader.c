#include "scan/source/scan_reader.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "scan/source/scan_image.h"

#define MOST_NS (1800 * SECOND_NS)

int scan_reader_start(struct scan_reader *r, const char *image, const char *file,
		      scan_reader_fn *fn, void *ctx, const int *keep, size_t keep_count,
		      struct err *e)
{
	int result;

	if (snprintf(r->file, sizeof(r->file), "%s", file) >= (int)sizeof(r->file))
		return err_sys(e, ENAMETOOLONG, "'%s'", file);
	snprintf(r->image, sizeof(r->image), "%s", image);
	(void)unlink(r->file);
	r->end_ns = clock_ns(CLOCK_MONOTONIC) + MOST_NS;
	result = process_start(fn, ctx, keep, keep_count, &r->pid, e);
	if (result == 0)
		r->watch = process_watch(r->pid);
	return result;
}

int scan_reader_fd(const struct scan_reader *r)
{
	return r->pid ? r->watch : -1;
}

static void forget(struct scan_reader *r)
{
	fd_close(&r->watch);
	r->pid = 0;
}

bool scan_reader_ended(struct scan_reader *r)
{
	struct err why = { 0 };
	int status;

	if (!r->pid)
		return false;
	if (clock_ns(CLOCK_MONOTONIC) > r->end_ns)
		kill(r->pid, SIGKILL);
	if (waitpid(r->pid, &status, WNOHANG) != r->pid)
		return false;
	forget(r);
	if (access(r->file, F_OK) == 0)
		return true;
	if (WIFSIGNALED(status))
		err_set(&why, EIO, "its reader was ended by signal %d", WTERMSIG(status));
	else
		err_set(&why, EIO, "its reader ended with status %d", WEXITSTATUS(status));
	/* Where not even that can be written, who reads the file says so. */
	(void)!scan_image_failed(r->image, why.text, r->file);
	return true;
}

void scan_reader_stop(struct scan_reader *r)
{
	if (!r->pid)
		return;
	process_kill(r->pid);
	(void)unlink(r->file);
	forget(r);
}

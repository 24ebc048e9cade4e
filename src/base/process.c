#include "base/process.h"

#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { KEEP_MAX = 8 };

static void sort(int *fds, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && fds[k] < fds[k - 1]; k--) {
			int swapped = fds[k];

			fds[k] = fds[k - 1];
			fds[k - 1] = swapped;
		}
}

static void close_others(const int *keep, size_t count)
{
	int fds[KEEP_MAX];
	unsigned int from = 3;

	for (size_t i = 0; i < count; i++)
		fds[i] = keep[i];
	sort(fds, count);
	for (size_t i = 0; i < count; i++) {
		if (fds[i] < (int)from)
			continue;
		if (fds[i] > (int)from)
			syscall(SYS_close_range, from, (unsigned int)fds[i] - 1, 0);
		from = (unsigned int)fds[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static void default_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int start(int (*fn)(void *ctx), void *ctx, const int *keep, size_t count, pid_t *ret,
		 struct err *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return err_sys(e, errno, "cannot start a worker");
	if (pid > 0) {
		*ret = pid;
		return 0;
	}
	/* The parent may be gone before the request to die with it was made. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(255);
	default_signals();
	if (keep)
		close_others(keep, count);
	_exit(fn(ctx) & 255);
}

int process_start(int (*fn)(void *ctx), void *ctx, const int *keep, size_t count, pid_t *ret,
		  struct err *e)
{
	static const int none;

	assert(count <= KEEP_MAX);
	return start(fn, ctx, keep ? keep : &none, count, ret, e);
}

int process_start_open(int (*fn)(void *ctx), void *ctx, pid_t *ret, struct err *e)
{
	return start(fn, ctx, NULL, 0, ret, e);
}

int process_wait(pid_t pid, struct process_end *ret, struct err *e)
{
	int status;
	pid_t r;

	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, errno, "cannot wait for a worker");
	*ret = (struct process_end){ .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
				     .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0 };
	return 0;
}

int process_watch(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

void process_kill(pid_t pid)
{
	struct process_end end;

	kill(pid, SIGKILL);
	(void)!process_wait(pid, &end, NULL);
}

int process_signals(bool children, int *ret, struct err *e)
{
	sigset_t set;
	int fd = -1;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (children)
		sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, errno, "cannot take signals");
	*ret = fd;
	return 0;
}

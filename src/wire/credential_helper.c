#include "wire/credential_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"

#define HELPER_TIMEOUT_MS 30000
#define HELPER_KEY_MAX 4096
#define HELPER_ANSWER_MAX (1u << 20)

extern char **environ;

static int start(const char *program, int in, int out, pid_t *ret)
{
	char get[] = "get";
	OWNED char *name = strdup(program);
	char *argv[] = { name, get, NULL };
	posix_spawn_file_actions_t actions;
	int r = name ? posix_spawn_file_actions_init(&actions) : ENOMEM;

	if (r)
		return r;
	r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	r = r ? r : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	r = r ? r
	      : posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = r ? r : posix_spawnp(ret, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* @return 0 at the end of the output, -ETIMEDOUT, -E2BIG or -errno */
static int collect(int fd, struct buf *out)
{
	int64_t deadline = (int64_t)clock_ms(CLOCK_MONOTONIC) + HELPER_TIMEOUT_MS;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - (int64_t)clock_ms(CLOCK_MONOTONIC);
		char chunk[4096];
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return buf_error(out);
		if (n > 0)
			buf_add(out, (str){ chunk, (size_t)n });
		explicit_bzero(chunk, sizeof(chunk));
	}
}

/* Starts the program with the key waiting on its stdin: short enough for the pipe, so nothing blocks or signals. */
static int run(const char *program, str key, struct buf *out, int *ret_status, struct err *e)
{
	int in[2], pipes[2];
	pid_t pid;
	int r;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		r = errno;
		close(in[0]), close(in[1]);
		return err_sys(e, r, "pipe");
	}
	r = file_write_all(in[1], key, NULL);
	close(in[1]);
	r = r < 0 ? -r : start(program, in[0], pipes[1], &pid);
	close(in[0]), close(pipes[1]);
	if (r) {
		close(pipes[0]);
		return r == ENOENT ? err_set(e, EACCES, "%s is not installed", program)
				   : err_sys(e, EACCES, "%s does not start", program);
	}
	r = collect(pipes[0], out);
	close(pipes[0]);
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? err_set(e, -r, "%s does not answer", program) : 0;
}

int credential_helper_get(const char *name, str key, struct arena *a, struct docker_credential *ret,
			  struct err *e)
{
	OWNED_BUF out = { .max = HELPER_ANSWER_MAX };
	str program = arena_printf(a, "docker-credential-%s", name);
	str answer;
	int status = 0, r;

	if (!program.p || key.n > HELPER_KEY_MAX)
		return err_set(e, ENOBUFS, "memory budget spent");
	r = run(program.p, key, &out, &status, e);
	if (r < 0)
		return r;
	answer = str_trim(buf_str(&out));
	if (status == 0)
		r = docker_helper_parse(answer, a, ret, e);
	else if (str_search(answer, S("credentials not found")) < answer.n)
		r = err_set(e, ENOENT, "%s has no credentials for %.*s", program.p, STR_ARG(key));
	else
		r = err_set(e, EACCES, "failed: %.*s", STR_ARG(str_take(answer, 200)));
	if (out.p)
		explicit_bzero(out.p, out.n);
	return r == 0 || r == -ENOENT ? r : err_wrap(e, r, "%s", program.p);
}

/*
 * Work for a sensor, as fast as one processor does it.
 *
 *   load noise SECONDS FOLDER             opens FOLDER/0..63 (made first), connects to a port nobody listens on, starts programs
 *   load starts COUNT GROUP FILES         COUNT containers one after another: files as Docker writes them, a cgroup, a program
 *
 * Prints what it did as JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 64, KEPT = 1000, PATH_BYTES = 512 };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* @param join  a cgroup's list of processes, or NULL */
static void run_true(const char *join)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		if (join)
			write_file(join, "0");
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

static void connect_nowhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0)
		die("socket");
	(void)!connect(s, (struct sockaddr *)&a, sizeof(a));
	close(s);
}

static int noise(uint64_t seconds, const char *folder)
{
	static char path[FILES][PATH_BYTES];
	uint64_t end, opens = 0, connects = 0, execs = 0;

	for (int i = 0; i < FILES; i++) {
		snprintf(path[i], PATH_BYTES, "%s/%d", folder, i);
		write_file(path[i], "");
		opens++;
	}
	for (end = now_ms() + seconds * 1000; now_ms() < end;) {
		for (int i = 0; i < 4096; i++, opens++) {
			int fd = open(path[i % FILES], O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				die("open");
			close(fd);
		}
		for (int i = 0; i < 64; i++, connects++)
			connect_nowhere();
		run_true(NULL);
		execs++;
	}
	printf("{\"opens\": %llu, \"connects\": %llu, \"execs\": %llu}\n",
	       (unsigned long long)opens, (unsigned long long)connects, (unsigned long long)execs);
	return 0;
}

static void container_path(char *to, const char *files, unsigned long number, const char *name)
{
	snprintf(to, PATH_BYTES, "%s/containers/5e0%061lx%s", files, number, name);
}

/* Engines take files away some time after the last process has ended; a busy machine gives the agent its turn later still. */
static void forget(const char *files, unsigned long number)
{
	static const char *const names[] = { "/config.v2.json", "/hostconfig.json" };
	char path[PATH_BYTES];

	for (size_t i = 0; i < 2; i++) {
		container_path(path, files, number, names[i]);
		unlink(path);
	}
	container_path(path, files, number, "");
	rmdir(path);
}

static void start(const char *group, const char *files, unsigned long number)
{
	char path[PATH_BYTES], text[PATH_BYTES + 16];

	container_path(path, files, number, "");
	if (mkdir(path, 0755))
		die(path);
	container_path(path, files, number, "/config.v2.json");
	snprintf(text, sizeof(text),
		 "{\"ID\": \"5e0%061lx\", \"Name\": \"/short%lu\", \"Config\": {\"Image\": "
		 "\"busybox:1\"}}",
		 number, number);
	write_file(path, text);
	container_path(path, files, number, "/hostconfig.json");
	write_file(path, "{}");
	snprintf(path, sizeof(path), "%s/5e0%061lx", group, number);
	if (mkdir(path, 0755))
		die(path);
	snprintf(text, sizeof(text), "%s/cgroup.procs", path);
	run_true(text);
	/* The kernel takes a moment to see that the process has gone. */
	while (rmdir(path) && errno == EBUSY)
		usleep(100);
}

static int starts(unsigned long count, const char *group, const char *files)
{
	for (unsigned long i = 0; i < count; i++) {
		start(group, files, i);
		if (i >= KEPT)
			forget(files, i - KEPT);
		if (i % 100 == 99) {
			printf("{\"starts\": %lu}\n", i + 1);
			fflush(stdout);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "noise") == 0)
		return noise(strtoul(argv[2], NULL, 10), argv[3]);
	if (argc == 5 && strcmp(argv[1], "starts") == 0)
		return starts(strtoul(argv[2], NULL, 10), argv[3], argv[4]);
	return 2;
}

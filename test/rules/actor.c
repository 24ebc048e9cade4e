/* The actor: a static program that does, inside a throw-away container, the one thing a rule looks for. Nothing it does
 * harms: connections go to itself on loopback, modules and programs it offers the kernel are empty and refused.
 *
 *     actor ACTION ARGS...           does it
 *     ACTOR="ACTION ARGS..." NAME    the same under any name it was copied to, whatever its arguments
 *
 * Without an action it exits at once, so that a copy can stand for any tool.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/io_uring.h>
#include <net/if.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static const char *arg(char **args, int n, const char *otherwise)
{
	for (int i = 0; i < n; i++)
		if (!args[i])
			return otherwise;
	return args[n] ? args[n] : otherwise;
}

static long number(char **args, int n, long otherwise)
{
	const char *text = arg(args, n, NULL);

	return text ? strtol(text, NULL, 0) : otherwise;
}

static struct sockaddr_in address(const char *ip, long port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static int listener_at(const char *ip, long port)
{
	struct sockaddr_in a = address(ip, port);
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0)
		return -1;
	return s;
}

static int listener(long port)
{
	return listener_at("127.0.0.1", port);
}

static int connection(const char *ip, long port)
{
	struct sockaddr_in a = address(ip, port);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	fcntl(s, F_SETFL, O_NONBLOCK);
	(void)!connect(s, (struct sockaddr *)&a, sizeof(a));
	return s;
}

/* Processes. */

static int do_spawn(char **a)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		unsetenv("ACTOR");
		execvp(a[0], a);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Starts itself with another argv[0]. */
static int do_argv0(char **a)
{
	if (fork() == 0) {
		char *words[] = { a[0], NULL };

		unsetenv("ACTOR");
		execv("/proc/self/exe", words);
		_exit(127);
	}
	wait(NULL);
	return 0;
}

static int do_tty(char **a)
{
	char junk[512];
	int master;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	if (pid == 0) {
		unsetenv("ACTOR");
		execvp(a[0], a);
		_exit(127);
	}
	while (read(master, junk, sizeof(junk)) > 0)
		;
	waitpid(pid, NULL, 0);
	return 0;
}

static int do_sleep(char **a)
{
	usleep((useconds_t)number(a, 0, 100) * 1000);
	return 0;
}

static int run_descriptor(int fd)
{
	if (fork() == 0) {
		char *words[] = { (char *)"true", NULL }, *env[] = { NULL };

		fexecve(fd, words, env);
		_exit(127);
	}
	wait(NULL);
	return 0;
}

static int do_memfd_exec(char **a)
{
	int in = open(arg(a, 0, "/bin/true"), O_RDONLY);
	int out = (int)syscall(SYS_memfd_create, "actor", 0);
	char room[65536];
	ssize_t n;

	while ((n = read(in, room, sizeof(room))) > 0)
		if (write(out, room, (size_t)n) != n)
			return 1;
	return run_descriptor(out);
}

static int do_deleted_exec(char **a)
{
	int fd = open(arg(a, 0, "/tmp/gone"), O_RDONLY);

	unlink(arg(a, 0, "/tmp/gone"));
	return run_descriptor(fd);
}

/* By vfork(2), which copies nothing: a flood for slow machines too. */
static int do_forks(char **a)
{
	for (long i = number(a, 0, 100); i > 0; i--) {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static int do_burn(char **a)
{
	time_t end = time(NULL) + number(a, 0, 5);

	for (long i = 0; i < number(a, 1, 2); i++)
		if (fork() == 0) {
			while (time(NULL) < end)
				;
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* Memory of others. */

static pid_t victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	usleep(20000);
	return pid;
}

static int end(pid_t pid, int r)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

static int do_ptrace(char **a)
{
	pid_t pid = victim();

	(void)a;
	return end(pid, ptrace(PTRACE_ATTACH, pid, 0, 0) < 0);
}

static int do_vm_write(char **a)
{
	static char place[8];
	pid_t pid = victim();
	struct iovec mine = { (char *)"harmless", 8 }, its = { place, 8 };

	(void)a;
	return end(pid, syscall(SYS_process_vm_writev, pid, &mine, 1, &its, 1, 0) < 0);
}

static int map(int protection)
{
	return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int do_mmap_wx(char **a)
{
	(void)a;
	return map(PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int do_mmap_rw(char **a)
{
	(void)a;
	return map(PROT_READ | PROT_WRITE);
}

/* The kernel. Most of these are refused; the rules look at the attempt. */

static int do_userfaultfd(char **a)
{
	(void)a;
	(void)syscall(SYS_userfaultfd, O_CLOEXEC);
	return 0;
}

static int do_io_uring(char **a)
{
	struct io_uring_params p = { 0 };

	(void)a;
	return syscall(SYS_io_uring_setup, 4, &p) < 0;
}

static int do_bpf(char **a)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };

	(void)a;
	(void)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return 0;
}

static int do_init_module(char **a)
{
	(void)a;
	(void)syscall(SYS_init_module, "", 0, "");
	return 0;
}

static int do_delete_module(char **a)
{
	(void)a;
	(void)syscall(SYS_delete_module, "no_such_module_here", O_NONBLOCK);
	return 0;
}

static int do_kexec(char **a)
{
	(void)a;
	(void)syscall(SYS_kexec_load, 0, 0, NULL, 0xffff);
	return 0;
}

static int do_open_handle(char **a)
{
	struct {
		struct file_handle head;
		unsigned char bytes[8];
	} h = { .head = { .handle_bytes = 8, .handle_type = 1 } };

	(void)a;
	(void)syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY);
	return 0;
}

/* Namespaces, mounts, identities. */

static int do_setns(char **a)
{
	return setns(open(arg(a, 0, "/proc/self/ns/uts"), O_RDONLY), 0) < 0;
}

static int do_unshare_user(char **a)
{
	(void)a;
	return unshare(CLONE_NEWUSER) < 0;
}

static int do_unshare_files(char **a)
{
	(void)a;
	return unshare(CLONE_FILES) < 0;
}

static int child_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) < 0;
}

static int do_clone_user(char **a)
{
	(void)a;
	return child_with(CLONE_NEWUSER);
}

static int do_clone_files(char **a)
{
	(void)a;
	return child_with(CLONE_FILES);
}

static int do_mount(char **a)
{
	return mount("none", arg(a, 0, "/mnt"), "tmpfs", 0, NULL) < 0;
}

static int do_mknod(char **a)
{
	return mknod(arg(a, 0, "/tmp/device"), S_IFCHR | 0600, makedev(1, 3)) < 0;
}

static int do_mkfifo(char **a)
{
	return mknod(arg(a, 0, "/tmp/pipe"), S_IFIFO | 0600, 0) < 0;
}

static int do_chroot(char **a)
{
	return chroot(arg(a, 0, "/")) < 0;
}

/* Of use to a copy with the setuid bit. */
static int do_become_root(char **a)
{
	(void)a;
	return setresuid((uid_t)-1, 0, 0) < 0;
}

static int do_setuid(char **a)
{
	return setuid((uid_t)number(a, 0, 1000)) < 0;
}

/* Files. */

static int do_read(char **a)
{
	char byte;
	int fd = open(arg(a, 0, ""), O_RDONLY);

	return fd < 0 || read(fd, &byte, 1) < 0;
}

static int do_write(char **a)
{
	return open(arg(a, 0, ""), O_WRONLY | O_CREAT, 0644) < 0;
}

static int do_open_write(char **a)
{
	return open(arg(a, 0, ""), O_WRONLY) < 0;
}

static int do_rename(char **a)
{
	return rename(arg(a, 0, ""), arg(a, 1, "")) < 0;
}

static int do_setxattr(char **a)
{
	/* An empty set of capabilities in the second version of the format. */
	static const uint32_t none[5] = { 0x02000000, 0, 0, 0, 0 };

	return setxattr(arg(a, 1, ""), arg(a, 0, "user.note"), none, sizeof(none), 0) < 0;
}

static int do_rewrite(char **a)
{
	char from[64], to[80];

	for (long i = 0; i < number(a, 0, 10); i++) {
		snprintf(from, sizeof(from), "/tmp/file-%ld", i);
		snprintf(to, sizeof(to), "%s.new", from);
		close(open(from, O_WRONLY | O_CREAT | O_TRUNC, 0644));
		rename(from, to);
	}
	return 0;
}

/* Sockets. */

/* Gives loopback another address, so that connections to it stay inside the container. */
static int do_address(char **a)
{
	struct ifreq r = { .ifr_name = "lo:1" };
	struct sockaddr_in ip = address(arg(a, 0, "127.0.0.2"), 0);

	memcpy(&r.ifr_addr, &ip, sizeof(ip));
	return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFADDR, &r) < 0;
}

static int do_listen(char **a)
{
	return listener(number(a, 0, 4000)) < 0;
}

static int do_listen_any(char **a)
{
	return listener_at("0.0.0.0", number(a, 0, 4000)) < 0;
}

/* Listens while the rest of the words run as a command. */
static int do_serve(char **a)
{
	return listener(number(a, 0, 4000)) < 0 || do_spawn(a + 1);
}

static int do_connect(char **a)
{
	return connection(arg(a, 0, "127.0.0.1"), number(a, 1, 4000)) < 0;
}

static struct sockaddr_un_like {
	sa_family_t family;
	char path[108];
} unix_address(const char *path)
{
	struct sockaddr_un_like u = { .family = AF_UNIX };

	snprintf(u.path, sizeof(u.path), "%s", path);
	return u;
}

static int do_connect_unix(char **a)
{
	struct sockaddr_un_like u = unix_address(arg(a, 0, "/tmp/s"));
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	return connect(s, (struct sockaddr *)&u, sizeof(u)) < 0;
}

/* Serves a unix socket while the rest of the words run as a command. */
static int do_serve_unix(char **a)
{
	struct sockaddr_un_like u = unix_address(a[0]);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(s, (struct sockaddr *)&u, sizeof(u)) < 0 || listen(s, 8) < 0)
		return 1;
	return do_spawn(a + 1);
}

static int do_dup_socket(char **a)
{
	int l = listener(4001), s = connection("127.0.0.1", 4001);

	return l < 0 || dup2(s, (int)number(a, 0, 0)) < 0;
}

/* Starts a program whose standard input is a connection, or a socket that waits for one; by no dup(2). */

static int run_with_input(char **a, int input)
{
	if (input != 0)
		return 1;
	unsetenv("ACTOR");
	execvp(a[0], a);
	return 127;
}

static int do_input_socket(char **a)
{
	int l = listener(4002);

	close(0);
	return l < 0 || run_with_input(a, connection("127.0.0.1", 4002));
}

/* The other end has shut it, which leaves what was sent to be read. */
static int do_input_closed(char **a)
{
	struct pollfd p = { .events = POLLRDHUP };
	int l = listener(4003), far;

	close(0);
	if (l < 0 || connection("127.0.0.1", 4003) != 0)
		return 1;
	far = accept(l, NULL, NULL);
	if (far < 0 || close(far) < 0 || poll(&p, 1, 10000) != 1)
		return 1;
	return run_with_input(a, 0);
}

/* As a server does that gives each connection to a program of its own. */
static int do_input_spawn(char **a)
{
	int l = listener(4004);

	close(0);
	return l < 0 || connection("127.0.0.1", 4004) != 0 || do_spawn(a);
}

static int do_input_listener(char **a)
{
	close(0);
	return run_with_input(a, listener(4002));
}

static int do_dup_file(char **a)
{
	return dup2(open("/dev/null", O_RDWR), (int)number(a, 0, 0)) < 0;
}

static int do_packet_socket(char **a)
{
	(void)a;
	return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0;
}

static size_t put_name(unsigned char *at, const char *name)
{
	unsigned char *start = at;

	while (*name) {
		size_t n = strcspn(name, ".");

		*at++ = (unsigned char)n;
		memcpy(at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	*at++ = 0;
	return (size_t)(at - start);
}

static void ask(int s, const char *name, long type)
{
	unsigned char q[512] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	size_t n = 12 + put_name(q + 12, name);
	struct sockaddr_in server = address("127.0.0.1", 53);

	q[n + 1] = (unsigned char)type;
	q[n + 3] = 1;
	sendto(s, q, n + 4, 0, (struct sockaddr *)&server, sizeof(server));
}

static int do_dns(char **a)
{
	ask(socket(AF_INET, SOCK_DGRAM, 0), arg(a, 0, "example.com"), number(a, 1, 1));
	return 0;
}

/* N different names of about LENGTH characters. */
static int do_dns_many(char **a)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	long length = number(a, 1, 10) < 180 ? number(a, 1, 10) : 180;

	for (long i = 0; i < number(a, 0, 10); i++) {
		char name[256] = "";
		long n = 0;

		for (; n < length; n++)
			name[n] = n % 50 == 49 ? '.' : (char)('a' + (i + n) % 26);
		snprintf(name + n, sizeof(name) - (size_t)n, "x%ld.example.com", i);
		ask(s, name, 1);
	}
	return 0;
}

static int do_ports(char **a)
{
	for (long i = 0; i < number(a, 0, 10); i++)
		close(connection("127.0.0.1", 20000 + i));
	return 0;
}

static int do_peers(char **a)
{
	char ip[32];

	for (long i = 0; i < number(a, 0, 10); i++) {
		struct sockaddr_in to;
		int s = socket(AF_INET, SOCK_STREAM, 0);

		snprintf(ip, sizeof(ip), "127.0.1.%ld", i + 1);
		to = address(ip, 9);
		/* Waits for the refusal: whoever does not wait is not told of it. */
		(void)!connect(s, (struct sockaddr *)&to, sizeof(to));
		close(s);
	}
	return 0;
}

static int do_connects(char **a)
{
	struct sockaddr_in to = address("127.0.0.1", 9);
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	for (long i = 0; i < number(a, 0, 10); i++)
		(void)!connect(s, (struct sockaddr *)&to, sizeof(to));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **args);
} actions[] = {
	{ "spawn", do_spawn },
	{ "argv0", do_argv0 },
	{ "tty", do_tty },
	{ "sleep", do_sleep },
	{ "memfd-exec", do_memfd_exec },
	{ "deleted-exec", do_deleted_exec },
	{ "forks", do_forks },
	{ "burn", do_burn },
	{ "ptrace", do_ptrace },
	{ "vm-write", do_vm_write },
	{ "mmap-wx", do_mmap_wx },
	{ "mmap-rw", do_mmap_rw },
	{ "userfaultfd", do_userfaultfd },
	{ "io-uring", do_io_uring },
	{ "bpf", do_bpf },
	{ "init-module", do_init_module },
	{ "delete-module", do_delete_module },
	{ "kexec", do_kexec },
	{ "open-handle", do_open_handle },
	{ "setns", do_setns },
	{ "unshare-user", do_unshare_user },
	{ "unshare-files", do_unshare_files },
	{ "clone-user", do_clone_user },
	{ "clone-files", do_clone_files },
	{ "mount", do_mount },
	{ "mknod", do_mknod },
	{ "mkfifo", do_mkfifo },
	{ "chroot", do_chroot },
	{ "become-root", do_become_root },
	{ "setuid", do_setuid },
	{ "read", do_read },
	{ "write", do_write },
	{ "open-write", do_open_write },
	{ "rename", do_rename },
	{ "setxattr", do_setxattr },
	{ "rewrite", do_rewrite },
	{ "address", do_address },
	{ "listen", do_listen },
	{ "listen-any", do_listen_any },
	{ "serve", do_serve },
	{ "connect", do_connect },
	{ "connect-unix", do_connect_unix },
	{ "serve-unix", do_serve_unix },
	{ "dup-socket", do_dup_socket },
	{ "dup-file", do_dup_file },
	{ "input-socket", do_input_socket },
	{ "input-listener", do_input_listener },
	{ "input-closed", do_input_closed },
	{ "input-spawn", do_input_spawn },
	{ "packet-socket", do_packet_socket },
	{ "dns", do_dns },
	{ "dns-many", do_dns_many },
	{ "ports", do_ports },
	{ "peers", do_peers },
	{ "connects", do_connects },
};

static int act(char **words)
{
	for (size_t i = 0; words[0] && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(words[0], actions[i].name) == 0) {
			int r = actions[i].run(words + 1);

			if (r)
				fprintf(stderr, "actor %s: %d (%s)\n", words[0], r,
					strerror(errno));
			return r;
		}
	return 0;
}

int main(int argc, char **argv)
{
	char *words[64] = { NULL }, *script = getenv("ACTOR"), *rest;
	int n = 0;

	if (!script)
		return argc > 1 ? act(argv + 1) : 0;
	rest = strdup(script);
	while (rest && n < 63) {
		char *word = strsep(&rest, " ");

		if (*word)
			words[n++] = word;
	}
	return act(words);
}

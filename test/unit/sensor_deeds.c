#include "sensor_deeds.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/base.h"

void deed_exec(const char *dir)
{
	char *const argv[] = { (char[]){ "true" }, (char[]){ HOSTILE }, (char[]){ "" }, NULL };
	char *const env[] = { NULL };

	if (chdir(dir) == 0)
		execve("/bin/true", argv, env);
}

/* Descriptors of its own that are closed by the exec are let go of as the script's is. */
void deed_script(const char *dir)
{
	static const char text[] = "#!/bin/true -x\n";
	char *const argv[] = { (char[]){ "script" }, NULL };
	char *const env[] = { NULL };
	int fd;

	if (chdir(dir))
		_exit(1);
	fd = open("script", O_CREAT | O_WRONLY, 0755);
	if (write(fd, text, sizeof(text) - 1) < 0 || close(fd))
		_exit(1);
	for (int i = 0; i < 5; i++)
		open("script", O_RDONLY | O_CLOEXEC);
	execve("./script", argv, env);
}

static void exec_true(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	char *const env[] = { NULL };

	execve("/bin/true", argv, env);
	_exit(1);
}

static void read_input(const char *dir, bool removed)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/input", dir);
	close(0);
	if (open(path, O_CREAT | O_RDONLY, 0600) != 0 || (removed && unlink(path)))
		_exit(1);
	exec_true();
}

void deed_reads_file(const char *dir)
{
	read_input(dir, false);
}

void deed_reads_removed(const char *dir)
{
	read_input(dir, true);
}

/* Connected by the number it has, so that nothing is duplicated. @return the socket that listens */
static int connect_input(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	close(0);
	if (s < 0 || bind(s, (struct sockaddr *)&a, n) || listen(s, 1) ||
	    getsockname(s, (struct sockaddr *)&a, &n) || socket(AF_INET, SOCK_STREAM, 0) != 0 ||
	    connect(0, (struct sockaddr *)&a, n))
		_exit(1);
	return s;
}

void deed_reads_network(const char *dir)
{
	(void)dir;
	connect_input();
	exec_true();
}

/* The other end has shut it, which leaves what was sent to be read. */
void deed_reads_shut(const char *dir)
{
	struct pollfd p = { .fd = 0, .events = POLLRDHUP };
	int other = accept(connect_input(), NULL, NULL);

	(void)dir;
	if (other < 0 || close(other) || poll(&p, 1, 10000) != 1)
		_exit(1);
	exec_true();
}

void deed_long_exec(const char *dir)
{
	static char text[100000];
	char *argv[45];
	char *const env[] = { NULL };
	struct rlimit stack = { 64u << 20, 64u << 20 };

	(void)dir;
	setrlimit(RLIMIT_STACK, &stack);
	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < ARRAY_LEN(argv) - 1; i++)
		argv[i] = text;
	argv[ARRAY_LEN(argv) - 1] = NULL;
	execve("/bin/true", argv, env);
	_exit(99);
}

void deed_medium_exec(const char *dir)
{
	static char text[20000];
	char *const argv[] = { text, text, NULL };
	char *const env[] = { NULL };

	(void)dir;
	memset(text, 'y', sizeof(text) - 1);
	execve("/bin/true", argv, env);
}

void deed_memfd(const char *dir)
{
	char *const argv[] = { (char[]){ "m" }, NULL };
	char *const env[] = { NULL };
	int fd = memfd_create("thing", MFD_CLOEXEC);
	int in = open("/bin/true", O_RDONLY);
	char bytes[65536];
	ssize_t n;

	(void)dir;
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)n) != n)
			return;
	syscall(SYS_execveat, fd, "", argv, env, AT_EMPTY_PATH);
}

void deed_files(const char *dir)
{
	int fd;

	if (chdir(dir))
		_exit(1);
	fd = (int)syscall(SYS_openat, AT_FDCWD, HOSTILE, O_CREAT | O_WRONLY | O_TRUNC, 0755);
	fchmod(fd, 0600);
	(void)!ftruncate(fd, 5);
	close(fd);
	open("/no/such", O_RDONLY);
	syscall(SYS_mkdirat, AT_FDCWD, "up", 0700);
	syscall(SYS_rename, HOSTILE, "up/.././b");
	unlinkat(AT_FDCWD, "up", AT_REMOVEDIR);
	close(open("b", O_CREAT | O_WRONLY | O_TRUNC, 0755));
	syscall(SYS_link, "b", "c");
	syscall(SYS_symlink, "../x", "s");
	syscall(SYS_unlinkat, AT_FDCWD, "s", 0);
	syscall(SYS_unlink, "c");
	syscall(SYS_mkdir, "d", 0700);
	fd = open("d", O_RDONLY | O_DIRECTORY);
	syscall(SYS_mkdirat, fd, "e", 0750);
	syscall(SYS_unlinkat, fd, "e", AT_REMOVEDIR);
	syscall(SYS_chmod, "b", 04755);
	syscall(SYS_chown, "b", 0, -1);
	syscall(SYS_mknodat, AT_FDCWD, "p", S_IFIFO | 0600, 0);
	unlink("p");
	unlink("b");
	syscall(SYS_rmdir, "d");
}

/* The socket's name is the one in @p u; who connects to it has a name of its own and gives a link's. */
static void connect_by_a_link(struct sockaddr_un *u, const char *dir)
{
	struct sockaddr_un link = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(link.sun_path, sizeof(link.sun_path), "%s/other", dir);
	if (bind(s, (struct sockaddr *)u, sizeof(*u)) || listen(s, 1) ||
	    syscall(SYS_symlink, u->sun_path, link.sun_path) ||
	    bind(c, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "\0mine" }, 7) ||
	    connect(c, (struct sockaddr *)&link, sizeof(link)))
		_exit(1);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(c, (struct sockaddr *)u, sizeof(*u)))
		_exit(1);
	dup2(c, 1);
	unlink(link.sun_path);
	unlink(u->sun_path);
}

void deed_sockets(const char *dir)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(1) };
	struct sockaddr_un u = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(a);
	char byte[4] = "abc";
	int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), in;

	if (bind(s, (struct sockaddr *)&a, n) || listen(s, 7) ||
	    getsockname(s, (struct sockaddr *)&a, &n) || connect(c, (struct sockaddr *)&a, n))
		_exit(1);
	in = accept4(s, NULL, NULL, 0);
	send(in, byte, 3, 0);
	recv(c, byte, 3, 0);
	dup2(c, 0);
	memcpy(&six.sin6_addr, (uint8_t[16]){ [10] = 0xff, 0xff, 127, 0, 0, 1 }, 16);
	connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&six, sizeof(six));
	snprintf(u.sun_path, sizeof(u.sun_path), "%s/sock", dir);
	bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&u, sizeof(u));
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&u, sizeof(u));
	unlink(u.sun_path);
	connect_by_a_link(&u, dir);
	a.sin_port = htons(9);
	sendto(socket(AF_INET, SOCK_DGRAM, 0), byte, 1, 0, (struct sockaddr *)&a, sizeof(a));
}

bool has_loopback6(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons(9),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = s >= 0 && connect(s, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(s);
	return has;
}

/* By a socket that is connected to something else. Without IPv6 nothing is sent by it. */
static void ask_beside_connection(int family, const void *query, size_t n)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(9),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons(9),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *to = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t size = family == AF_INET ? sizeof(four) : sizeof(six);
	int s = socket(family, SOCK_DGRAM, 0);

	if (connect(s, to, size))
		return;
	four.sin_port = six.sin6_port = htons(53);
	sendto(s, query, n, 0, to, size);
}

void deed_dns(const char *dir)
{
	static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03WwW\x07"
				    "example\x03org\x00\x00\x1c\x00\x01";
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(53),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	(void)dir;
	sendto(s, query, sizeof(query) - 1, 0, (struct sockaddr *)&a, sizeof(a));
	sendto(s, "junk", 4, 0, (struct sockaddr *)&a, sizeof(a));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) == 0)
		(void)!write(s, query, sizeof(query) - 1);
	ask_beside_connection(AF_INET, query, sizeof(query) - 1);
	ask_beside_connection(AF_INET6, query, sizeof(query) - 1);
}

void deed_calls(const char *dir)
{
	void *p;

	(void)dir;
	syscall(SYS_ptrace, 16, getpid(), 0,
		0); /* refused; another would be stopped, process 1 too */
	syscall(SYS_kill, getpid(), 0);
	syscall(SYS_unshare, 0x04000000);
	syscall(SYS_setns, 0, 0x20000);
	syscall(SYS_setuid, 0);
	syscall(SYS_setresgid, -1, 0, -1);
	syscall(SYS_bpf, 5, (uint32_t[]){ 26, 0 }, 8);
	syscall(SYS_mount, "src", "/no/target", "tmpfs", 6, NULL);
	syscall(SYS_umount2, "/no/target", 2);
	syscall(SYS_delete_module, "nomodule", O_NONBLOCK);
	syscall(SYS_userfaultfd, 1);
	syscall(SYS_add_key, "user", "skep-test", "x", 1, 0);
	syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0);
	p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(p, 8192, PROT_READ | PROT_WRITE | PROT_EXEC);
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	syscall(SYS_chroot, "/no/root");
}

void deed_one_open(const char *dir)
{
	(void)dir;
	syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static void *wait_here(void *ready)
{
	return read(((int *)ready)[0], (char[1]){ 0 }, 1) < 0 ? ready : NULL;
}

void deed_asked(const char *dir)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	char *const env[] = { NULL };
	pthread_t thread;
	int pair[2];

	if (chdir(dir) || pipe(pair))
		_exit(1);
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(pair[1], 1);
	close(2); /* the next open takes it */
	pthread_create(&thread, NULL, wait_here, pair);
	syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	dup2(socket(AF_UNIX, SOCK_STREAM, 0), 2);
	if (chdir("/dev"))
		_exit(1);
	syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	execve("/bin/true", argv, env);
}

const char *deed_own_file(void)
{
	static char path[64];

	if (!path[0])
		snprintf(path, sizeof(path), "/tmp/skep-losses-%d", (int)getpid());
	return path;
}

const char *deed_own_group(void)
{
	static char path[64];

	if (!path[0])
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/skep-losses-%d",
			 access("/sys/fs/cgroup/memory", F_OK) ? "." : "memory", (int)getpid());
	return path;
}

static void enter_own_group(void)
{
	char procs[128];
	int fd;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", deed_own_group());
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(1);
	close(fd);
}

void deed_own_opens(const char *dir)
{
	(void)dir;
	enter_own_group();
	for (int i = 0; i < DEED_OPENS; i++)
		close((int)syscall(SYS_openat, AT_FDCWD, deed_own_file(), O_RDONLY | O_CREAT,
				   0600));
}

/* The filter in the kernel against the one in user space: folders that are renamed, mount points, names of processes, sockets that are
 * connected. */
#include "filter_deeds.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static void open_now(const char *dir, const char *name)
{
	char path[4 * TEXT_BYTES];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	must(close((int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0)));
}

static const char *const in_folder[] = { "f", "ba", "mnt", "mnt/f", "mnt/ba" };

/* One folder under two names by turns, with a file system mounted in it. */
static void act_on_tree(struct fixture *f)
{
	char names[2][TEXT_BYTES], path[2 * TEXT_BYTES];

	must(unshare(CLONE_NEWNS));
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("tmpfs", f->dir, "tmpfs", 0, NULL));
	for (int i = 0; i < 2; i++)
		snprintf(names[i], TEXT_BYTES, "%s/d%d", f->dir, i);
	must(mkdir(names[0], 0755));
	for (size_t i = 0; i < ARRAY_LEN(in_folder); i++) {
		snprintf(path, sizeof(path), "%s/%s", names[0], in_folder[i]);
		if (i != 2) {
			must(mknod(path, S_IFREG | 0644, 0)); /* no open */
			continue;
		}
		must(mkdir(path, 0755));
		must(mount("tmpfs", path, "tmpfs", 0, NULL));
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < ARRAY_LEN(in_folder); i++) {
			open_now(names[round % 2], "/");
			snprintf(path, sizeof(path), "/%s", in_folder[i]);
			open_now(names[round % 2], path);
		}
		open_now("", "/");
		open_now("", "/proc");
		must(rename(names[round % 2], names[(round + 1) % 2]));
	}
}

static void folders_under_two_names(void **state)
{
	struct fixture *f = begin();
	char text[TEXT_BYTES];

	(void)state;
	want(f, KERNEL_PATH_EXACT, f->dir, "/d0/f");
	want(f, KERNEL_PATH_EXACT, f->dir, "/d1/mnt");
	want(f, KERNEL_PATH_PREFIX, f->dir, "/d1/mnt/b");
	want(f, KERNEL_PATH_SUFFIX, "", "/d0/mnt/f");
	for (int i = 0; i < 2; i++) {
		for (size_t n = 0; n < ARRAY_LEN(in_folder); n++) {
			struct deed *d;

			snprintf(text, sizeof(text), "%s/d%d/%s", f->dir, i, in_folder[n]);
			d = deed(f, EVENT_OPENAT, false, text);
			d->done = ROUNDS / 2;
			d->may_pass = n == 2;
		}
		snprintf(text, sizeof(text), "%s/d%d/", f->dir, i);
		deed(f, EVENT_OPENAT, false, text)->done = ROUNDS / 2 * ARRAY_LEN(in_folder);
	}
	deed(f, EVENT_OPENAT, false, "/")->done = ROUNDS;
	deed(f, EVENT_OPENAT, false, "/proc")->done = ROUNDS;
	deed(f, EVENT_OPENAT, false, "/proc")->may_pass = true;
	if (run(f, act_on_tree))
		compare(f, 4);
	end(f);
}

static void act_by_turns(struct fixture *f)
{
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < f->count; i++)
			must(close((int)syscall(SYS_openat, AT_FDCWD, f->deeds[i].text,
						f->deeds[i].flags, 0)));
}

/* What is remembered of a file holds for one way to open it. */
static void one_file_many_ways(void **state)
{
	static const struct {
		const char *path; /* so that each is told apart */
		int flags;
	} ways[] = {
		{ "/f", O_RDONLY },
		{ "/./f", O_WRONLY },
		{ "/././f", O_RDWR },
		{ "/./././f", O_RDONLY },
	};
	struct fixture *f = begin();
	char text[TEXT_BYTES];

	(void)state;
	want(f, KERNEL_PATH_EXACT, f->dir, "/f");
	f->clause.open_modes = 2;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct deed *d;

		snprintf(text, sizeof(text), "%s%s", f->dir, ways[i].path);
		d = deed(f, EVENT_OPENAT, false, text);
		d->done = ROUNDS;
		d->flags = ways[i].flags;
	}
	assert_int_equal(mknod(f->deeds[0].text, S_IFREG | 0644, 0), 0);
	if (run(f, act_by_turns))
		compare(f, 2);
	unlink(f->deeds[0].text);
	end(f);
}

/* That a path was given with ".." in it is known of the one given alone, which a file that is open has no more. */
static void path_that_climbs(void **state)
{
	static const char *const paths[] = { "/f", "/./f", "/d/../f", "/d/.././f" };
	struct fixture *f = begin();
	char text[TEXT_BYTES];

	(void)state;
	want(f, KERNEL_PATH_EXACT, f->dir, "/f");
	f->clause.climbs = true;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct deed *d;

		snprintf(text, sizeof(text), "%s%s", f->dir, paths[i]);
		d = deed(f, EVENT_OPENAT, false, text);
		d->done = ROUNDS;
	}
	snprintf(text, sizeof(text), "%s/d", f->dir);
	assert_int_equal(mkdir(text, 0755), 0);
	assert_int_equal(mknod(f->deeds[0].text, S_IFREG | 0644, 0), 0);
	if (run(f, act_by_turns))
		compare(f, 2);
	unlink(f->deeds[0].text);
	rmdir(text);
	end(f);
}

static const struct {
	const char *name;
	uint8_t file_flags;
} layered[] = {
	{ "/top/image", EVENT_FILE_SEEN | EVENT_FILE_LOWER },
	{ "/top/made", EVENT_FILE_SEEN | EVENT_FILE_UPPER },
	{ "/low/image", EVENT_FILE_SEEN },
};

static void act_on_layers(struct fixture *f)
{
	static const char *const folders[] = { "low", "up", "work", "top" };

	must(unshare(CLONE_NEWNS));
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("tmpfs", f->dir, "tmpfs", 0, NULL));
	must(chdir(f->dir));
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		must(mkdir(folders[i], 0755));
	must(mknod("low/image", S_IFREG | 0644, 0));
	must(mount("overlay", "top", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work"));
	must(mknod("top/made", S_IFREG | 0644, 0));
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ARRAY_LEN(layered); i++)
			open_now(f->dir, layered[i].name);
}

/* Names that are asked for in the upper layer alone. */
static void files_of_the_upper_layer(void **state)
{
	static const str self[] = { { "test_sensor_fil", 15 } };
	struct fixture *f = begin();
	char text[TEXT_BYTES];

	(void)state;
	f->clause.comms = self;
	f->clause.comm_count = 1;
	f->clause.upper = true;
	for (size_t i = 0; i < ARRAY_LEN(layered); i++) {
		struct deed *d;

		snprintf(text, sizeof(text), "%s%s", f->dir, layered[i].name);
		d = deed(f, EVENT_OPENAT, false, text);
		d->comm = "test_sensor_fil";
		d->file_flags = layered[i].file_flags;
		d->done = ROUNDS;
	}
	if (run(f, act_on_layers))
		compare(f, 1);
	end(f);
}

static void call_oneself(const char *name)
{
	must(prctl(PR_SET_NAME, name));
}

/* Opens the file of a name, and does not come back in a child of its own. */
static void open_once(const struct fixture *f, const char *name)
{
	char path[2 * TEXT_BYTES];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	must(close((int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0)));
}

static void *open_by_thread(void *f)
{
	call_oneself("thread");
	open_once(f, "by a thread");
	return NULL;
}

static void in_child(struct fixture *f, void (*action)(struct fixture *f))
{
	pid_t child = fork();
	int status;

	if (!child) {
		action(f);
		_exit(0);
	}
	must(waitpid(child, &status, 0));
	must(-status);
}

static void execute(const struct fixture *f, const char *program, const char *name)
{
	char path[2 * TEXT_BYTES];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	execl(program, program, path, NULL);
	_exit(1);
}

static void act_unnamed(struct fixture *f)
{
	open_once(f, "born without a name");
}

static void act_of_renamed(struct fixture *f)
{
	open_once(f, "born under another name");
	call_oneself("tar");
	open_once(f, "came to the name again");
}

static void act_as_tar(struct fixture *f)
{
	pthread_t thread;

	open_once(f, "born under the name");
	call_oneself("other");
	open_once(f, "under another name since");
	call_oneself("third");
	open_once(f, "under a third name");
	must(-pthread_create(&thread, NULL, open_by_thread, f));
	must(-pthread_join(thread, NULL));
	in_child(f, act_of_renamed);
	call_oneself("");
	in_child(f, act_unnamed);
}

static void execute_tar(struct fixture *f)
{
	char path[2 * TEXT_BYTES];

	snprintf(path, sizeof(path), "%s/tar", f->dir);
	call_oneself("other");
	execute(f, path, "executed under the name");
}

static void execute_other(struct fixture *f)
{
	call_oneself("tar");
	execute(f, "/proc/self/exe", "executed under another name");
}

static void act_by_names(struct fixture *f)
{
	open_once(f, "as it began");
	call_oneself("tar");
	open_once(f, "came to the name");
	in_child(f, act_as_tar);
	in_child(f, execute_tar);
	in_child(f, execute_other);
}

/* A process goes by the name it executed or was forked under. */
static void names_of_processes(void **state)
{
	static const struct {
		const char *text, *comm;
	} opens[] = {
		{ "as it began", "test_sensor_fil" },     { "came to the name", "test_sensor_fil" },
		{ "born under the name", "tar" },         { "under another name since", "tar" },
		{ "under a third name", "tar" },          { "by a thread", "tar" },
		{ "born under another name", "third" },   { "came to the name again", "third" },
		{ "born without a name", NULL },          { "executed under the name", "tar" },
		{ "executed under another name", "exe" },
	};
	static const str tar[] = { { "tar", 3 } };
	struct fixture *f = begin();
	char path[TEXT_BYTES], program[2 * TEXT_BYTES];

	(void)state;
	f->clause.comms = tar;
	f->clause.comm_count = 1;
	for (size_t i = 0; i < ARRAY_LEN(opens); i++) {
		struct deed *d;

		snprintf(path, sizeof(path), "%s/%s", f->dir, opens[i].text);
		assert_int_equal(mknod(path, S_IFREG | 0644, 0), 0);
		d = deed(f, EVENT_OPENAT, false, path);
		d->comm = opens[i].comm;
		d->done = 1;
	}
	snprintf(program, sizeof(program), "%s/tar", f->dir);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)getpid());
	assert_int_equal(symlink(path, program), 0);
	if (run(f, act_by_names))
		compare(f, 6);
	for (size_t i = 0; i < f->count; i++)
		unlink(f->deeds[i].text);
	unlink(program);
	end(f);
}

enum { TCP, TCP_FAST, UDP, UDP_CONNECTED, LOCAL, SOCKETS };
/* In a network of its own. */
enum { PORT = 7001, OTHER_PORT };

/* Results tell them apart: so many bytes are sent. */
static const struct {
	enum event_type type;
	int by;
	bool connected;
	uint16_t to; /* the port of the address that is given; 0: none is */
	int64_t result;
} sends[] = {
	{ EVENT_SENDTO, TCP, true, 0, 1 },
	{ EVENT_SENDMSG, TCP, true, 0, 2 },
	{ EVENT_SENDTO, TCP_FAST, false, PORT, 3 },
	{ EVENT_SENDTO, UDP, false, PORT, 4 },
	{ EVENT_SENDMSG, UDP, false, PORT, 5 },
	{ EVENT_SENDTO, UDP, false, 0, -EDESTADDRREQ },
	{ EVENT_SENDMSG, UDP, false, 0, -EDESTADDRREQ },
	{ EVENT_SENDTO, UDP_CONNECTED, true, 0, 6 },
	{ EVENT_SENDMSG, UDP_CONNECTED, true, 0, 7 },
	{ EVENT_SENDTO, UDP_CONNECTED, false, OTHER_PORT, 8 },
	{ EVENT_SENDMSG, UDP_CONNECTED, false, OTHER_PORT, 9 },
	{ EVENT_SENDTO, LOCAL, true, 0, 10 },
	{ EVENT_SENDMSG, LOCAL, true, 0, 11 },
};

/* A network of the child's own, with a loopback. */
static void enter_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s;

	must(unshare(CLONE_NEWNET));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	must(ioctl(s, SIOCSIFFLAGS, &lo));
	close(s);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* The sockets, and by TCP and by UDP somebody who listens. */
static void open_sockets(int *s)
{
	struct sockaddr_in at = loopback(PORT), *a = &at;
	socklen_t n = sizeof(at);
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), pair[2];

	must(bind(tcp, (struct sockaddr *)a, n));
	must(listen(tcp, 8));
	must(bind(udp, (struct sockaddr *)a, n));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	s[LOCAL] = pair[0];
	for (int i = 0; i < LOCAL; i++)
		s[i] = socket(AF_INET, i < UDP ? SOCK_STREAM : SOCK_DGRAM, 0);
	must(connect(s[TCP], (struct sockaddr *)a, n));
	must(connect(s[UDP_CONNECTED], (struct sockaddr *)a, n));
}

static void act_by_sends(struct fixture *f)
{
	int s[SOCKETS];

	(void)f;
	enter_network();
	open_sockets(s);
	for (size_t i = 0; i < ARRAY_LEN(sends); i++) {
		struct sockaddr_in a = loopback(sends[i].to);
		struct iovec v = { (char[]){ "0123456789ab" },
				   sends[i].result > 0 ? (size_t)sends[i].result : 1 };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
		int flags = sends[i].by == TCP_FAST ? MSG_FASTOPEN : 0;
		ssize_t r;

		if (sends[i].to) {
			m.msg_name = &a;
			m.msg_namelen = sizeof(a);
		}
		r = sends[i].type == EVENT_SENDMSG ? sendmsg(s[sends[i].by], &m, flags)
						   : sendto(s[sends[i].by], v.iov_base, v.iov_len,
							    flags, m.msg_name, m.msg_namelen);
		if ((r < 0 ? -errno : r) != sends[i].result)
			_exit(1);
	}
}

/* What is sent to an address or fails is looked at; of connected sockets the rest is not. */
static void sends_of_connected_sockets(void **state)
{
	struct fixture *f = begin();

	(void)state;
	f->clause.unconnected = true;
	for (size_t i = 0; i < ARRAY_LEN(sends); i++) {
		char text[TEXT_BYTES];
		struct deed *d;

		snprintf(text, sizeof(text), "%d", (int)sends[i].result);
		d = deed(f, sends[i].type, sends[i].result < 0, text);
		d->connected = sends[i].connected;
		d->port = sends[i].to                            ? sends[i].to
			  : d->connected && sends[i].by != LOCAL ? PORT
								 : 0;
		d->result = sends[i].result;
		d->done = 1;
	}
	if (run(f, act_by_sends))
		compare(f, 7);
	end(f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_under_two_names),
		cmocka_unit_test(one_file_many_ways),
		cmocka_unit_test(path_that_climbs),
		cmocka_unit_test(names_of_processes),
		cmocka_unit_test(files_of_the_upper_layer),
		cmocka_unit_test(sends_of_connected_sockets),
	};

	if (argc > 1) /* executed by a test */
		return close((int)syscall(SYS_openat, AT_FDCWD, argv[1], O_RDONLY, 0)) < 0;

	return RUN_BACKEND_TESTS(tests, NULL, NULL);
}

/* The box: throw-away containers where a real engine would take minutes each, as in an emulated machine. What it sets up is
 * what an engine's runtime sets up: namespaces, an overlay on /image, /proc and /dev, read-only parts of /proc, capabilities,
 * a control group named as Docker names one. There is no system-call filter.
 *
 *     box run ID [OPTIONS] -- WORDS...     runs the words as the container's first process; what is left ends with it
 *     box exec ID [OPTIONS] -- WORDS...    brings them into one that runs
 *     box stop ID
 *
 * OPTIONS are those of `docker run` and `docker exec`: -u UID, -t, --privileged, --cap-add NAME, --device PATH,
 * --tmpfs PATH[:exec], -v FROM:TO[:ro], --security-opt (taken and passed over).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 8

struct options {
	const char *id;
	uint64_t caps;
	unsigned int user;
	int terminal, privileged;
	double cpus; /* 0: as many as there are */
	const char *devices[MANY], *tmpfs[MANY], *volumes[MANY];
	int device_count, tmpfs_count, volume_count;
	char **words;
};

static void check(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "box: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* A path of up to 255 bytes; four at a time. */
__attribute__((format(printf, 1, 2))) static const char *path(const char *format, ...)
{
	static char room[4][256];
	static unsigned int at;
	char *p = room[at++ % 4];
	va_list args;

	va_start(args, format);
	vsnprintf(p, sizeof(room[0]), format, args);
	va_end(args);
	return p;
}

static void make_folders(const char *where)
{
	char p[256];

	snprintf(p, sizeof(p), "%s", where);
	for (char *s = strchr(p + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(p, 0755);
		*s = '/';
	}
	mkdir(p, 0755);
}

static const char *group_of(const char *id)
{
	return path("/sys/fs/cgroup/system.slice/docker-%s.scope", id);
}

static const struct {
	const char *name;
	int bit, usual;
} powers[] = {
	{ "CHOWN", CAP_CHOWN, 1 },
	{ "DAC_OVERRIDE", CAP_DAC_OVERRIDE, 1 },
	{ "FSETID", CAP_FSETID, 1 },
	{ "FOWNER", CAP_FOWNER, 1 },
	{ "MKNOD", CAP_MKNOD, 1 },
	{ "NET_RAW", CAP_NET_RAW, 1 },
	{ "SETGID", CAP_SETGID, 1 },
	{ "SETUID", CAP_SETUID, 1 },
	{ "SETFCAP", CAP_SETFCAP, 1 },
	{ "SETPCAP", CAP_SETPCAP, 1 },
	{ "NET_BIND_SERVICE", CAP_NET_BIND_SERVICE, 1 },
	{ "SYS_CHROOT", CAP_SYS_CHROOT, 1 },
	{ "KILL", CAP_KILL, 1 },
	{ "AUDIT_WRITE", CAP_AUDIT_WRITE, 1 },
	{ "SYS_ADMIN", CAP_SYS_ADMIN, 0 },
	{ "SYS_PTRACE", CAP_SYS_PTRACE, 0 },
	{ "NET_ADMIN", CAP_NET_ADMIN, 0 },
	{ "DAC_READ_SEARCH", CAP_DAC_READ_SEARCH, 0 },
};

static uint64_t power(const char *name)
{
	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++)
		if (strcmp(powers[i].name, name) == 0)
			return 1ull << powers[i].bit;
	errno = EINVAL;
	check(1, name);
	return 0;
}

static void take_options(char **a, struct options *o)
{
	o->id = *a++;
	for (size_t i = 0; i < sizeof(powers) / sizeof(powers[0]); i++)
		o->caps |= powers[i].usual ? 1ull << powers[i].bit : 0;
	for (; *a && strcmp(*a, "--"); a++) {
		const char *name = *a;

		if (strcmp(name, "-t") == 0) {
			o->terminal = 1;
		} else if (strcmp(name, "--privileged") == 0) {
			o->privileged = 1;
			o->caps = ~0ull;
		} else if (!*++a) {
			break;
		} else if (strcmp(name, "-u") == 0) {
			o->user = (unsigned int)atoi(*a);
		} else if (strcmp(name, "--cpus") == 0) {
			o->cpus = atof(*a);
		} else if (strcmp(name, "--cap-add") == 0) {
			o->caps |= power(*a);
		} else if (strcmp(name, "--device") == 0 && o->device_count < MANY) {
			o->devices[o->device_count++] = *a;
		} else if (strcmp(name, "--tmpfs") == 0 && o->tmpfs_count < MANY) {
			o->tmpfs[o->tmpfs_count++] = *a;
		} else if (strcmp(name, "-v") == 0 && o->volume_count < MANY) {
			o->volumes[o->volume_count++] = *a;
		} else if (strcmp(name, "--security-opt") && strcmp(name, "--cpu-shares")) {
			errno = EINVAL;
			check(1, name);
		}
	}
	errno = EINVAL;
	check(!a[0] || !a[1], "-- WORDS");
	o->words = a + 1;
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	check(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &r), "lo");
}

static void add_device(const char *root, const char *name)
{
	struct stat st;

	check(stat(name, &st) || mknod(path("%s%s", root, name), S_IFCHR | 0666, st.st_rdev), name);
	chmod(path("%s%s", root, name), 0666);
}

static void add_devices(const char *root, const struct options *o)
{
	static const char *const usual[] = { "/dev/null",   "/dev/zero",    "/dev/full",
					     "/dev/random", "/dev/urandom", "/dev/tty" };

	check(mount("tmpfs", path("%s/dev", root), "tmpfs", MS_NOSUID, "mode=755"), "/dev");
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add_device(root, usual[i]);
	for (int i = 0; i < o->device_count; i++)
		add_device(root, o->devices[i]);
	mkdir(path("%s/dev/pts", root), 0755);
	mkdir(path("%s/dev/shm", root), 01777);
	check(mount("devpts", path("%s/dev/pts", root), "devpts", 0, "newinstance,ptmxmode=666"),
	      "devpts");
	check(symlink("pts/ptmx", path("%s/dev/ptmx", root)), "ptmx");
	check(mount("shm", path("%s/dev/shm", root), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0),
	      "shm");
}

static void read_only(const char *where)
{
	check(mount(where, where, NULL, MS_BIND | MS_REC, NULL) ||
		      mount(NULL, where, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL),
	      where);
}

static void add_system(const char *root, const struct options *o)
{
	static const char *const kept[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };

	check(mount("proc", path("%s/proc", root), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL),
	      "/proc");
	check(mount("sysfs", path("%s/sys", root), "sysfs", o->privileged ? 0 : MS_RDONLY, NULL),
	      "/sys");
	for (size_t i = 0; !o->privileged && i < sizeof(kept) / sizeof(kept[0]); i++)
		if (access(path("%s/proc/%s", root, kept[i]), F_OK) == 0)
			read_only(path("%s/proc/%s", root, kept[i]));
}

/* FROM:TO[:ro] */
static void add_volume(const char *root, const char *words)
{
	char *from = strdup(words), *to = strchr(from, ':'), *how;

	errno = EINVAL;
	check(!to, words);
	*to++ = '\0';
	how = strchr(to, ':');
	if (how)
		*how = '\0';
	check(mount(from, path("%s%s", root, to), NULL, MS_BIND, NULL), words);
	if (how)
		read_only(path("%s%s", root, to));
}

static void add_tmpfs(const char *root, const char *words)
{
	char *where = strdup(words), *how = strchr(where, ':');

	if (how)
		*how = '\0';
	check(mount("tmpfs", path("%s%s", root, where), "tmpfs", how ? 0 : MS_NOEXEC, NULL), words);
}

static void make_root(const struct options *o)
{
	const char *base = path("/run/box/%s", o->id);
	char root[256], layers[768];

	snprintf(root, sizeof(root), "%s/root", base);
	snprintf(layers, sizeof(layers), "lowerdir=/image,upperdir=%s/upper,workdir=%s/work", base,
		 base);
	check(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	make_folders(root);
	mkdir(path("/run/box/%s/upper", o->id), 0755);
	mkdir(path("/run/box/%s/work", o->id), 0755);
	check(mount("overlay", root, "overlay", 0, layers), "overlay");
	add_system(root, o);
	add_devices(root, o);
	for (int i = 0; i < o->volume_count; i++)
		add_volume(root, o->volumes[i]);
	for (int i = 0; i < o->tmpfs_count; i++)
		add_tmpfs(root, o->tmpfs[i]);
	/* The first root file system cannot be left by pivot_root(2). */
	check(chdir(root) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"),
	      "root");
}

/* The last steps before the words: the control group, powers, user. */
static void become(const struct options *o, int group)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	check(write(group, "0", 1) != 1, "control group");
	close(group);
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (!(o->caps >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	for (int i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted = (uint32_t)(o->caps >> 32 * i);
		data[i].inheritable = 0;
	}
	data[1].effective &= (1u << (CAP_LAST_CAP - 31)) - 1;
	data[1].permitted &= (1u << (CAP_LAST_CAP - 31)) - 1;
	check(o->user && (setresgid(o->user, o->user, o->user) ||
			  setresuid(o->user, o->user, o->user)),
	      "user");
	check(!o->user && syscall(SYS_capset, &head, data), "capabilities");
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("HOSTNAME", "box", 1);
	execvp(o->words[0], o->words);
	check(1, o->words[0]);
}

static int ended(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int open_group(const char *id)
{
	int fd = open(path("%s/cgroup.procs", group_of(id)), O_WRONLY | O_CLOEXEC);

	check(fd < 0, "control group");
	return fd;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	check(!f || fputs(text, f) < 0 || fclose(f), name);
}

static int run(const struct options *o)
{
	int group, status;
	pid_t first;

	make_folders(group_of(o->id));
	if (o->cpus > 0)
		put(path("%s/cpu.max", group_of(o->id)),
		    path("%d 100000", (int)(o->cpus * 100000)));
	make_folders(path("/run/box/%s", o->id));
	group = open_group(o->id);
	check(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID),
	      "namespaces");
	first = fork();
	check(first < 0, "fork");
	if (first == 0) {
		check(sethostname("box", 3), "host name");
		loopback_up();
		make_root(o);
		setsid();
		become(o, group);
	}
	put(path("/run/box/%s/pid", o->id), path("%d", (int)first));
	status = ended(first);
	for (int i = 0; i < 100 && rmdir(group_of(o->id)); i++)
		usleep(10000);
	return status;
}

static pid_t first_of(const char *id)
{
	FILE *f = fopen(path("/run/box/%s/pid", id), "r");
	int pid = 0;

	check(!f || fscanf(f, "%d", &pid) != 1, "not running");
	fclose(f);
	return pid;
}

static void enter(pid_t pid)
{
	static const char *const kinds[] = { "ipc", "uts", "net", "pid", "mnt" };
	int fds[5];

	for (int i = 0; i < 5; i++)
		fds[i] = open(path("/proc/%d/ns/%s", (int)pid, kinds[i]), O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < 5; i++)
		check(setns(fds[i], 0), kinds[i]);
}

static void show(int master)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(master, bytes, sizeof(bytes))) > 0)
		(void)!write(1, bytes, (size_t)n);
}

static int exec_in(const struct options *o)
{
	int group = open_group(o->id), master = -1, slave = -1, unlock = 0, number = 0;
	pid_t child;

	enter(first_of(o->id));
	if (o->terminal) {
		master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
		check(master < 0 || ioctl(master, TIOCSPTLCK, &unlock) ||
			      ioctl(master, TIOCGPTN, &number),
		      "terminal");
		slave = open(path("/dev/pts/%d", number), O_RDWR | O_NOCTTY | O_CLOEXEC);
		check(slave < 0, "terminal");
	}
	child = fork();
	check(child < 0, "fork");
	if (child == 0) {
		setsid();
		if (o->terminal)
			check(ioctl(slave, TIOCSCTTY, 0) || dup2(slave, 0) < 0 ||
				      dup2(slave, 1) < 0 || dup2(slave, 2) < 0,
			      "terminal");
		become(o, group);
	}
	close(slave);
	if (o->terminal)
		show(master);
	return ended(child);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };

	if (argc == 3 && strcmp(argv[1], "stop") == 0)
		return kill(first_of(argv[2]), SIGKILL) < 0;
	errno = EINVAL;
	check(argc < 4, "run|exec ID [OPTIONS] -- WORDS, stop ID");
	take_options(argv + 2, &o);
	return strcmp(argv[1], "exec") ? run(&o) : exec_in(&o);
}

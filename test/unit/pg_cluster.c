#include "pg_cluster.h"

#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console/sql/sql.h"

#define BIN "/usr/lib/postgresql/15/bin/"
enum { TRIES = 4000, TRY_US = 25000, ROOM = 200 };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

/* Becomes the program, as user postgres: the server refuses to run as root. */
static void become(const char *const *argv)
{
	const struct passwd *who = getpwnam("postgres");
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (geteuid() == 0 &&
	    (!who || setgroups(0, NULL) < 0 || setgid(who->pw_gid) < 0 || setuid(who->pw_uid) < 0))
		_exit(126);
	/* Ends with the test, also when that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (chdir("/") < 0)
		_exit(126);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static pid_t start(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0)
		become(argv);
	return pid;
}

void pg_cluster_where(const struct pg_cluster *c, const char *database, char *ret, size_t room)
{
	snprintf(ret, room, "postgresql:///%s?host=%s&user=postgres", database, c->folder);
}

static bool server_answers(const struct pg_cluster *c)
{
	struct sql *s = NULL;
	char where[ROOM];
	int r;

	pg_cluster_where(c, "postgres", where, sizeof(where));
	r = sql_open(where, NULL, &s, NULL);
	sql_close(s);
	return r == 0;
}

void pg_cluster_start(struct pg_cluster *c)
{
	const char *const argv[] = { BIN "postgres",
				     "-D",
				     c->data,
				     "-k",
				     c->folder,
				     "-c",
				     "listen_addresses=",
				     "-c",
				     c->careless ? "fsync=off" : "fsync=on",
				     "-c",
				     c->careless ? "shared_buffers=32MB" : "shared_buffers=256MB",
				     "-c",
				     "max_wal_size=2GB",
				     "-c",
				     "max_connections=40",
				     NULL };

	c->server = start(argv);
	for (unsigned i = 0; i < TRIES && !server_answers(c); i++)
		usleep(TRY_US);
}

void pg_cluster_kill(struct pg_cluster *c)
{
	if (c->server <= 0)
		return;
	kill(c->server, SIGQUIT);
	waitpid(c->server, NULL, 0);
	c->server = 0;
}

static bool make_data(struct pg_cluster *c)
{
	const char *const argv[] = {
		BIN "initdb", "-D", c->data, "-U",          "postgres",  "-A",
		"trust",      "-E", "UTF8",  "--no-locale", "--no-sync", NULL
	};
	int status = 0;
	pid_t pid;

	if (access(BIN "postgres", X_OK) < 0 || (geteuid() == 0 && !getpwnam("postgres")))
		return false;
	pid = start(argv);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool pg_cluster_make(struct pg_cluster *c, bool careless)
{
	const struct passwd *who = getpwnam("postgres");

	*c = (struct pg_cluster){ .careless = careless };
	snprintf(c->folder, sizeof(c->folder), "/tmp/skep-store-XXXXXX");
	if (!mkdtemp(c->folder) ||
	    (geteuid() == 0 && who && chown(c->folder, who->pw_uid, who->pw_gid) < 0))
		return false;
	snprintf(c->data, sizeof(c->data), "%s/data", c->folder);
	return make_data(c);
}

void pg_cluster_remove(struct pg_cluster *c)
{
	pg_cluster_kill(c);
	if (c->folder[0])
		nftw(c->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

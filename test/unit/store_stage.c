#include "store_stage.h"

#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BIN "/usr/lib/postgresql/15/bin/"
enum { WHERES = 256, TRIES = 400, TRY_US = 25000, ROOM = 200 };

struct err stage_err;

static char folder[64], data[128];
static pid_t server;
static char wheres[WHERES][ROOM];
static unsigned where_count;
static bool skip_told;

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

static bool server_answers(void)
{
	struct sql *s = NULL;
	char where[ROOM];
	int r;

	snprintf(where, sizeof(where), "postgresql:///postgres?host=%s&user=postgres", folder);
	r = sql_open(where, NULL, &s, NULL);
	sql_close(s);
	return r == 0;
}

void store_stage_start_server(void)
{
	const char *const argv[] = { BIN "postgres",
				     "-D",
				     data,
				     "-k",
				     folder,
				     "-c",
				     "listen_addresses=",
				     "-c",
				     "fsync=off",
				     "-c",
				     "shared_buffers=32MB",
				     "-c",
				     "max_connections=40",
				     NULL };

	server = start(argv);
	for (unsigned i = 0; i < TRIES && !server_answers(); i++)
		usleep(TRY_US);
}

void store_stage_kill_server(void)
{
	if (server <= 0)
		return;
	kill(server, SIGQUIT);
	waitpid(server, NULL, 0);
	server = 0;
}

static bool make_cluster(void)
{
	const char *const argv[] = { BIN "initdb", "-D", data,   "-U",          "postgres",  "-A",
				     "trust",      "-E", "UTF8", "--no-locale", "--no-sync", NULL };
	int status = 0;
	pid_t pid;

	if (access(BIN "postgres", X_OK) < 0 || (geteuid() == 0 && !getpwnam("postgres")))
		return false;
	pid = start(argv);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int store_stage_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/skep-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	if (geteuid() == 0 && getpwnam("postgres") &&
	    chown(folder, getpwnam("postgres")->pw_uid, getpwnam("postgres")->pw_gid) < 0)
		return -1;
	snprintf(data, sizeof(data), "%s/data", folder);
	if (make_cluster())
		store_stage_start_server();
	return 0;
}

int store_stage_down(void **state)
{
	(void)state;
	store_stage_kill_server();
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void make_database(unsigned no)
{
	struct sql *s = NULL;
	char where[ROOM];
	OWNED_BUF text = BUF_INIT;

	snprintf(where, sizeof(where), "postgresql:///postgres?host=%s&user=postgres", folder);
	OK(sql_open(where, NULL, &s, E));
	buf_printf(&text, "CREATE DATABASE t%u", no);
	OK(sql_script(s, buf_cstr(&text), E));
	sql_close(s);
}

const char *store_stage_where(enum stage_engine engine)
{
	unsigned no = where_count;

	if (engine == STAGE_POSTGRES && server <= 0) {
		if (!skip_told)
			print_message("# skipped: no PostgreSQL 15 here: its half of each test\n");
		skip_told = true;
		return NULL;
	}
	assert_true(no < WHERES);
	where_count++;
	if (engine == STAGE_SQLITE) {
		snprintf(wheres[no], ROOM, "%s/t%u", folder, no);
	} else {
		make_database(no);
		snprintf(wheres[no], ROOM, "postgresql:///t%u?host=%s&user=postgres", no, folder);
	}
	return wheres[no];
}

void store_stage_each(store_test fn)
{
	for (unsigned engine = 0; engine < STAGE_ENGINES; engine++) {
		const char *where = store_stage_where(engine);
		struct store *s = NULL;

		if (!where)
			continue;
		OK(store_prepare(where, E));
		OK(store_open(where, NULL, &s, E));
		fn(s, where);
		store_close(s);
	}
}

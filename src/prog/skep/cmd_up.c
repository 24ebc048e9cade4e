/* The whole platform on one host: a console that may do nothing but keep its folder and speak, and an agent with the rights that
 * watching takes, each a process of its own under this one, which does nothing but start them, in order, and end them, in order. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/passage.h"
#include "base/process.h"
#include "base/shipped.h"
#include "base/text.h"
#include "codec/certificate.h"
#include "codec/join_token.h"
#include "console/console.h"
#include "prog/agent/agent.h"
#include "prog/console/console.h"
#include "prog/skep/command.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"
#include "prog/skep/translate.h"
#include "scan/vuln/db_store.h"

#define RESTART_NS (200 * MS_NS)
#define RESTART_MOST_NS (5000 * MS_NS)
#define STEADY_NS (10000 * MS_NS)
#define STOP_NS (15000 * MS_NS)
#define NOBODY 65534

enum { PATH_BYTES = 512, ITS_CONSOLE, ITS_AGENT };

struct child {
	pid_t pid; /* 0: not running */
	unsigned int starts;
	uint64_t started_ns, restart_ns, delay_ns;
};

struct up {
	struct invocation *v;
	const char *state, *listen;
	char listen_again[PATH_BYTES]; /* where port 0 came out */
	char console_state[PATH_BYTES], node_state[PATH_BYTES], url[PATH_BYTES];
	uid_t uid;
	gid_t gid;
	int signals, pipe[2], agents_pipe[2];
	struct child console, agent;
	struct console_ready ready;
	int failure; /* errno of a console that could not begin; 0: none, or none that it said */
	char why[ERR_TEXT_BYTES]; /* what it said then */
	int agents_failure;       /* likewise, of a first agent that was told wrongly */
	bool is_ready, stopping;
};

/* Lines go out whole: several processes and threads speak. */
static void speak(const char *who, const char *line)
{
	OWNED_BUF out = BUF_INIT, own = BUF_INIT;

	log_retell(line, &own);
	buf_printf(&out, "%s: ", who);
	text_escape(buf_str(&own), &out);
	buf_byte(&out, '\n');
	if (buf_error(&out) == 0)
		(void)!file_write_all(STDERR_FILENO, buf_str(&out), NULL);
}

static void say_console(void *ctx, const char *line)
{
	(void)ctx;
	speak("console", line);
}

static void say_agent(const char *line)
{
	speak("agent", line);
}

/* ---- The console ---- */

/* What a console's process tells this one; small enough that a pipe takes it whole. */
struct word {
	struct console_ready ready;
	char why[ERR_TEXT_BYTES]; /* it cannot begin, or ended; empty: it serves */
};
_Static_assert(sizeof(struct word) <= PIPE_BUF, "a word goes through a pipe whole");

static void tell(const struct up *u, struct word *w)
{
	(void)!file_write_all(u->pipe[1], (str){ (const char *)w, sizeof(*w) }, NULL);
	explicit_bzero(w, sizeof(*w));
}

static void tell_ready(void *ctx, const struct console_ready *r)
{
	struct word w = { .ready = *r };

	tell(ctx, &w);
}

static void tell_failure(const struct up *u, const struct err *e)
{
	struct word w = { 0 };

	snprintf(w.why, sizeof(w.why), "%s", e->text);
	tell(u, &w);
}

/** The folder of a file. */
static const char *folder_of(str path, struct arena *a)
{
	return path.n ? arena_str(a, str_take(path, str_find_last(path, '/'))).p : NULL;
}

/**
 * What the console reads and writes may lie below the home of whoever started us, where its user may not go: its own folder, what
 * ships with us (a checkout), and the vulnerability database of this user.
 */
static int open_ways(const struct up *u, struct err *e)
{
	struct arena a;
	str database = { 0 };
	int r;

	arena_init(&a, (size_t)1 << 20);
	(void)!db_user_path(&a, &database, NULL);

	const char *const folders[] = { u->console_state, shipped_path("rules", &a).p,
					shipped_path("vulndb", &a).p, folder_of(database, &a) };

	r = passage_open(folders, ARRAY_LEN(folders), u->uid, u->gid, e);
	arena_done(&a);
	return r;
}

static int run_console(void *ctx)
{
	struct up *u = ctx;
	struct err e = { .translate = u->v->err.translate };
	struct console_options o = {
		.state = u->console_state,
		.wants_token = true,
		/* A user that owns nothing but the console's folder. */
		.uid = u->uid,
		.gid = u->gid,
		.say = say_console,
		.on_ready = tell_ready,
		.ctx = u,
		.zh = &translation_zh,
	};
	char cache[PATH_BYTES + 8];
	int r;

	/* Ctrl-C is for the parent alone, which ends the agent first. */
	(void)setpgid(0, 0);
	close(u->pipe[0]);
	close(u->agents_pipe[0]);
	close(u->agents_pipe[1]);
	close(u->signals);
	r = console_take(&u->v->options, &o, &e);
	o.listen = u->listen;
	if (r == 0)
		r = open_ways(u, &e);
	/* Where the vulnerability database that ships is unpacked, once. */
	snprintf(cache, sizeof(cache), "%s/cache", u->console_state);
	(void)setenv("XDG_CACHE_HOME", cache, 1);
	if (r == 0)
		r = console_run(&o, &e);
	if (r < 0)
		tell_failure(u, &e);
	return -MIN(r, 0);
}

/* ---- The agent ---- */

/** Whether the agent of this host has joined this console already. */
static bool has_joined(const struct up *u)
{
	char path[PATH_BYTES + 32];
	OWNED_BUF pem = BUF_INIT;
	struct certificate *c = NULL;
	struct certificate_facts f;
	struct join_token token;
	bool joined = false;

	snprintf(path, sizeof(path), "%s/agent/identity.pem", u->node_state);
	if (access(path, R_OK) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/agent/ca.pem", u->node_state);
	if (file_read(AT_FDCWD, path, CERTIFICATE_MAX_BYTES, &pem, NULL) == 0 &&
	    join_token_parse(str_from(u->ready.token), &token, NULL) == 0 &&
	    certificate_parse(buf_str(&pem), &c, NULL) == 0) {
		certificate_read(c, &f);
		joined = memcmp(f.digest, token.authority, sizeof(f.digest)) == 0;
		certificate_free(c);
	}
	return joined;
}

static int set(struct option_set *o, const char *name, const char *value, struct err *e)
{
	return option_set_assign(o, option_set_find(o, str_from(name)), value, OPTION_ARGV,
				 "skep up", e);
}

/** What the agent is told: all that its own environment says, and whose it is. */
static int set_agent(const struct up *u, struct option_set *o, struct arena *a, struct err *e)
{
	const struct option_value *rules = option_set_find(&u->v->options, S("rules"));
	int r;

	option_set_init(o, a);
	r = option_set_add(o, agent_watch_options, e);
	if (r == 0)
		r = option_set_add(o, agent_tell_options, e);
	if (r == 0)
		r = set(o, "format", "none", e);
	if (r == 0 && u->node_state[0])
		r = set(o, "state", u->node_state, e);
	/* Whatever its environment says of another one. */
	if (r == 0)
		r = set(o, "console", u->ready.token[0] ? u->url : "", e);
	if (r == 0)
		r = set(o, "enroll", u->ready.token[0] && !has_joined(u) ? u->ready.token : "", e);
	for (size_t i = 0; r == 0 && i < rules->count; i++)
		r = option_set_assign(o, option_set_find(o, S("rules")), rules->items[i],
				      OPTION_ARGV, rules->where, e);
	return r == 0 ? option_set_environment(o, "SKEP", e) : r;
}

/** What its user must mend (options, rules) ends all, where the first agent finds it; what may get better by itself does not. */
static bool ends_all(const struct child *agent, int error)
{
	return agent->starts == 1 && error == EINVAL;
}

static int run_agent(void *ctx)
{
	struct up *u = ctx;
	struct option_set o;
	struct arena a;
	struct err e = { .translate = u->v->err.translate };
	int r;

	(void)setpgid(0, 0);
	close(u->pipe[0]);
	close(u->pipe[1]);
	close(u->agents_pipe[0]);
	close(u->signals);
	arena_init(&a, (size_t)16 << 20);
	r = set_agent(u, &o, &a, &e);
	if (r == 0)
		r = agent_run(&o, say_agent, &e);
	if (r < 0 && ends_all(&u->agent, -r))
		(void)!file_write_all(u->agents_pipe[1], str_from(e.text), NULL);
	else if (r < 0)
		speak("agent", e.text);
	arena_done(&a);
	return -MIN(r, 0);
}

/** What its environment says wrong is told now, before there is a console, and its first password. */
static int check_agent(const struct up *u, struct err *e)
{
	struct option_set o;
	struct arena a;
	int r;

	arena_init(&a, (size_t)16 << 20);
	r = set_agent(u, &o, &a, e);
	if (r == 0)
		r = agent_check_options(&o, e);
	arena_done(&a);
	return r;
}

/* ---- This process ---- */

static int start(struct up *u, int which, struct err *e)
{
	struct child *c = which == ITS_CONSOLE ? &u->console : &u->agent;
	int r;

	c->starts++;
	r = process_start_open(which == ITS_CONSOLE ? run_console : run_agent, u, &c->pid, e);
	c->started_ns = clock_ns(CLOCK_MONOTONIC);
	return r;
}

static void died(struct up *u, struct child *c, const char *who, int status)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	c->pid = 0;
	/* A console that could not begin has said why, by its status too, and ends us. */
	if (c == &u->console && !u->is_ready && WIFEXITED(status) && WEXITSTATUS(status))
		u->failure = WEXITSTATUS(status);
	/* So has an agent. One that came to watch ends by a signal if not by us. */
	if (c == &u->agent && WIFEXITED(status) && ends_all(c, WEXITSTATUS(status)))
		u->agents_failure = WEXITSTATUS(status);
	if (u->stopping || !u->is_ready || u->agents_failure)
		return;
	c->delay_ns = now - c->started_ns > STEADY_NS || !c->delay_ns
			      ? RESTART_NS
			      : MIN(c->delay_ns * 2, RESTART_MOST_NS);
	c->restart_ns = now + c->delay_ns;
	if (WIFSIGNALED(status))
		log_warning("the %s was ended by signal %d; starting it again", who,
			    WTERMSIG(status));
	else
		log_warning("the %s ended with status %d; starting it again", who,
			    WEXITSTATUS(status));
}

static void reap(struct up *u)
{
	int status;

	if (u->console.pid && waitpid(u->console.pid, &status, WNOHANG) > 0)
		died(u, &u->console, "console", status);
	if (u->agent.pid && waitpid(u->agent.pid, &status, WNOHANG) > 0)
		died(u, &u->agent, "agent", status);
}

/** @return whether it is time to end */
static bool take_signals(struct up *u)
{
	struct signalfd_siginfo i;
	bool end = false;

	while (read(u->signals, &i, sizeof(i)) == sizeof(i)) {
		if (i.ssi_signo == SIGHUP && u->console.pid)
			kill(u->console.pid, SIGHUP);
		if (i.ssi_signo == SIGHUP && u->agent.pid)
			kill(u->agent.pid, SIGHUP);
		end |= i.ssi_signo == SIGINT || i.ssi_signo == SIGTERM;
	}
	reap(u);
	return end;
}

static const char *port_of(const struct up *u)
{
	const char *colon = strrchr(u->listen, ':');

	return colon ? colon : "";
}

/** "https://localhost:8443", or the one address it listens at. */
static void set_url(struct up *u)
{
	size_t n = strlen(u->listen) - strlen(port_of(u));
	bool any = n == 0 || strncmp(u->listen, "0.0.0.0:", 8) == 0 ||
		   strncmp(u->listen, "[::]:", 5) == 0;

	snprintf(u->url, sizeof(u->url), "https://%.*s:%u", any ? 9 : (int)n,
		 any ? "localhost" : u->listen, u->ready.port);
}

static void show(struct up *u)
{
	FILE *out = u->v->out;

	fprintf(out, "\n  %s %s/\n", say(u->v, (struct phrase){ "The console:", "控制台：" }),
		u->url);
	for (size_t i = 0; i < u->ready.account_count; i++)
		fprintf(out, "  %s %s   %s %s\n",
			say(u->v, (struct phrase){ "Sign in as:", "用户名：" }),
			u->ready.accounts[i].name,
			say(u->v, (struct phrase){ "password:", "密码：" }),
			u->ready.accounts[i].password);
	if (u->ready.account_count)
		fprintf(out, "  %s\n",
			say(u->v,
			    (struct phrase){ "It is shown this once, and must be changed then.",
					     "密码仅显示这一次，登录后须修改。" }));
	fprintf(out, "  %s\n\n",
		say(u->v,
		    (struct phrase){
			    "Its certificate is its own: the browser asks once. Ctrl-C ends both.",
			    "证书为自签，浏览器会询问一次。按 Ctrl-C 结束。" }));
	fflush(out);
}

static void begin_serving(struct up *u)
{
	set_url(u);
	show(u);
	/* Whoever takes its place must be found where it was. */
	snprintf(u->listen_again, sizeof(u->listen_again), "%.*s:%u",
		 (int)(strlen(u->listen) - strlen(port_of(u))), u->listen, u->ready.port);
	u->listen = u->listen_again;
}

/* Its user has none of our rights, and what serves strangers may come to be somebody else's: nothing it says is read beyond its end. */
static void bound(struct word *w)
{
	w->why[sizeof(w->why) - 1] = '\0';
	w->ready.token[sizeof(w->ready.token) - 1] = '\0';
	w->ready.account_count = MIN(w->ready.account_count, ARRAY_LEN(w->ready.accounts));
	for (size_t i = 0; i < w->ready.account_count; i++) {
		w->ready.accounts[i].name[sizeof(w->ready.accounts[i].name) - 1] = '\0';
		w->ready.accounts[i].password[sizeof(w->ready.accounts[i].password) - 1] = '\0';
	}
}

/** What a console says that came to serve, or cannot. @return 0, -errno of the agent that is to follow, -EPIPE: nothing whole */
static int take_word(struct up *u, struct err *e)
{
	struct word w;

	if (read(u->pipe[0], &w, sizeof(w)) != sizeof(w)) {
		if (!u->is_ready)
			return err_set(e, EPIPE, "the console's process said nothing whole");
		/* It serves already, or its end is told: the agent watches on. */
		speak("console", "said nothing whole");
		return 0;
	}
	bound(&w);
	if (w.why[0]) {
		/* Of the first, this is how we end; of one that followed, a line. */
		if (u->is_ready)
			speak("console", w.why);
		else
			memcpy(u->why, w.why, sizeof(u->why));
		return 0;
	}
	u->ready = w.ready;
	explicit_bzero(&w, sizeof(w));
	if (!u->is_ready)
		begin_serving(u);
	u->is_ready = true;
	explicit_bzero(u->ready.accounts, sizeof(u->ready.accounts));
	return u->agent.pid ? 0 : start(u, ITS_AGENT, e);
}

/** Waits for something to do. @return whether it is time to end */
static bool wait_some(struct up *u, int most_ms, struct err *e, int *ret_error)
{
	struct pollfd fds[] = { { .fd = u->signals, .events = POLLIN },
				{ .fd = u->pipe[0], .events = POLLIN } };

	(void)poll(fds, ARRAY_LEN(fds), most_ms);
	if (fds[1].revents & POLLIN)
		*ret_error = take_word(u, e);
	return take_signals(u);
}

/** The end of a console that never came to serve. @return -errno */
static int could_not_begin(struct up *u, struct err *e)
{
	struct pollfd last = { .fd = u->pipe[0], .events = POLLIN };

	/* Its end may be noticed before its last word. */
	if (!u->why[0] && poll(&last, 1, 0) > 0 && take_word(u, e) < 0)
		return -EPIPE;
	if (u->why[0])
		return err_set(e, u->failure ? u->failure : ECHILD, "%s", u->why);
	return err_set(e, u->failure ? u->failure : ECHILD,
		       "the console ended before it served, and did not say why");
}

/** The end of an agent that could never come to watch. @return -errno */
static int agent_could_not_begin(struct up *u, struct err *e)
{
	char why[ERR_TEXT_BYTES];
	ssize_t n = read(u->agents_pipe[0], why, sizeof(why));

	if (n > 0)
		return err_set(e, u->agents_failure, "%.*s", (int)n, why);
	return err_set(e, u->agents_failure,
		       "the agent ended before it watched, and did not say why");
}

static int restart(struct up *u, struct err *e)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int r = 0;

	if (!u->console.pid && now >= u->console.restart_ns)
		r = start(u, ITS_CONSOLE, e);
	if (r == 0 && u->is_ready && !u->agent.pid && now >= u->agent.restart_ns)
		r = start(u, ITS_AGENT, e);
	return r;
}

static int watch_over(struct up *u, struct err *e)
{
	int r = 0;

	while (r == 0) {
		bool all = u->console.pid && (u->agent.pid || !u->is_ready);

		if (wait_some(u, all ? -1 : 100, e, &r))
			return r;
		/* One that never came to serve will not do better a moment later, and has said why. */
		if (r == 0 && !u->is_ready && !u->console.pid)
			return could_not_begin(u, e);
		if (r == 0 && u->agents_failure)
			return agent_could_not_begin(u, e);
		if (r == 0)
			r = restart(u, e);
	}
	return r;
}

static void end(struct up *u, struct child *c)
{
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + STOP_NS;
	struct err e = { 0 };
	int ignored = 0;

	if (c->pid)
		kill(c->pid, SIGTERM);
	/* Who asks once more does not want to wait. */
	while (c->pid && clock_ns(CLOCK_MONOTONIC) < until)
		if (wait_some(u, 200, &e, &ignored))
			until = 0;
	if (c->pid)
		process_kill(c->pid);
	c->pid = 0;
}

/** The console's user: `skep` where the packages made it, else nobody. */
static void choose_user(struct up *u)
{
	const struct passwd *p = getpwnam("skep");

	u->uid = p && p->pw_uid ? p->pw_uid : NOBODY;
	u->gid = p && p->pw_gid ? p->pw_gid : NOBODY;
}

static int make_state(struct up *u, struct err *e)
{
	OWNED char *whole = NULL;
	int r = file_make_dirs(u->state, 0711, e);

	if (r < 0)
		return r;
	/* The console may not go where we were started. */
	whole = realpath(u->state, NULL);
	if (!whole)
		return err_sys(e, errno, "%s", u->state);
	if ((size_t)snprintf(u->console_state, PATH_BYTES, "%s/console", whole) >= PATH_BYTES - 64)
		return err_set(e, EINVAL, "the path '%s' is too long", whole);
	snprintf(u->node_state, PATH_BYTES, "%s/node", whole);
	r = file_make_dirs(u->console_state, 0700, e);
	if (r == 0)
		r = file_make_dirs(u->node_state, 0700, e);
	if (r == 0 && chown(u->console_state, u->uid, u->gid) < 0)
		r = err_sys(e, errno, "cannot give '%s' to the console's user", u->console_state);
	return r;
}

static int run(struct invocation *v)
{
	struct up u = { .v = v,
			.state = option_text(&v->options, "state"),
			.listen = option_text(&v->options, "listen") };
	int r;

	if (geteuid() != 0)
		return err_set(&v->err, EPERM,
			       "skep up needs root: the agent watches the whole host");
	choose_user(&u);
	r = option_set_check_places(&v->options, &v->err);
	if (r == 0)
		r = check_agent(&u, &v->err);
	if (r == 0)
		r = make_state(&u, &v->err);
	if (r == 0)
		r = process_signals(true, &u.signals, &v->err);
	if (r == 0 &&
	    (pipe2(u.pipe, O_CLOEXEC) < 0 || pipe2(u.agents_pipe, O_CLOEXEC | O_NONBLOCK) < 0))
		r = err_sys(&v->err, errno, "cannot start");
	if (r == 0)
		r = start(&u, ITS_CONSOLE, &v->err);
	if (r == 0)
		r = watch_over(&u, &v->err);
	u.stopping = true;
	/* The agent first: its last alerts find the console. */
	end(&u, &u.agent);
	end(&u, &u.console);
	return r < 0 ? r : EXIT_CODE_OK;
}

static const struct option_def options[] = {
	{ .name = "state",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "DIR",
	  .fallback = "/var/lib/skep",
	  .is_made = true,
	  .complete = OPTION_COMPLETE_DIR,
	  .help = { "where both keep what they know; made when absent",
		    "控制台与代理的数据目录；不存在时创建" } },
	{ .name = "rules",
	  .letter = 'r',
	  .type = OPTION_MULTI,
	  .group = OPTION_GROUP_RULES,
	  .arg = "FILE|DIR",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "rules for this host's agent, as for `skep agent run`; those that ship "
		    "otherwise",
		    "本机代理的规则，同 skep agent run；缺省为自带规则" } },
	{ 0 },
};

const struct command cmd_up = {
	.name = "up",
	.summary = { "run console and agent on this host", "在本机运行整个平台：控制台与代理" },
	.detail = { "Starts a console, dropped to an unprivileged user and with its data in a "
		    "SQLite file unless --database says otherwise, and an agent that watches this "
		    "host and has joined it. Prints the address, and at the first start a "
		    "password. Further hosts join with a "
		    "token from the console's page of agents.\n\n"
		    "What dies is started again. Ctrl-C or SIGTERM ends the agent, then the "
		    "console; SIGHUP has them read rules and "
		    "certificates again. Other settings of the agent come from the environment, as "
		    "in SKEP_SYSLOG=tls://log.example:6514; a file of the console's (--sign-in) "
		    "may be "
		    "one that only root reads.\n\n"
		    "Larger fleets run `skep-console` on PostgreSQL and `skep-agent` on each node.",
		    "启动控制台（以非特权用户运行，除非以 --database 指定，数据存于 SQLite"
		    " 文件）以及监视本机并已加入该控制台的代理。打印访问地址；首次启动"
		    "时打印密码。其他主机凭控制台“代理”页面生成的令牌加入。\n\n异常退出"
		    "的进程会自动重启。Ctrl-C 或 SIGTERM 先结束代理，再结束控制台；SIGHUP"
		    " 重新读取规则与证书。代理的其他设置取自环境变量，如 "
		    "SKEP_SYSLOG=tls://log.example:6514"
		    "；控制台的文件（--sign-in）可仅 root 可读。\n\n更大规模请以 PostgreSQL"
		    " 运行 skep-console，并在各节点运行 skep-agent。" },
	.examples = { { "sudo skep up",
			{ "at https://localhost:8443", "访问 https://localhost:8443" } },
		      { "sudo skep up --state /srv/skep --listen 127.0.0.1:9443",
			{ "data elsewhere, for this host only", "指定数据目录，仅供本机访问" } } },
	.options = { options, console_options },
	.run = run,
};

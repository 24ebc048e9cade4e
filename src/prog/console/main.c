/* skep-console: the console alone. `skep up` runs the same beside an agent. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "console/console.h"
#include "prog/console/console.h"

#define DATABASE_URL_MAX ((uint64_t)4096)

static const struct option_def program_options[] = {
	{ .name = "help",
	  .letter = 'h',
	  .type = OPTION_FLAG,
	  .help = { "show this help", "显示帮助" } },
	{ .name = "version", .type = OPTION_FLAG, .help = { "show the version", "显示版本" } },
	{ 0 },
};

/** Lines go out whole: any thread may speak. */
static void say(void *ctx, const char *line)
{
	const int *fd = ctx;
	OWNED_BUF out = BUF_INIT;
	time_t now = time(NULL);
	struct tm tm;
	char when[32] = "";

	if (gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	buf_printf(&out, "%sskep-console: ", when);
	text_escape(str_from(line), &out);
	buf_byte(&out, '\n');
	if (buf_error(&out) == 0)
		(void)!file_write_all(*fd, buf_str(&out), NULL);
}

static void on_ready(void *ctx, const struct console_ready *r)
{
	char line[3 * CONSOLE_TEXT_BYTES];

	snprintf(line, sizeof(line), "serving at %s://localhost:%u/", r->is_tls ? "https" : "http",
		 r->port);
	say(ctx, line);
	/* To whoever started it, once; a log would keep it. */
	for (size_t i = 0; i < r->account_count; i++)
		printf("first sign-in: %s  password: %s\n", r->accounts[i].name,
		       r->accounts[i].password);
	fflush(stdout);
}

static void help(void)
{
	printf("Usage: skep-console [OPTION...]\n\nThe console: API, web pages and what agents "
	       "report to.\n\n");
	for (int t = 0; t < 2; t++)
		for (const struct option_def *d = t ? program_options : console_options; d->name;
		     d++)
			printf("  --%s%s%s\n      %s\n", d->name, d->arg ? " " : "",
			       d->arg ? d->arg : "", d->help.en);
}

/** "@FILE" is the file's text: on a command line everybody sees a password. */
static int take_database(const char *given, struct buf *room, const char **ret, struct err *e)
{
	int r;

	*ret = given;
	if (!given || given[0] != '@')
		return 0;
	r = file_read(AT_FDCWD, given + 1, DATABASE_URL_MAX, room, e);
	if (r < 0)
		return r;
	room->n = str_trim(buf_str(room)).n;
	*ret = buf_cstr(room);
	return buf_error(room);
}

static int open_log(const char *path, int *ret, struct err *e)
{
	*ret = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640) : STDERR_FILENO;
	return *ret < 0 ? err_sys(e, errno, "cannot write '%s'", path) : 0;
}

static int run_console(const struct option_set *o, struct err *e)
{
	OWNED_BUF database = BUF_INIT;
	uint64_t workers = option_number(o, "workers", 4);
	int log, r = open_log(option_text(o, "log"), &log, e);
	size_t names;
	struct console_options c = {
		.state = option_text(o, "state"),
		.listen = option_text(o, "listen"),
		.tls_cert = option_text(o, "tls-cert"),
		.tls_key = option_text(o, "tls-key"),
		.names = option_list(o, "name", &names),
		.ui_dir = option_text(o, "ui-dir"),
		.plain = option_flag(o, "plain"),
		.separate_duties = option_flag(o, "separate-duties"),
		.workers = (unsigned int)workers,
		.max_connections = (uint32_t)MIN(option_number(o, "max-connections", 0), 1000000u),
		.max_per_peer = (uint32_t)MIN(option_number(o, "max-per-address", 0), 1000000u),
		.say = say,
		.on_ready = on_ready,
		.ctx = &log,
	};

	if (workers < 2 || workers > 64)
		return err_set(e, EINVAL, "--workers is 2 to 64");
	if (c.tls_key && !c.tls_cert)
		return err_set(e, EINVAL, "--tls-key without --tls-cert");
	if (r == 0)
		r = take_database(option_text(o, "database"), &database, &c.database, e);
	return r < 0 ? r : console_run(&c, e);
}

static int run(struct option_set *o, int argc, const char *const *argv, struct err *e)
{
	int r = option_set_add(o, console_options, e);

	if (r == 0)
		r = option_set_add(o, program_options, e);
	if (r == 0)
		r = option_set_parse(o, argc, argv, e);
	if (r == 0)
		r = option_set_environment(o, "SKEP_CONSOLE", e);
	if (r == 0 && o->arg_count)
		r = err_set(e, EINVAL, "unexpected '%s'", o->args[0]);
	if (r < 0)
		return r;
	if (option_flag(o, "help")) {
		help();
		return 0;
	}
	if (option_flag(o, "version")) {
		printf("skep-console %s\n", SKEP_VERSION);
		return 0;
	}
	return run_console(o, e);
}

int main(int argc, char **argv)
{
	struct option_set o;
	struct arena arena;
	struct err e = { 0 };
	int log = STDERR_FILENO, r;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	arena_init(&arena, (size_t)1 << 20);
	option_set_init(&o, &arena);
	r = run(&o, argc - 1, (const char *const *)argv + 1, &e);
	arena_done(&arena);
	if (r < 0)
		say(&log, e.text);
	return r == -EINVAL ? 2 : r < 0 ? 1 : 0;
}

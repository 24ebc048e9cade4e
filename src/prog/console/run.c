#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "console/console.h"
#include "prog/console/console.h"

#define DATABASE_URL_MAX ((uint64_t)4096)

/** Lines go out whole: any thread may speak. */
void console_say(int fd, const char *line)
{
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
		(void)!file_write_all(fd, buf_str(&out), NULL);
}

static void say(void *ctx, const char *line)
{
	console_say(*(const int *)ctx, line);
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

int console_start(const struct option_set *o, const char *(*translate_zh)(const char *),
		  struct err *e)
{
	OWNED_BUF database = BUF_INIT;
	uint64_t workers = option_number(o, "workers", 4);
	int log, r = open_log(option_text(o, "log"), &log, e);
	size_t names, networks, proxies;
	struct console_options c = {
		.state = option_text(o, "state"),
		.listen = option_text(o, "listen"),
		.tls_cert = option_text(o, "tls-cert"),
		.tls_key = option_text(o, "tls-key"),
		.names = option_list(o, "name", &names),
		.notify_allow = option_list(o, "notify-allow", &networks),
		.trusted_proxies = option_list(o, "trusted-proxy", &proxies),
		.proxy_tells = option_text(o, "proxy-tells"),
		.ui_dir = option_text(o, "ui-dir"),
		.plain = option_flag(o, "plain"),
		.separate_duties = option_flag(o, "separate-duties"),
		.sign_in_file = option_text(o, "sign-in"),
		.workers = (unsigned int)workers,
		.max_connections = (uint32_t)MIN(option_number(o, "max-connections", 0), 1000000u),
		.max_per_peer = (uint32_t)MIN(option_number(o, "max-per-address", 0), 1000000u),
		.say = say,
		.on_ready = on_ready,
		.ctx = &log,
		.translate_zh = translate_zh,
	};

	if (workers < 2 || workers > 64)
		return err_set(e, EINVAL, "--workers is 2 to 64");
	if (c.tls_key && !c.tls_cert)
		return err_set(e, EINVAL, "--tls-key without --tls-cert");
	if (r == 0)
		r = take_database(option_text(o, "database"), &database, &c.database, e);
	return r < 0 ? r : console_run(&c, e);
}

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

	/* To whoever started it, once; a log would keep it. Who has read that it serves has read this, too. */
	for (size_t i = 0; i < r->account_count; i++)
		printf("first sign-in: %s  password: %s\n", r->accounts[i].name,
		       r->accounts[i].password);
	fflush(stdout);
	snprintf(line, sizeof(line), "serving at %s://localhost:%u/", r->is_tls ? "https" : "http",
		 r->port);
	say(ctx, line);
}

/** "@FILE" is the file's text: on a command line everybody sees a password. */
static int take_database(const struct option_set *o, const char **ret, struct err *e)
{
	const char *given = option_text(o, "database");
	OWNED_BUF text = BUF_INIT;
	int r;

	*ret = given && given[0] ? given : NULL;
	if (!*ret || given[0] != '@')
		return 0;
	r = file_read(AT_FDCWD, given + 1, DATABASE_URL_MAX, &text, e);
	if (r < 0)
		return r;
	*ret = arena_str(o->arena, str_trim(buf_str(&text))).p;
	return *ret ? 0 : err_set(e, ENOBUFS, "memory budget spent");
}

int console_take(const struct option_set *o, struct console_options *ret, struct err *e)
{
	uint64_t workers = option_number(o, "workers", 8);
	size_t count;

	if (workers < 2 || workers > 64)
		return err_set(e, EINVAL, "--workers is 2 to 64");
	ret->listen = option_text(o, "listen");
	ret->names = option_list(o, "name", &count);
	ret->notify_allow = option_list(o, "notify-allow", &count);
	ret->trusted_proxies = option_list(o, "trusted-proxy", &count);
	ret->proxy_tells = option_text(o, "proxy-tells");
	ret->ui_dir = option_text(o, "ui-dir");
	ret->separate_duties = option_flag(o, "separate-duties");
	ret->replace_secret_key = option_flag(o, "replace-secret-key");
	ret->sign_in_file = option_text(o, "sign-in");
	ret->workers = (unsigned int)workers;
	ret->max_connections = (uint32_t)MIN(option_number(o, "max-connections", 0), 1000000u);
	ret->max_per_peer = (uint32_t)MIN(option_number(o, "max-per-address", 0), 1000000u);
	return take_database(o, &ret->database, e);
}

static int open_log(const char *path, int *ret, struct err *e)
{
	*ret = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640) : STDERR_FILENO;
	if (*ret >= 0)
		return 0;
	(void)!err_sys(e, errno, "--log: name a file that can be written: '%s'", path);
	return -EINVAL;
}

/** Whether only this host reaches it. */
static bool is_own(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0 ||
	       strncmp(address, "localhost:", 10) == 0;
}

int console_start(const struct option_set *o, const struct translation *zh, struct err *e)
{
	int log = STDERR_FILENO, r = option_set_check_places(o, e);
	struct console_options c = {
		.state = option_text(o, "state"),
		.tls_cert = option_text(o, "tls-cert"),
		.tls_key = option_text(o, "tls-key"),
		.plain = option_flag(o, "plain"),
		.say = say,
		.on_ready = on_ready,
		.ctx = &log,
		.zh = zh,
	};

	if (r == 0)
		r = open_log(option_text(o, "log"), &log, e);
	if (r == 0)
		r = console_take(o, &c, e);
	if (r == 0 && c.tls_key && !c.tls_cert)
		r = err_set(e, EINVAL, "--tls-key without --tls-cert");
	if (r == 0 && c.plain && !is_own(c.listen))
		console_say(log, "no TLS, and other hosts reach it: passwords go over the network "
				 "in the clear; use --listen 127.0.0.1:PORT");
	return r < 0 ? r : console_run(&c, e);
}

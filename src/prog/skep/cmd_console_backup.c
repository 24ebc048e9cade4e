#include "console/store/store.h"
#include "prog/console/console.h"
#include "prog/skep/command.h"
#include "prog/skep/result.h"

static int run(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;
	struct sql *sql = NULL;
	const struct sql_options read = { .read_only = true };
	int r = sql_open(option_text(&v->options, "state"), &read, &sql, &v->err);

	r = r < 0 ? r : sql_backup(sql, v->args[0], &v->err);
	sql_close(sql);
	if (r < 0)
		return r;
	result_say(v, &out, "copied to {0}\n", "已备份到 {0}\n", str_from(v->args[0]));
	return result_print(v, &out);
}

const struct command cmd_console_backup = {
	.name = "console backup",
	.summary = { "copy a console's store while it works", "在控制台运行时备份其数据库" },
	.detail = { "Writes all of the SQLite store as it is at one moment to a new file; the "
		    "console goes "
		    "on working. Keys and certificates lie beside the store, in --state: copy them "
		    "as "
		    "files. A store in PostgreSQL is copied by pg_dump.",
		    "将 SQLite 数据库某一时刻的全部内容写入新文件，控制台照常运行。密钥与证书位于 "
		    "--state "
		    "目录，请另行复制。PostgreSQL 数据库请用 pg_dump 备份。" },
	.arguments = "FILE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "sudo -u skep skep console backup /srv/backup/skep-monday.db",
			{ "each night, by cron", "例如每晚由 cron 执行" } } },
	.options = { console_state_options },
	.run = run,
};

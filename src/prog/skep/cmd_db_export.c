#include "prog/skep/db_command.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"

static int run(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;
	enum db_place place;
	str from;
	int r = db_locate(option_text(&v->options, "db"), v->arena, &from, &place, &v->err);

	if (r == 0)
		r = db_export(from.p, v->args[0], &v->err);
	if (r < 0)
		return r;
	result_say(v, &out, "{0} packed as {1}", "{0} 已打包为 {1}", from, str_from(v->args[0]));
	log_note("%s", buf_cstr(&out));
	return EXIT_CODE_OK;
}

const struct command cmd_db_export = {
	.name = "db export",
	.summary = { "pack the database into one file for another machine",
		     "打包漏洞库以便带到其他机器" },
	.arguments = "FILE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep db export vulndb.skdb.zst", { "the one in use", "正在使用的" } } },
	.options = { db_file_options },
	.run = run,
};

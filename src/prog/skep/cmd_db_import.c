#include "prog/skep/db_command.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"

static int run(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;
	const char *given = option_text(&v->options, "output");
	struct db_keys keys;
	str to = str_from(given);
	int r = db_command_keys(v, &keys);

	if (r == 0 && !given)
		r = db_user_path(v->arena, &to, &v->err);
	if (r == 0)
		r = db_import(v->args[0], to.p, &keys, &v->err);
	if (r < 0)
		return r;
	result_say(v, &out, "installed as {0}", "已安装为 {0}", to);
	log_note("%s", buf_cstr(&out));
	return EXIT_CODE_OK;
}

const struct command cmd_db_import = {
	.name = "db import",
	.summary = { "install a database from a file", "从文件安装漏洞库" },
	.detail = { "The file is a database (.skdb) or a bundle of one (.skdb.zst). Every block "
		    "and every record is "
		    "checked before the installed one is replaced; a damaged file changes nothing.",
		    "文件可为漏洞库（.skdb）或其打包（.skdb."
		    "zst）。替换前逐块逐条校验；文件损坏时不作任何改动。" },
	.arguments = "FILE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep db import vulndb.skdb.zst",
			{ "what another machine exported", "导入其他机器导出的文件" } },
		      { "skep db import --key vendor.pub vulndb.skdb.zst",
			{ "only when this key signed it", "仅接受该公钥的签名" } } },
	.options = { db_install_options, db_key_options },
	.run = run,
};

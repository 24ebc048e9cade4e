#include "console/store/store.h"
#include "prog/console/console.h"
#include "prog/skep/command.h"
#include "prog/skep/result.h"

static int run(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;
	int r = store_restore(option_text(&v->options, "state"), v->args[0], &v->err);

	r = r < 0 ? r : store_prepare(option_text(&v->options, "state"), &v->err);
	if (r < 0)
		return r;
	result_say(v, &out, "the store is that of {0}; the one before lies beside it\n",
		   "数据库已恢复为 {0}；原数据库保留在同一目录\n", str_from(v->args[0]));
	return result_print(v, &out);
}

const struct command cmd_console_restore = {
	.name = "console restore",
	.summary = { "put a copy of a store in its place", "用备份恢复控制台的数据库" },
	.detail = { "The console must have ended. The copy is checked first, page by page: one "
		    "that is damaged "
		    "or was made by a newer version changes nothing. What stood there is kept as "
		    "skep.db.before-restore.",
		    "须先停止控制台。恢复前逐页检查备份：备份损坏或由更新版本创建时不作任何改动。原"
		    "数据库保留为 "
		    "skep.db.before-restore。" },
	.arguments = "FILE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "sudo -u skep skep console restore /srv/backup/skep-monday.db",
			{ "after `systemctl stop skep-console`",
			  "先执行 systemctl stop skep-console" } } },
	.options = { console_state_options },
	.run = run,
};

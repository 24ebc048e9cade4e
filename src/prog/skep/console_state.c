#include "prog/skep/console_state.h"

const struct option_def console_state_options[] = {
	{ .name = "state",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_CONSOLE,
	  .arg = "DIR",
	  .fallback = "/var/lib/skep/console",
	  .complete = OPTION_COMPLETE_DIR,
	  .help = { "where the console keeps its store", "控制台数据库的存放目录" } },
	{ 0 },
};

const char *console_state(const struct invocation *v)
{
	return option_text(&v->options, "state");
}

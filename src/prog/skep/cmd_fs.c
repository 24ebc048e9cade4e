#include "prog/skep/scan.h"

static int run(struct invocation *v)
{
	return scan_run(v, source_read_fs);
}

const struct command cmd_fs = {
	.name = "fs",
	.summary = { "scan a folder of files", "扫描文件目录" },
	.arguments = "DIR",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_DIR,
	.examples = {
		{ "skep fs .", { "what lies below this folder", "当前目录下的内容" } },
		{ "skep fs --skip-dirs 'build' -f json ./vendor", { "leave a folder out, print JSON", "跳过某目录，输出 JSON" } },
	},
	.options = { scan_source_options, scan_filter_options, scan_output_options, scan_gate_options,
		     db_file_options, scan_age_options, scan_performance_options },
	.run = run,
};

#include "prog/skep/scan.h"

static int run(struct invocation *v)
{
	return scan_run(v, source_read_rootfs);
}

const struct command cmd_rootfs = {
	.name = "rootfs",
	.summary = { "scan a root file system, a folder or a tar", "扫描根文件系统（目录或 tar）" },
	.detail = { "Symbolic links are followed inside the root only. Tar archives may be compressed with gzip, xz, "
		    "zstd or bzip2.",
		    "符号链接只在该根目录内解析。tar 归档可用 gzip、xz、zstd 或 bzip2 压缩。" },
	.arguments = "DIR|TAR",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = {
		{ "skep rootfs /", { "this machine", "本机" } },
		{ "skep rootfs alpine-minirootfs.tar.gz", { "a root file system in a tar", "tar 中的根文件系统" } },
		{ "skep rootfs --fail-on kev /mnt/root", { "fail on what is known to be exploited", "存在已知被利用的漏洞即失败" } },
	},
	.options = { scan_source_options, scan_filter_options, scan_output_options, scan_gate_options,
		     db_file_options, scan_age_options, scan_performance_options },
	.run = run,
};

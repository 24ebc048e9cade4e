#include "prog/skep/scan.h"

static int run(struct invocation *v)
{
	return scan_write_sbom(v, scan_read_image);
}

const struct command cmd_sbom = {
	.name = "sbom",
	.summary = { "write an image's software bill of materials", "生成镜像的软件物料清单（SBOM）" },
	.detail = { "The document names every package with its package URL, its source package and the layer that "
		    "brought it, so that scanning it later (skep image sbom:FILE) finds what scanning the image "
		    "finds. Use the scheme dir: for a folder.",
		    "文档列出每个软件包的 purl、源码包以及引入它的镜像层，因此日后扫描该文档（skep image sbom:FILE）"
		    "与扫描镜像结果相同。目录请用 dir: 前缀。" },
	.arguments = "IMAGE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = {
		{ "skep sbom alpine.tar", { "CycloneDX 1.6 on stdout", "输出 CycloneDX 1.6" } },
		{ "skep sbom -f spdx-json=app.spdx.json app.tar", { "SPDX 2.3 into a file", "SPDX 2.3 写入文件" } },
		{ "skep image sbom:app.spdx.json", { "match it later", "之后再匹配漏洞" } },
	},
	.options = { scan_source_options, scan_registry_options, network_options, scan_output_options, scan_performance_options },
	.run = run,
};

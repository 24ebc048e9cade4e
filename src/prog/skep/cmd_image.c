#include "prog/skep/scan.h"

static int run(struct invocation *v)
{
	return scan_run(v, scan_read_image);
}

const struct command cmd_image = {
	.name = "image",
	.summary = { "scan a container image", "扫描容器镜像" },
	.detail = { "The image may be a docker save archive, an OCI layout (folder or tar), an image of a Docker or "
		    "Podman engine, or one in a registry; a scheme before a colon says which: docker:, podman:, "
		    "registry:, docker-archive:, oci-archive:, oci-dir:, dir:, sbom:. Without one a file or folder "
		    "of that name is taken, then an engine is asked, then the registry.\n\n"
		    "The vulnerability database is a local file: a scan never fetches one.",
		    "镜像可以是 docker save 归档、OCI 布局（目录或 tar）、Docker 或 Podman 引擎中的镜像，或镜像仓库中的镜像；"
		    "可用前缀指明来源：docker:、podman:、registry:、docker-archive:、oci-archive:、oci-dir:、dir:、sbom:。"
		    "没有前缀时，先看是否有同名文件或目录，再询问引擎，最后访问仓库。\n\n"
		    "漏洞库是本地文件：扫描从不联网下载漏洞库。" },
	.arguments = "IMAGE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = {
		{ "skep image alpine.tar", { "a docker save archive", "docker save 归档" } },
		{ "skep image docker:nginx:1.25", { "an image of the local engine", "本地引擎中的镜像" } },
		{ "skep image registry.local/app@sha256:...", { "from a registry, by digest", "按摘要从仓库扫描" } },
		{ "skep image -s critical,high --ignore-unfixed app.tar", { "only what matters and can be fixed", "只看严重且可修复的" } },
		{ "skep image --fail-on high -f table -f json=report.json app.tar", { "gate a build, keep the report", "构建门禁并保存报告" } },
	},
	.options = { scan_source_options, scan_registry_options, network_options, scan_filter_options, scan_output_options,
		     scan_gate_options, db_file_options, scan_age_options, scan_performance_options },
	.run = run,
};

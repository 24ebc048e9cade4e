#include "prog/skep/scan.h"

#include <sys/ioctl.h>

#include "scan/report/explain.h"
#include "scan/vuln/db_store.h"

static const struct option_def options[] = {
	{ .name = "package",
	  .letter = 'p',
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_FILTER,
	  .arg = "NAME",
	  .help = { "only this binary or source package", "只看该二进制包或源码包" } },
	{ .name = "as",
	  .type = OPTION_CHOICE,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "KIND",
	  .fallback = "image",
	  .choices = "image|rootfs|fs",
	  .help = { "what the target is", "目标类型" } },
	{ 0 },
};

static int explain_target(struct invocation *v, const struct report_style *style, struct buf *out)
{
	str kind = str_from(option_text(&v->options, "as"));
	scan_reader read = str_is(kind, "rootfs") ? source_read_rootfs
			   : str_is(kind, "fs")   ? source_read_fs
						  : scan_read_image;
	struct report report;
	int r = scan_target(v, read, v->args[1], &report);

	if (r < 0)
		return r;
	return explain_report(&report, str_from(v->args[0]),
			      str_from(option_text(&v->options, "package")), style, out, &v->err);
}

static int explain_fact(struct invocation *v, const struct report_style *style, struct buf *out)
{
	struct vulnerability fact;
	struct database_info info;
	struct vulndb *db = NULL;
	uint32_t ordinal;
	int r = db_open(option_text(&v->options, "db"), v->arena, &db, &v->err);

	if (r < 0)
		return r;
	r = vulndb_find_vulnerability(db, str_from(v->args[0]), &ordinal, &v->err);
	if (r == 0)
		r = vulndb_vulnerability(db, ordinal, v->arena, &fact, &v->err);
	if (r == 0) {
		vulndb_info(db, v->arena, &info);
		r = explain_vulnerability(&fact, &info, style, out, &v->err);
	}
	vulndb_close(db);
	return r;
}

static int run(struct invocation *v)
{
	struct report_style style = { .lang = v->lang, .color = v->color, .width = 100 };
	OWNED_BUF out = BUF_INIT;
	struct winsize w;
	int r;

	if (ioctl(fileno(v->out), TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		style.width = w.ws_col;
	r = v->arg_count > 1 ? explain_target(v, &style, &out) : explain_fact(v, &style, &out);
	if (r < 0)
		return r;
	if (fwrite(out.p, 1, out.n, v->out) != out.n || fflush(v->out) != 0)
		return err_sys(&v->err, errno, "cannot write");
	return EXIT_CODE_OK;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = { "say why a finding is there, or what a CVE is", "解释某个发现的依据，或说明某个 CVE" },
	.detail = { "With a target: which record, which comparison of versions, which layer, why that severity and that "
		    "risk. Without one: what the database knows of the vulnerability.",
		    "给出目标时：依据哪条记录、比较了哪些版本、来自哪一层、级别与风险从何而来。不给目标时：漏洞库所知的信息。" },
	.arguments = "CVE [TARGET]",
	.min_args = 1,
	.max_args = 2,
	.complete = OPTION_COMPLETE_FILE,
	.examples = {
		{ "skep explain CVE-2019-14697", { "what is known of it", "已知信息" } },
		{ "skep explain CVE-2019-14697 alpine.tar", { "why the image has it", "镜像为何受影响" } },
		{ "skep explain CVE-2022-1271 --as rootfs / -p gzip", { "one package of this machine", "本机的某个软件包" } },
	},
	.options = { options, scan_source_options, scan_registry_options, network_options, db_file_options,
		     scan_performance_options },
	.run = run,
};

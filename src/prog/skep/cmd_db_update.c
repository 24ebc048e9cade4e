#include "base/file.h"
#include "prog/skep/db_command.h"
#include "prog/skep/db_fetch.h"
#include "prog/skep/network_options.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"
#include "scan/feed/upstream.h"
#include "wire/url.h"

static const struct option_def options[] = {
	{ .name = "url",
	  .type = OPTION_MULTI,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "URL",
	  .help = { "where a bundle lies: https:, file:, oci:registry/repository:tag; repeat for "
		    "mirrors, "
		    "the first that works is taken",
		    "漏洞库地址：https:、file:、oci:仓库/名称:标签；可重复，依次尝试" } },
	{ .name = "feeds",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_SOURCE,
	  .help = { "fetch the vendors' own advisories and build the database here",
		    "下载各厂商公告并在本机构建漏洞库" } },
	{ .name = "feeds-list",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .rare = true,
	  .help = { "lines \"FILE URL\" instead of the known addresses, e.g. your mirrors",
		    "以“文件 地址”每行一条替代内置地址，例如内网镜像" } },
	{ .name = "feeds-dir",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "DIR",
	  .complete = OPTION_COMPLETE_DIR,
	  .rare = true,
	  .help = { "where advisories are kept (default: ~/.cache/skep/feeds)",
		    "公告存放目录（默认 ~/.cache/skep/feeds）" } },
	{ .name = "allow-missing",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_SOURCE,
	  .rare = true,
	  .help = { "build although a feed could not be fetched", "即使有公告源下载失败也构建" } },
	{ .name = "list-feeds",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .rare = true,
	  .help = { "print the known addresses as --feeds-list reads them, and stop",
		    "按 --feeds-list 的格式输出内置地址后退出" } },
	{ 0 },
};

static int make_folder_of(struct invocation *v, str path)
{
	size_t slash = str_find_last(path, '/');
	str folder = arena_str(v->arena, str_take(path, slash));

	if (slash == path.n || slash == 0)
		return 0;
	return folder.p ? file_make_dirs(folder.p, 0755, &v->err)
			: err_set(&v->err, ENOBUFS, "memory budget spent");
}

static int take_mirror(struct invocation *v, const char *url, str temporary, const char *to,
		       const struct db_keys *keys)
{
	OWNED_BUF shown = BUF_INIT;
	int r = db_fetch(v, url, temporary.p);

	if (r < 0)
		return r;
	r = db_import(temporary.p, to, keys, &v->err);
	unlink(temporary.p);
	url_redact(&shown, str_from(url));
	return r < 0 ? err_wrap(&v->err, r, "%s", buf_cstr(&shown)) : 0;
}

/* The first mirror that has a sound database wins; the others' failures are said. */
static int take_bundle(struct invocation *v, str temporary, const char *to)
{
	struct db_keys keys;
	size_t count;
	const char *const *urls = option_list(&v->options, "url", &count);
	int r = db_command_keys(v, &keys);

	if (r < 0)
		return r;
	if (!count)
		return err_set(
			&v->err, EINVAL,
			"db update: no address: give --url, set it in the configuration (\"url\" "
			"below "
			"\"db update\"), or build from the vendors' advisories with --feeds");
	if (!keys.count)
		log_warning("no --key is set: whose database it is will not be checked");
	for (size_t i = 0; i < count; i++) {
		r = take_mirror(v, urls[i], temporary, to, &keys);
		if (r == 0 || i + 1 == count)
			break;
		log_warning("%s; trying the next address", v->err.text);
	}
	return r;
}

static int take_feeds(struct invocation *v, str temporary, const char *to, size_t *ret_lost)
{
	struct db_keys none = { 0 };
	int r = db_fetch_feeds(v, temporary.p, ret_lost);

	if (r == 0)
		r = db_import(temporary.p, to, &none, &v->err);
	unlink(temporary.p);
	return r;
}

static int list_feeds(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;

	for (const struct feed_upstream *u = feed_upstreams; u->file; u++)
		buf_printf(&out, "%s %s\n", u->file, u->url);
	return result_print(v, &out);
}

static int run(struct invocation *v)
{
	bool feeds =
		option_flag(&v->options, "feeds") || option_is_given(&v->options, "feeds-list");
	const char *given = option_text(&v->options, "output");
	OWNED_BUF out = BUF_INIT;
	str to = str_from(given), temporary;
	size_t lost = 0;
	int r = 0;

	if (option_flag(&v->options, "list-feeds"))
		return list_feeds(v);
	if (!given)
		r = db_user_path(v->arena, &to, &v->err);
	if (r == 0)
		r = make_folder_of(v, to);
	if (r < 0)
		return r;
	temporary = arena_printf(v->arena, "%s.download", to.p);
	if (!temporary.p)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	r = feeds ? take_feeds(v, temporary, to.p, &lost) : take_bundle(v, temporary, to.p);
	if (r < 0)
		return err_wrap(&v->err, r, "the database is not updated");
	result_say(v, &out, "installed as {0}", "已安装为 {0}", to);
	log_note("%s", buf_cstr(&out));
	return lost ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
}

const struct command cmd_db_update = {
	.name = "db update",
	.summary = { "fetch a newer database", "下载更新漏洞库" },
	.detail = { "Fetches a bundle from the first address that works, checks every block, every record and the "
		    "signature, and replaces the installed database in one step. A broken download is resumed by the next "
		    "run and never touches what is installed.\n\n"
		    "With --feeds the vendors' own advisories are fetched (--list-feeds prints their addresses) and a "
		    "database is built from them on this machine.",
		    "从第一个可用地址下载，逐块逐条校验并验证签名后一步替换已安装的漏洞库。"
		    "中断的下载下次继续，绝不影响已安装的漏洞库。\n\n"
		    "使用 --feeds 时下载各厂商的公告（--list-feeds 列出地址）并在本机构建。" },
	.arguments = NULL,
	.max_args = 0,
	.examples = {
		{ "skep db update --url https://mirror.local/vulndb.skdb.zst --key vendor.pub",
		  { "a signed bundle of a mirror", "镜像站上的签名漏洞库" } },
		{ "skep db update --url oci:registry.local/skep/vulndb:latest",
		  { "an artifact of a registry", "仓库中的制品" } },
		{ "skep db update --feeds", { "build from the vendors' advisories", "由厂商公告构建" } },
	},
	.options = { options, db_install_options, db_key_options, db_fetch_options, network_options },
	.run = run,
};

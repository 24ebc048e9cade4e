#include <inttypes.h>
#include <time.h>

#include "base/time.h"
#include "prog/skep/db_command.h"
#include "prog/skep/log.h"
#include "prog/skep/progress.h"
#include "scan/feed/feed.h"
#include "scan/vuln/vulndb_build.h"

enum { PROBLEMS_SHOWN = 20 };

static const struct option_def options[] = {
	{ .name = "from",
	  .type = OPTION_MULTI,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "DIR|FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "advisories in their vendors' own formats; archives are looked into; "
		    "repeatable",
		    "厂商原始格式的公告，自动打开归档；可重复" } },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "FILE",
	  .fallback = "vulndb.skdb",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "where the database is written", "漏洞库输出文件" } },
	{ .name = "sign-key",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "sign with this Ed25519 seed (64 hex digits)",
		    "用该 Ed25519 私钥种子（64 位十六进制）签名" } },
	{ .name = "claimed-only",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_FILTER,
	  .help = { "leave out vulnerabilities no package is affected by",
		    "不收录没有受影响软件包的漏洞" } },
	{ .name = "description-max",
	  .type = OPTION_BYTES,
	  .group = OPTION_GROUP_FILTER,
	  .arg = "BYTES",
	  .help = { "cut descriptions to so many bytes", "描述截断到该字节数" } },
	{ .name = "strict",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_GATE,
	  .help = { "exit 6 when a record could not be read", "有记录无法读取时退出码为 6" } },
	{ 0 },
};

/* The build date is an input: the same feeds and the same SOURCE_DATE_EPOCH give the same bytes. */
static str build_date(struct arena *a)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds = (uint64_t)time(NULL);
	char text[TIME_TEXT_BYTES];

	if (epoch && str_u64(str_from(epoch), &seconds) < 0)
		seconds = (uint64_t)time(NULL);
	time_render((int64_t)MIN(seconds, (uint64_t)INT32_MAX), text);
	return arena_str(a, str_from(text));
}

static int import_all(struct invocation *v, const struct feed_sink *sink, struct feed_stats *all)
{
	const char *const *from = option_list(&v->options, "from", NULL);

	for (size_t i = 0; from[i]; i++) {
		struct feed_stats one = { 0 };
		int r;

		if (v->progress)
			progress_update(from[i], i, 0);
		r = feed_import(from[i], sink, &one, &v->err);
		progress_done();
		if (r < 0)
			return err_wrap(&v->err, r, "cannot import '%s'", from[i]);
		for (size_t k = 0; k < MIN(one.ignored_files, (uint64_t)FEED_IGNORED_NAMED); k++)
			log_warning("no importer recognises '%s'", one.ignored[k]);
		if (one.ignored_files > FEED_IGNORED_NAMED)
			log_warning("and %" PRIu64 " more files that no importer recognises",
				    one.ignored_files - FEED_IGNORED_NAMED);
		all->files += one.files;
		all->records += one.records;
		all->ignored_files += one.ignored_files;
	}
	return 0;
}

static void tell_problems(const struct vulndb_builder *b)
{
	const struct vulndb_problem *problems;
	uint64_t total;
	size_t n = vulndb_builder_problems(b, &problems, &total);

	for (size_t i = 0; i < MIN(n, (size_t)PROBLEMS_SHOWN); i++)
		log_warning("%.*s: %.*s", STR_ARG(problems[i].place), STR_ARG(problems[i].why));
	if (total > PROBLEMS_SHOWN)
		log_warning("and %" PRIu64 " more records that could not be used",
			    total - PROBLEMS_SHOWN);
}

static int read_seed(struct invocation *v, uint8_t seed[32], bool *ret_given)
{
	const char *path = option_text(&v->options, "sign-key");

	*ret_given = path != NULL;
	return path ? db_command_key(path, seed, &v->err) : 0;
}

static int build(struct invocation *v, struct vulndb_builder *b)
{
	struct feed_sink sink = vulndb_builder_sink(b);
	struct vulndb_build_stats stats = { 0 };
	struct feed_stats feeds = { 0 };
	struct vulndb_build_options o = {
		.built = build_date(v->arena),
		.facts_of_claims_only = option_flag(&v->options, "claimed-only"),
		.description_max = (uint32_t)MIN(option_number(&v->options, "description-max", 0),
						 (uint64_t)UINT32_MAX),
	};
	const char *path = option_text(&v->options, "output");
	uint8_t seed[32];
	bool is_signed;
	int r = read_seed(v, seed, &is_signed);

	if (r < 0)
		return r;
	o.private_seed = is_signed ? seed : NULL;
	r = import_all(v, &sink, &feeds);
	if (r == 0)
		r = vulndb_builder_write(b, path, &o, &stats, &v->err);
	explicit_bzero(seed, sizeof(seed));
	if (r < 0)
		return r;
	tell_problems(b);
	fprintf(v->out,
		"%s: %" PRIu64 " claims on %" PRIu64 " packages in %" PRIu64 " namespaces, %" PRIu64
		" vulnerabilities, %" PRIu64 " bytes\n",
		path, stats.claims, stats.packages, stats.namespaces, stats.vulnerabilities,
		stats.bytes);
	fprintf(v->out,
		"read %" PRIu64 " files; not recognised: %" PRIu64 " files; not usable: %" PRIu64
		" records, %" PRIu64 " of them for their version\n",
		feeds.files, feeds.ignored_files, stats.unreadable + stats.bad_versions,
		stats.bad_versions);
	if (option_flag(&v->options, "strict") && (stats.unreadable || stats.bad_versions))
		return EXIT_CODE_PARTIAL;
	return EXIT_CODE_OK;
}

static int run(struct invocation *v)
{
	struct vulndb_builder *b;
	size_t count;
	int r;

	option_list(&v->options, "from", &count);
	if (!count)
		return err_set(&v->err, EINVAL, "db build: name the advisories with --from DIR");
	r = vulndb_builder_new(&b, &v->err);
	if (r < 0)
		return r;
	r = build(v, b);
	vulndb_builder_free(b);
	return r;
}

const struct command cmd_db_build = {
	.name = "db build",
	.summary = { "build a database from advisories", "由公告构建漏洞库" },
	.detail = { "Reads the native formats of distributions and projects (doc/feeds.md), from files, folders and "
		    "archives. A record that cannot be read is counted and named. SOURCE_DATE_EPOCH fixes the build date: "
		    "the same input then gives the same bytes.",
		    "读取各发行版与项目的原始格式（见 doc/feeds.md），支持文件、目录与归档。无法读取的记录会计数并列出。"
		    "设置 SOURCE_DATE_EPOCH 后，相同输入产生相同字节。" },
	.arguments = NULL,
	.max_args = 0,
	.examples = {
		{ "skep db build --from feeds/ -o vulndb.skdb", { "everything below a folder", "目录下的全部公告" } },
		{ "skep image --db vulndb.skdb alpine.tar", { "scan with it", "用它扫描" } },
	},
	.options = { options },
	.run = run,
};

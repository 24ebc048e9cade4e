#include <time.h>

#include "base/time.h"
#include "codec/json_out.h"
#include "prog/skep/db_command.h"
#include "prog/skep/result.h"
#include "prog/skep/scan.h"
#include "scan/vuln/vulndb_tables.h"

#define DAY_S 86400

static const struct phrase places[] = {
#define PLACE(id, name, zh) [DB_PLACE_##id] = { (name), (zh) },
	DB_PLACES(PLACE)
#undef PLACE
};

struct status {
	struct vulndb *db;
	str path;
	enum db_place place;
	struct database_info info;
	uint64_t packages;
};

static str day(struct invocation *v, int64_t seconds)
{
	char text[TIME_TEXT_BYTES];

	if (seconds == 0)
		return S("-");
	time_render_day(seconds, text);
	return arena_str(v->arena, str_from(text));
}

static int origins_table(struct invocation *v, const struct status *s, struct buf *out)
{
	struct result_table t;

	result_table_init(&t, v->arena);
	result_table_column(&t, say(v, (struct phrase){ "SOURCE", "来源" }), 10, false);
	result_table_column(&t, say(v, (struct phrase){ "DATA OF", "数据日期" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "CLAIMS", "记录数" }), 0, true);
	for (uint32_t i = 0; i < vulndb_origin_count(s->db); i++) {
		struct vulndb_origin o;
		int r = vulndb_origin_at(s->db, i, &o, &v->err);

		if (r < 0)
			return r;
		result_table_cell(&t, o.name);
		result_table_cell(&t, day(v, o.as_of_s));
		result_table_cell(&t, result_number(v, o.claims));
	}
	return result_table_render(v, &t, out);
}

static int namespaces_table(struct invocation *v, const struct status *s, struct buf *out)
{
	struct result_table t;

	result_table_init(&t, v->arena);
	result_table_column(&t, say(v, (struct phrase){ "NAMESPACE", "命名空间" }), 10, false);
	result_table_column(&t, say(v, (struct phrase){ "PACKAGES", "软件包" }), 0, true);
	result_table_column(&t, say(v, (struct phrase){ "CLAIMS", "记录数" }), 0, true);
	for (uint32_t i = 0; i < vulndb_namespace_count(s->db); i++) {
		struct vulndb_namespace n;
		int r = vulndb_namespace_at(s->db, i, &n, &v->err);

		if (r < 0)
			return r;
		result_table_cell(&t, n.name);
		result_table_cell(&t, result_number(v, n.packages));
		result_table_cell(&t, result_number(v, n.claims));
	}
	return result_table_render(v, &t, out);
}

static int render_text(struct invocation *v, const struct status *s, struct buf *out)
{
	int r;

	result_say(v, out, "{0} ({1})\nformat {2}, built {3}, {4} claim{4s}, {5} vulnerabilities\n",
		   "{0}（{1}）\n格式 {2}，构建于 {3}，{4} 条记录，{5} 个漏洞\n", s->path,
		   str_from(say(v, places[s->place])), result_number(v, s->info.format),
		   s->info.built, result_number(v, s->info.claims),
		   result_number(v, s->info.vulnerabilities));
	if (s->info.age_s >= 0)
		result_say(v, out, "newest data is {0} day{0s} old\n", "最新数据距今 {0} 天\n",
			   result_number(v, (uint64_t)s->info.age_s / DAY_S));
	if (s->info.signer.n)
		result_say(v, out, "{0}, signed by {1}\n\n", "{0}，签名者 {1}\n\n", s->info.digest,
			   s->info.signer);
	else
		result_say(v, out, "{0}, not signed\n\n", "{0}，未签名\n\n", s->info.digest);
	r = origins_table(v, s, out);
	buf_byte(out, '\n');
	return r < 0 ? r : namespaces_table(v, s, out);
}

static int render_json(struct invocation *v, const struct status *s, struct buf *out)
{
	struct json_out j;
	int r = 0;

	json_out_init(&j, out, true);
	json_object_open(&j);
	json_put_str(&j, "path", s->path);
	json_put_cstr(&j, "place", places[s->place].en);
	json_put_uint(&j, "format", s->info.format);
	json_put_str(&j, "built", s->info.built);
	json_put_str(&j, "digest", s->info.digest);
	json_opt_str(&j, "signer", s->info.signer);
	json_put_uint(&j, "claims", s->info.claims);
	json_put_uint(&j, "vulnerabilities", s->info.vulnerabilities);
	if (s->info.age_s >= 0)
		json_put_int(&j, "ageSeconds", s->info.age_s);
	json_key(&j, "sources");
	json_array_open(&j);
	for (uint32_t i = 0; r == 0 && i < vulndb_origin_count(s->db); i++) {
		struct vulndb_origin o = { 0 };

		r = vulndb_origin_at(s->db, i, &o, &v->err);
		json_object_open(&j);
		json_put_str(&j, "name", o.name);
		if (o.as_of_s)
			json_put_str(&j, "dataOf", day(v, o.as_of_s));
		json_put_uint(&j, "claims", o.claims);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_key(&j, "namespaces");
	json_array_open(&j);
	for (uint32_t i = 0; r == 0 && i < vulndb_namespace_count(s->db); i++) {
		struct vulndb_namespace n = { 0 };

		r = vulndb_namespace_at(s->db, i, &n, &v->err);
		json_object_open(&j);
		json_put_str(&j, "name", n.name);
		json_put_uint(&j, "packages", n.packages);
		json_put_uint(&j, "claims", n.claims);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(out, '\n');
	return r;
}

static int show(struct invocation *v, struct status *s)
{
	OWNED_BUF out = BUF_INIT;
	uint64_t newest = vulndb_newest_data(s->db);
	uint64_t most = option_number(&v->options, "max-db-age", UINT64_MAX);
	int r;

	vulndb_info(s->db, v->arena, &s->info);
	if (newest)
		s->info.age_s = MAX((int64_t)0, (int64_t)time(NULL) - (int64_t)newest);
	r = option_flag(&v->options, "json") ? render_json(v, s, &out) : render_text(v, s, &out);
	if (r == 0)
		r = result_print(v, &out);
	if (r < 0 || most == UINT64_MAX)
		return r;
	if (s->info.age_s < 0)
		return err_set(&v->err, ESTALE, "the database does not say how old its data is");
	if ((uint64_t)s->info.age_s > most)
		return err_set(&v->err, ESTALE,
			       "the newest data is %lld days old: run `skep db update`",
			       (long long)(s->info.age_s / DAY_S));
	return r;
}

static int run(struct invocation *v)
{
	struct status s = { 0 };
	int r = db_locate(option_text(&v->options, "db"), v->arena, &s.path, &s.place, &v->err);

	if (r == 0)
		r = db_open(option_text(&v->options, "db"), v->arena, &s.db, &v->err);
	if (r < 0)
		return r;
	r = show(v, &s);
	vulndb_close(s.db);
	return r;
}

const struct command cmd_db_status = {
	.name = "db status",
	.summary = { "say which database is used, what is in it and how old it is",
		     "显示正在使用的漏洞库、其内容与新旧" },
	.examples = { { "skep db status", { "the one in use", "正在使用的" } },
		      { "skep db status --max-db-age 7d",
			{ "exit 5 when its data is older", "数据过旧时退出码为 5" } } },
	.options = { db_file_options, scan_age_options, result_json_options },
	.run = run,
};

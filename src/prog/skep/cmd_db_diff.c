#include "base/text.h"
#include "codec/json_out.h"
#include "prog/skep/db_command.h"
#include "prog/skep/result.h"
#include "scan/vuln/db_diff.h"

struct printer {
	struct invocation *v;
	bool json;
};

static const char *fixed_of(const struct vulndb_claim *claims, size_t count, struct buf *room)
{
	buf_reset(room);
	for (size_t i = 0; i < count; i++) {
		buf_printf(room, "%s", i ? "," : "");
		if (claims[i].fixed.n)
			text_escape(claims[i].fixed, room);
		else
			buf_printf(room, "%s", fix_state_name(claims[i].state));
	}
	return buf_cstr(room);
}

static int print_json(struct invocation *v, const struct db_difference *d)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_cstr(&j, "change", db_change_name(d->change));
	json_opt_str(&j, "namespace", d->namespace);
	json_opt_str(&j, "package", d->package);
	json_put_str(&j, "vulnerability", d->vulnerability);
	for (int side = 0; side < 2; side++) {
		const struct vulndb_claim *claims = side ? d->new_claims : d->old_claims;
		size_t count = side ? d->new_count : d->old_count;

		if (!count)
			continue;
		json_key(&j, side ? "new" : "old");
		json_array_open(&j);
		for (size_t i = 0; i < count; i++) {
			json_object_open(&j);
			json_put_cstr(&j, "state", fix_state_name(claims[i].state));
			json_opt_str(&j, "fixed", claims[i].fixed);
			json_opt_str(&j, "advisory", claims[i].advisory);
			json_object_close(&j);
		}
		json_array_close(&j);
	}
	json_object_close(&j);
	buf_byte(&out, '\n');
	return result_print(v, &out);
}

static int print_text(struct invocation *v, const struct db_difference *d)
{
	static const char signs[] = {
		[DB_CHANGE_ADDED] = '+', [DB_CHANGE_REMOVED] = '-', [DB_CHANGE_CHANGED] = '~'
	};
	OWNED_BUF out = BUF_INIT;
	OWNED_BUF old_fix = BUF_INIT;
	OWNED_BUF new_fix = BUF_INIT;

	buf_printf(&out, "%c ", signs[d->change]);
	text_escape(d->vulnerability, &out);
	if (d->package.n) {
		buf_byte(&out, ' ');
		text_escape(d->namespace, &out);
		buf_byte(&out, '/');
		text_escape(d->package, &out);
		buf_printf(&out, " %s%s%s", fixed_of(d->old_claims, d->old_count, &old_fix),
			   d->old_count && d->new_count ? " -> " : "",
			   fixed_of(d->new_claims, d->new_count, &new_fix));
	}
	buf_byte(&out, '\n');
	return result_print(v, &out);
}

static int print(void *ctx, const struct db_difference *d, struct err *e)
{
	struct printer *p = ctx;

	(void)e;
	return p->json ? print_json(p->v, d) : print_text(p->v, d);
}

static int summarise(struct invocation *v, const struct db_diff *d)
{
	OWNED_BUF out = BUF_INIT;

	result_say(v, &out, "claims: {0} added, {1} removed, {2} changed\n",
		   "记录：新增 {0}，删除 {1}，变更 {2}\n",
		   result_number(v, d->claims[DB_CHANGE_ADDED]),
		   result_number(v, d->claims[DB_CHANGE_REMOVED]),
		   result_number(v, d->claims[DB_CHANGE_CHANGED]));
	result_say(v, &out,
		   "vulnerabilities: {0} added, {1} removed, {2} changed, {3} with another EPSS\n",
		   "漏洞：新增 {0}，删除 {1}，变更 {2}，EPSS 变化 {3}\n",
		   result_number(v, d->vulnerabilities[DB_CHANGE_ADDED]),
		   result_number(v, d->vulnerabilities[DB_CHANGE_REMOVED]),
		   result_number(v, d->vulnerabilities[DB_CHANGE_CHANGED]),
		   result_number(v, d->rescored));
	return result_print(v, &out);
}

static int run(struct invocation *v)
{
	struct printer p = { .v = v, .json = option_flag(&v->options, "json") };
	struct vulndb *from = NULL, *to = NULL;
	struct db_diff d;
	int r = db_open(v->args[0], v->arena, &from, &v->err);

	if (r == 0)
		r = db_open(v->args[1], v->arena, &to, &v->err);
	if (r == 0)
		r = db_diff(from, to, print, &p, &d, &v->err);
	if (r == 0 && !p.json)
		r = summarise(v, &d);
	vulndb_close(from);
	vulndb_close(to);
	return r;
}

const struct command cmd_db_diff = {
	.name = "db diff",
	.summary = { "say what changed between two databases", "比较两个漏洞库的差异" },
	.detail = { "One line a difference: + added, - removed, ~ changed. With --json one object "
		    "a line.",
		    "每行一条差异：+ 新增，- 删除，~ 变更。使用 --json 时每行一个对象。" },
	.arguments = "OLD NEW",
	.min_args = 2,
	.max_args = 2,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep db diff old.skdb new.skdb",
			{ "claims first, then facts", "先记录，后漏洞信息" } } },
	.options = { result_json_options },
	.run = run,
};

#include "base/text.h"
#include "codec/json_out.h"
#include "prog/skep/db_command.h"
#include "prog/skep/result.h"
#include "scan/vuln/db_search.h"

static void put_range(struct json_out *j, const struct vulndb_claim *c)
{
	json_opt_str(j, "introduced", c->introduced);
	json_opt_str(j, "fixed", c->fixed);
	json_opt_str(j, "lastAffected", c->last_affected);
	json_opt_str(j, "arch", c->arch);
	json_opt_str(j, "module", c->module);
	json_opt_str(j, "products", c->products);
}

static void put_facts(struct json_out *j, const struct vulnerability *f)
{
	json_put_str(j, "id", f->id);
	json_put_cstr(j, "severity", severity_name(f->severity));
	json_opt_str(j, "title", f->title);
	json_opt_str(j, "description", f->description);
	json_opt_str(j, "published", f->published);
	json_opt_str(j, "modified", f->modified);
	json_opt_str(j, "aliases", f->aliases);
	json_opt_str(j, "cwes", f->cwes);
	json_opt_str(j, "references", f->references);
	json_opt_str(j, "kevAdded", f->kev_added);
	if (f->epss >= 0) {
		json_key(j, "epss");
		json_double(j, (double)f->epss, 5);
	}
	json_put_cstr(j, "maturity", maturity_name(maturity_of(f->exploit_flags)));
}

static void render_json(const struct db_search *s, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, true);
	json_object_open(&j);
	if (s->is_vulnerability) {
		json_key(&j, "vulnerability");
		json_object_open(&j);
		put_facts(&j, &s->vuln);
		json_object_close(&j);
	}
	json_key(&j, "claims");
	json_array_open(&j);
	for (size_t i = 0; i < s->count; i++) {
		const struct db_search_hit *h = &s->items[i];

		json_object_open(&j);
		json_put_str(&j, "namespace", h->namespace);
		json_put_str(&j, "package", h->package);
		json_put_str(&j, "vulnerability", h->vulnerability);
		json_put_cstr(&j, "state", fix_state_name(h->claim.state));
		json_put_cstr(&j, "severity", severity_name(h->claim.severity));
		json_opt_str(&j, "advisory", h->claim.advisory);
		put_range(&j, &h->claim);
		json_put_str(&j, "source", h->claim.origin);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(out, '\n');
}

/* "< 1.2", ">= 1.0, < 1.2", "<= 3": the versions a claim is about. */
static str range_of(struct invocation *v, const struct vulndb_claim *c)
{
	OWNED_BUF b = BUF_INIT;

	if (c->introduced.n)
		buf_printf(&b, ">= %.*s", STR_ARG(c->introduced));
	if (c->fixed.n || c->last_affected.n)
		buf_printf(&b, "%s%s %.*s", b.n ? ", " : "", c->fixed.n ? "<" : "<=",
			   STR_ARG(c->fixed.n ? c->fixed : c->last_affected));
	return b.n ? arena_str(v->arena, buf_str(&b))
		   : str_from(say(v, (struct phrase){ "all", "全部" }));
}

static void show_facts(const struct vulnerability *f, struct buf *out)
{
	text_escape(f->id, out);
	buf_printf(out, "  %s  %s", severity_name(f->severity),
		   maturity_name(maturity_of(f->exploit_flags)));
	for (size_t i = 0; i < f->cvss_count; i++)
		if (f->cvss[i].score >= 0)
			buf_printf(out, "  CVSS %.1f (%.*s)", (double)f->cvss[i].score,
				   STR_ARG(f->cvss[i].source));
	if (f->epss >= 0)
		buf_printf(out, "  EPSS %.1f%%", (double)f->epss * 100);
	if (f->kev_added.n)
		buf_printf(out, "  KEV %.*s", STR_ARG(f->kev_added));
	buf_byte(out, '\n');
	if (f->aliases.n) {
		text_escape(f->aliases, out);
		buf_byte(out, '\n');
	}
	for (str rest = f->description.n ? f->description : f->title; rest.n;) {
		OWNED_BUF line = BUF_INIT;
		str s = text_wrap(&rest, 100);

		text_escape(s, &line);
		buf_add(out, buf_str(&line));
		buf_byte(out, '\n');
	}
	buf_byte(out, '\n');
}

static int render_text(struct invocation *v, const struct db_search *s, struct buf *out)
{
	struct result_table t;

	if (s->is_vulnerability)
		show_facts(&s->vuln, out);
	if (s->count == 0) {
		buf_printf(out, "%s\n",
			   say(v, (struct phrase){ "no package is said to have it",
						   "没有软件包受其影响的记录" }));
		return 0;
	}
	result_table_init(&t, v->arena);
	result_table_column(&t, say(v, (struct phrase){ "NAMESPACE", "命名空间" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "PACKAGE", "软件包" }), 8, false);
	result_table_column(&t, say(v, (struct phrase){ "VULNERABILITY", "漏洞" }), 14, false);
	result_table_column(&t, say(v, (struct phrase){ "SEVERITY", "级别" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "STATE", "状态" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "VERSIONS", "版本" }), 10, false);
	result_table_column(&t, say(v, (struct phrase){ "ADVISORY", "公告" }), 10, false);
	for (size_t i = 0; i < s->count; i++) {
		const struct db_search_hit *h = &s->items[i];

		result_table_cell(&t, h->namespace);
		result_table_cell(&t, h->package);
		result_table_cell(&t, h->vulnerability);
		result_table_cell(&t, str_from(severity_name(h->claim.severity)));
		result_table_cell(&t, str_from(fix_state_name(h->claim.state)));
		result_table_cell(&t, range_of(v, &h->claim));
		result_table_cell(&t, h->claim.advisory.n ? h->claim.advisory : h->claim.origin);
	}
	return result_table_render(v, &t, out);
}

static int run(struct invocation *v)
{
	struct vulndb *db = NULL;
	struct db_search s = { 0 };
	OWNED_BUF out = BUF_INIT;
	int r = db_open(option_text(&v->options, "db"), v->arena, &db, &v->err);

	if (r < 0)
		return r;
	r = db_search(db, str_from(v->args[0]), v->arena, &s, &v->err);
	if (r == 0 && option_flag(&v->options, "json"))
		render_json(&s, &out);
	else if (r == 0)
		r = render_text(v, &s, &out);
	vulndb_close(db);
	return r < 0 ? r : result_print(v, &out);
}

const struct command cmd_db_search = {
	.name = "db search",
	.summary = { "show what is known of a vulnerability or a package", "查询某个漏洞或软件包" },
	.arguments = "CVE|PACKAGE",
	.min_args = 1,
	.max_args = 1,
	.examples = { { "skep db search CVE-2022-1271",
			{ "facts, and who has it", "漏洞信息与受影响的软件包" } },
		      { "skep db search debian:11/openssl",
			{ "one package of one release", "某个发行版的某个软件包" } },
		      { "skep db search openssl", { "in every namespace", "在所有命名空间中" } } },
	.options = { db_file_options, result_json_options },
	.run = run,
};

#include "prog/skep/db_command.h"
#include "prog/skep/result.h"

static int verify(struct invocation *v, struct vulndb *db, const struct db_keys *keys)
{
	OWNED_BUF out = BUF_INIT;
	struct database_info info;
	int r = keys->count ? vulndb_check_signature(db, keys->keys, keys->count, &v->err) : 0;

	if (r == 0)
		r = db_verify(db, &v->err);
	if (r < 0)
		return r;
	vulndb_info(db, v->arena, &info);
	result_say(v, &out,
		   "{0}: every block and record is sound; {1} claim{1s}, {2} vulnerabilities\n",
		   "{0}：所有数据块与记录完好；{1} 条记录，{2} 个漏洞\n", info.path,
		   result_number(v, info.claims), result_number(v, info.vulnerabilities));
	if (info.signer.n)
		result_say(v, &out, "{0}, signed by {1}\n", "{0}，签名者 {1}\n", info.digest,
			   info.signer);
	else
		result_say(v, &out, "{0}, not signed\n", "{0}，未签名\n", info.digest);
	return result_print(v, &out);
}

static int run(struct invocation *v)
{
	const char *path = v->arg_count ? v->args[0] : option_text(&v->options, "db");
	struct vulndb *db = NULL;
	struct db_keys keys;
	int r = db_command_keys(v, &keys);

	if (r == 0)
		r = db_open(path, v->arena, &db, &v->err);
	if (r < 0)
		return r;
	r = verify(v, db, &keys);
	vulndb_close(db);
	return r;
}

const struct command cmd_db_verify = {
	.name = "db verify",
	.summary = { "check every block, every record and the signature",
		     "逐块逐条校验漏洞库及其签名" },
	.arguments = "[FILE]",
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep db verify", { "the one in use", "正在使用的" } },
		      { "skep db verify --key vendor.pub vulndb.skdb",
			{ "and that this key signed it", "并要求由该公钥签名" } } },
	.options = { db_file_options, db_key_options },
	.run = run,
};

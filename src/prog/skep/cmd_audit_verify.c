#include <fcntl.h>

#include "base/file.h"
#include "codec/json_out.h"
#include "console/store/audit_verify.h"
#include "prog/skep/db_command.h"
#include "prog/skep/result.h"

#define MAX_FILE_BYTES ((uint64_t)4 << 30)

static const struct option_def audit_options[] = {
	{ .name = "key",
	  .type = OPTION_MULTI,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "insist that this key of the console's signed the end (64 hex digits)",
		    "要求末尾由该控制台公钥签名（64 位十六进制数）" } },
	{ .name = "after",
	  .type = OPTION_STRING,
	  .arg = "HASH",
	  .help = { "insist that the first row follows the one with this hash",
		    "要求首条记录紧接具有该散列值的记录" } },
	{ .name = "since",
	  .type = OPTION_STRING,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "insist that it goes on from this earlier export: nothing of that was "
		    "rewritten or cut off in the store",
		    "要求其延续此前导出的该文件：其中的记录未在数据库中被重写或截去" } },
	{ 0 },
};

/* What each kind of fault is called: in JSON, and in a sentence about row {0} at line {1}; {2} ends a range. */
static const struct {
	const char *name;
	struct phrase said;
} kinds[] = {
	[AUDIT_MALFORMED] = { "malformed",
			      { "line {1}: no row of an audit log\n",
				"第 {1} 行：不是审计日志记录\n" } },
	[AUDIT_CHANGED] = { "changed",
			    { "line {1}: row {0} was changed\n", "第 {1} 行：记录 {0} 被修改\n" } },
	[AUDIT_REMOVED] = { "removed",
			    { "before line {1}: rows {0} to {2} were taken out\n",
			      "第 {1} 行之前：记录 {0} 至 {2} 被删除\n" } },
	[AUDIT_INSERTED] = { "inserted",
			     { "line {1}: a row was put in as row {0}\n",
			       "第 {1} 行：被插入一条冒充记录 {0} 的记录\n" } },
	[AUDIT_MOVED] = { "moved",
			  { "line {1}: row {0} stands in another place than it was written\n",
			    "第 {1} 行：记录 {0} 的位置被改动\n" } },
	[AUDIT_FORGED] = { "forged",
			   { "line {1}: the signature of the end is not good\n",
			     "第 {1} 行：末尾的签名无效\n" } },
	[AUDIT_REWRITTEN] = { "rewritten",
			      { "row {0} is not here as the earlier export has it: rows were cut "
				"off in the store, or the chain was made anew\n",
				"记录 {0} "
				"与此前导出的不符：数据库中的记录被截去，或整条链被重写\n" } },
	[AUDIT_CUT] = { "cut",
			{ "line {1}: the console signed row {2} with another hash as the last; the "
			  "file "
			  "ends with row {0}: it was cut off, or the chain was made anew\n",
			  "第 {1} 行：控制台签名的末条为记录 {2}，与文件末条 {0} "
			  "不符：文件被截断，或整条链被重写\n" } },
};

static bool follows(const struct invocation *v, const struct audit_report *r)
{
	const char *after = option_text(&v->options, "after");

	return !after || str_eq_nocase(str_from(after), str_from(r->before));
}

static void render_json(const struct invocation *v, const struct audit_report *r, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, true);
	json_object_open(&j);
	json_put_bool(&j, "sound", r->fault_count == 0 && follows(v, r));
	json_put_uint(&j, "rows", r->rows);
	json_put_int(&j, "first", r->first);
	json_put_int(&j, "last", r->last);
	json_put_cstr(&j, "before", r->before);
	json_put_cstr(&j, "head", r->head);
	json_put_bool(&j, "signed", r->has_checkpoint);
	json_opt_str(&j, "key", str_from(r->key));
	json_put_uint(&j, "faultCount", r->fault_count);
	json_key(&j, "faults");
	json_array_open(&j);
	for (size_t i = 0; i < MIN(r->fault_count, (size_t)AUDIT_MAX_FAULTS); i++) {
		json_object_open(&j);
		json_put_cstr(&j, "kind", kinds[r->faults[i].kind].name);
		json_put_uint(&j, "line", r->faults[i].line);
		json_put_int(&j, "row", r->faults[i].id);
		if (r->faults[i].id_to)
			json_put_int(&j, "to", r->faults[i].id_to);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(out, '\n');
}

static void render_text(struct invocation *v, const struct audit_report *r, struct buf *out)
{
	for (size_t i = 0; i < MIN(r->fault_count, (size_t)AUDIT_MAX_FAULTS); i++) {
		const struct audit_fault *f = &r->faults[i];
		const str args[] = { result_number(v, (uint64_t)f->id), result_number(v, f->line),
				     result_number(v, (uint64_t)f->id_to) };

		result_say_args(v, out, kinds[f->kind].said, args);
	}
	if (r->fault_count > AUDIT_MAX_FAULTS)
		result_say(v, out, "{0} fault{0s} in all\n", "共 {0} 处问题\n",
			   result_number(v, r->fault_count));
	if (!follows(v, r))
		result_say(v, out,
			   "row {0} follows another row: the one before it has the hash {1}\n",
			   "记录 {0} 之前是另一条记录，其散列值为 {1}\n",
			   result_number(v, (uint64_t)r->first), str_from(r->before));
	if (r->fault_count || !follows(v, r))
		return;
	result_say(v, out, "{0} row{0s}, {1} to {2}: the chain holds\n",
		   "{0} 条记录，{1} 至 {2}：链条完整\n", result_number(v, r->rows),
		   result_number(v, (uint64_t)r->first), result_number(v, (uint64_t)r->last));
	if (r->has_checkpoint)
		result_say(v, out, "the end is signed by {0}\n", "末尾由 {0} 签名\n",
			   str_from(r->key));
	else
		result_say(v, out,
			   "the end is not signed: rows cut off there would not be noticed\n",
			   "末尾未签名：若末尾记录被截去将无法发现\n");
	if (r->first > 1)
		result_say(v, out, "what was before row {0} has the hash {1}\n",
			   "记录 {0} 之前一条的散列值为 {1}\n",
			   result_number(v, (uint64_t)r->first), str_from(r->before));
}

static int read_keys(struct invocation *v, str **ret, size_t *ret_count)
{
	size_t count;
	const char *const *files = option_list(&v->options, "key", &count);
	str *keys = ARENA_ARRAY(v->arena, count, str);

	for (size_t i = 0; i < count && keys; i++) {
		uint8_t key[32];
		char hex[65];
		int r = db_command_key(files[i], key, &v->err);

		if (r < 0)
			return r;
		hex_render(key, sizeof(key), hex);
		keys[i] = arena_str(v->arena, str_from(hex));
		if (!keys[i].p)
			keys = NULL;
	}
	if (!keys)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	*ret = keys;
	*ret_count = count;
	return 0;
}

/* An export that holds by itself, to hold another to. @param ret of no rows where none was asked for */
static int read_earlier(struct invocation *v, const str *keys, size_t key_count, struct arena *a,
			struct audit_report *ret)
{
	const char *path = option_text(&v->options, "since");
	OWNED_BUF text = BUF_INIT;
	int r;

	*ret = (struct audit_report){ 0 };
	if (!path)
		return 0;
	r = file_read(AT_FDCWD, path, MAX_FILE_BYTES, &text, &v->err);
	if (r == 0)
		r = audit_verify(buf_str(&text), keys, key_count, NULL, a, ret, &v->err);
	if (r == 0 && (ret->fault_count || !ret->rows))
		r = err_set(&v->err, EBADMSG, "'%s' does not hold by itself: verify it first",
			    path);
	return r;
}

static int verify(struct invocation *v, str text, struct arena *a, struct buf *out)
{
	struct audit_report report, earlier;
	size_t key_count;
	str *keys;
	int r = read_keys(v, &keys, &key_count);

	if (r == 0)
		r = read_earlier(v, keys, key_count, a, &earlier);
	if (r == 0)
		r = audit_verify(text, keys, key_count, &earlier, a, &report, &v->err);
	if (r < 0)
		return r;
	if (key_count && !report.has_checkpoint)
		return err_set(&v->err, ENODATA, "'%s' does not end with a signature", v->args[0]);
	if (option_flag(&v->options, "json"))
		render_json(v, &report, out);
	else
		render_text(v, &report, out);
	r = result_print(v, out);
	if (r < 0)
		return r;
	return report.fault_count || !follows(v, &report) ? EXIT_CODE_GATE : EXIT_CODE_OK;
}

static int run(struct invocation *v)
{
	OWNED_BUF text = BUF_INIT, out = BUF_INIT;
	struct arena a;
	int r = file_read(AT_FDCWD, v->args[0], MAX_FILE_BYTES, &text, &v->err);

	if (r < 0)
		return r;
	arena_init(&a, 0);
	r = verify(v, buf_str(&text), &a, &out);
	arena_done(&a);
	return r;
}

const struct command cmd_audit_verify = {
	.name = "audit verify",
	.summary = { "find rows of an exported audit log that were changed, removed, inserted or "
		     "moved",
		     "找出导出的审计日志中被修改、删除、插入或移动的记录" },
	.detail = { "Needs neither the console nor the network. Exit 0: every row is as it was "
		    "written; "
		    "1: some are not, and each is named.",
		    "无需控制台与网络。退出码 "
		    "0：全部记录与写入时一致；1：存在不一致，并逐条指出。" },
	.arguments = "FILE",
	.min_args = 1,
	.max_args = 1,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep audit verify audit.ndjson",
			{ "what GET /api/v1/audit/export gave",
			  "GET /api/v1/audit/export 的内容" } },
		      { "skep audit verify --key console.pub audit.ndjson",
			{ "and that this console signed its end", "并要求末尾由该控制台签名" } },
		      { "skep audit verify --since last-week.ndjson audit.ndjson",
			{ "and that nothing of last week's was rewritten since",
			  "并要求上周导出的记录此后未被重写" } } },
	.options = { audit_options, result_json_options },
	.run = run,
};

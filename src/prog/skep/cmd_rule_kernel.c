#include "base/text.h"
#include "policy/kernel_filter.h"
#include "prog/skep/result.h"
#include "prog/skep/rule_command.h"

static const char *const path_tests[] = {
	[KERNEL_PATH_EXACT] = "is",           [KERNEL_PATH_PREFIX] = "startswith",
	[KERNEL_PATH_DIR] = "in folder",      [KERNEL_PATH_SUFFIX] = "endswith",
	[KERNEL_PATH_BASENAME] = "is called", [KERNEL_PATH_CONTAINS] = "contains",
	[KERNEL_PATH_TOP] = "right below",
};

static void add_word(struct buf *out, bool on, const char *word)
{
	if (on)
		buf_printf(out, " %s", word);
}

static void show_clause(const struct kernel_clause *c, bool lists, struct buf *out)
{
	bool facts = c->container_only || c->host_only || c->failed_only || c->success_only ||
		     c->open_modes || c->families || c->climbs || c->upper || c->unconnected;

	buf_add(out, S("   "));
	add_word(out, c->container_only, "container");
	add_word(out, c->host_only, "host");
	add_word(out, c->failed_only, "failed");
	add_word(out, c->success_only, "succeeded");
	add_word(out, c->open_modes & 1, "read");
	add_word(out, c->open_modes & 2, "write");
	add_word(out, c->open_modes & 4, "create-executable");
	add_word(out, c->families & KERNEL_IPV4,
		 c->families & KERNEL_LOOPBACK ? "ipv4" : "ipv4-beyond-loopback");
	add_word(out, c->families & KERNEL_IPV6, "ipv6");
	add_word(out, c->families & KERNEL_UNIX, "unix");
	add_word(out, c->climbs, "by-dot-dot");
	add_word(out, c->upper, "upper-layer");
	add_word(out, c->unconnected, "unconnected");
	if (c->paths_any)
		buf_printf(out, " one of %zu paths", c->path_count);
	if (c->port_count)
		buf_printf(out, " one of %zu ports", c->port_count);
	if (c->comm_count)
		buf_printf(out, " one of %zu names", c->comm_count);
	add_word(out, !facts && !c->paths_any && !c->port_count && !c->comm_count, "everything");
	buf_byte(out, '\n');
	for (size_t i = 0; lists && i < c->path_count; i++) {
		buf_printf(out, "        %s ", path_tests[c->paths[i]->test]);
		text_escape(c->paths[i]->text, out);
		buf_byte(out, '\n');
	}
	for (size_t i = 0; lists && i < c->port_count; i++)
		buf_printf(out, "        port %u\n", c->ports[i]);
}

static void show_filter(const struct kernel_filter *f, bool lists, struct buf *out)
{
	for (size_t t = 0; t < EVENT_TYPE_COUNT; t++) {
		if (!f->clause_count[t])
			continue;
		buf_printf(out, "%s\n", policy_events.types[t]);
		for (size_t i = 0; i < f->clause_count[t]; i++)
			show_clause(&f->clauses[t][i], lists, out);
	}
}

/* Each rule as if it were alone: whoever asks too little shows. */
static int show_each(struct invocation *v, const struct policy_program *all, struct buf *out)
{
	size_t count;
	const struct rule *const *rules = policy_rules(all, &count);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct policy_program *p;
		struct kernel_filter f;

		r = policy_compile_rules(&rules[i], 1, &policy_events, NULL, NULL, &p, &v->err);
		if (r < 0)
			break;
		r = kernel_filter_derive(p, v->arena, &f, &v->err);
		if (r == 0) {
			text_escape(rules[i]->name, out);
			buf_add(out, S(":\n"));
			show_filter(&f, option_flag(&v->options, "lists"), out);
			buf_byte(out, '\n');
		}
		policy_free(p);
	}
	return r;
}

static int show(struct invocation *v, const struct policy_program *p, struct buf *out)
{
	struct kernel_filter f;
	int r;

	if (option_flag(&v->options, "each"))
		return show_each(v, p, out);
	r = kernel_filter_derive(p, v->arena, &f, &v->err);
	if (r == 0)
		show_filter(&f, option_flag(&v->options, "lists"), out);
	return r;
}

static int run(struct invocation *v)
{
	struct policy_program *p = NULL;
	struct rule_set *s = NULL;
	OWNED_BUF out = BUF_INIT;
	int r = rule_command_program(v, v->args, v->arg_count, &s, &p);

	if (r == 0) {
		rule_command_log(v, s);
		r = show(v, p, &out);
	}
	if (r == 0)
		r = result_print(v, &out);
	policy_free(p);
	rule_set_free(s);
	return r;
}

static const struct option_def kernel_options[] = {
	{ .name = "lists",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "also each path and port", "同时列出各路径与端口" } },
	{ .name = "each",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "each rule as if it were alone", "逐条显示，如同只有该规则" } },
	{ 0 },
};

const struct command cmd_rule_kernel = {
	.name = "rule kernel",
	.summary = { "show what the kernel lets through for rules", "显示内核为规则放行的事件" },
	.detail = { "The agent derives from the rules what the kernel may drop: types of events no "
		    "rule "
		    "names are not even hooked, and of the others only those pass that some line "
		    "below their type describes. \"everything\" means that some rule asks "
		    "nothing the kernel could tell; such a rule costs most.",
		    "代理由规则推导出内核可以丢弃的事件：没有规则涉及的事件类型不会挂载钩子，"
		    "其余类型只放行符合其下某一行的事件。everything "
		    "表示某条规则没有内核能够判断的条件，这样的规则开销最大。" },
	.arguments = "[FILE...]",
	.max_args = UINT32_MAX,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep rule kernel", { "the rules that ship", "自带规则" } } },
	.options = { kernel_options },
	.run = run,
};

#include "prog/agent/rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/rule_path.h"

typedef void (*say_fn)(void *ctx, const char *line);

/** Where the console's rules lie. @p ret is empty: there is no console */
static int path_of_console(const struct option_set *o, struct arena *a, str *ret, struct err *e)
{
	const char *console = option_text(o, "console");

	*ret = (str){ 0 };
	if (console && console[0])
		*ret = arena_printf(a, "%s/%s", option_text(o, "state"), RULES_OF_CONSOLE);
	return console && console[0] && !ret->p ? err_set(e, ENOBUFS, "rules: memory budget spent")
						: 0;
}

/** @return 1 the console sent rules, 0 it did not, -errno */
static int read_of_console(const struct option_set *o, struct rule_set *set, struct arena *a,
			   struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct err why = { 0 };
	str path;
	int r = path_of_console(o, a, &path, e);

	if (r < 0 || !path.n)
		return r;
	r = file_read(AT_FDCWD, path.p, RULE_PATH_MAX_BYTES, &text, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "%s", why.text);
	r = rule_set_add(set, path, buf_str(&text), e);
	return r < 0 ? r : 1;
}

static int read_files(const struct option_set *o, struct rule_set *set, struct arena *a,
		      struct err *e)
{
	size_t named, count = 0;
	const char *const *names = option_list(o, "rules", &named);
	const char **paths = NULL;
	int r = read_of_console(o, set, a, e);

	if (r != 0)
		return MIN(r, 0);
	r = rule_path_collect(names, named, a, &paths, &count, e);
	for (size_t i = 0; i < count && r == 0; i++) {
		OWNED_BUF text = BUF_INIT;

		r = file_read(AT_FDCWD, paths[i], RULE_PATH_MAX_BYTES, &text, e);
		if (r == 0)
			r = rule_set_add(set, str_from(paths[i]), buf_str(&text), e);
	}
	return r;
}

int rules_check(const struct option_set *o, struct err *e)
{
	const char **paths = NULL;
	size_t named, count = 0;
	const char *const *names = option_list(o, "rules", &named);
	struct arena a;
	str of_console;
	int r;

	if (named == 0)
		return 0;
	arena_init(&a, (size_t)4 << 20);
	r = path_of_console(o, &a, &of_console, e);
	if (r == 0 && (!of_console.n || access(of_console.p, F_OK) < 0))
		r = rule_path_collect(names, named, &a, &paths, &count, e);
	for (size_t i = 0; i < count && r == 0; i++) {
		OWNED_BUF text = BUF_INIT;

		r = file_read(AT_FDCWD, paths[i], RULE_PATH_MAX_BYTES, &text, e);
	}
	arena_done(&a);
	return r < 0 && r != -ENOBUFS ? option_blame(o, "rules", e) : r;
}

static void PRINTF_LIKE(3, 4) rules_say(say_fn say, void *ctx, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say(ctx, line);
}

static void switch_rules(const struct option_set *o, struct rule_set *set, say_fn say, void *ctx)
{
	static const char *const options[] = { "disable", "enable" };
	enum alert_priority least = PRIORITY_DEBUG;
	const struct rule *rules;
	size_t count;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		for (const char *const *w = option_list(o, options[i], NULL); *w; w++)
			if (rule_set_enable(set, str_from(*w), i == 1) == 0)
				rules_say(say, ctx, "--%s %s: no rule or tag is called that",
					  options[i], *w);
	(void)!alert_priority_find(str_from(option_text(o, "min-priority")), &least);
	rules = rule_set_rules(set, &count);
	for (size_t i = 0; i < count; i++)
		if (rules[i].enabled && rules[i].priority > least)
			(void)rule_set_enable(set, rules[i].name, false);
}

static void tell_notes(const struct rule_set *set, say_fn say, void *ctx)
{
	size_t count, warnings = 0;
	const struct rule_note *n = rule_set_notes(set, &count);

	for (size_t i = 0; i < count; i++) {
		if (rule_code_is_error(n[i].code))
			rules_say(say, ctx, "%.*s:%u:%u: %.*s%s%.*s (%s)", STR_ARG(n[i].file),
				  n[i].line, n[i].column, STR_ARG(n[i].item),
				  n[i].item.n ? ": " : "", STR_ARG(n[i].message),
				  rule_code_name(n[i].code));
		else
			warnings++;
	}
	if (warnings)
		rules_say(say, ctx, "warnings in the rule files: %zu; see `skep rule lint`",
			  warnings);
}

int rules_load(const struct option_set *o, say_fn say, void *ctx, struct rules *ret, struct err *e)
{
	struct rules out = { 0 };
	struct arena names;
	size_t count = 0;
	int r = rule_set_new(&out.set, e);

	arena_init(&names, (size_t)4 << 20);
	if (r == 0)
		r = read_files(o, out.set, &names, e);
	if (r == 0)
		r = rule_set_finish(out.set, e);
	if (r == 0) {
		switch_rules(o, out.set, say, ctx);
		r = policy_compile(out.set, &policy_events, &out.program, e);
	}
	arena_done(&names);
	if (r == 0) {
		tell_notes(out.set, say, ctx);
		(void)policy_rules(out.program, &count);
		if (count == 0)
			r = err_set(e, EINVAL,
				    "no rule is left to judge by; see --rules, --disable and "
				    "--min-priority");
	}
	if (r == 0)
		r = policy_own_rules(out.program, e);
	if (r == 0) {
		rule_set_free(out.set);
		out.set = NULL;
	}
	if (r < 0) {
		rules_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

void rules_done(struct rules *r)
{
	policy_free(r->program);
	rule_set_free(r->set);
	*r = (struct rules){ 0 };
}

#include "prog/skep/rule_command.h"

#include <fcntl.h>

#include "base/file.h"
#include "policy/rule_path.h"
#include "prog/skep/log.h"

static int add_file(struct invocation *v, struct rule_set *s, const char *path)
{
	OWNED_BUF text = BUF_INIT;
	struct err why = { .translate = v->err.translate };

	if (file_read(AT_FDCWD, path, RULE_PATH_MAX_BYTES, &text, &why) < 0)
		return rule_set_add_unreadable(s, str_from(path), str_from(why.text), &v->err);
	return rule_set_add(s, str_from(path), buf_str(&text), &v->err);
}

int rule_command_program(struct invocation *v, const char *const *names, size_t count,
			 struct rule_set **ret, struct policy_program **ret_program)
{
	struct rule_set *s = NULL;
	struct policy_program *p = NULL;
	const char **paths;
	size_t path_count;
	int r = rule_path_collect(names, count, v->arena, &paths, &path_count, &v->err);

	if (r == 0)
		r = rule_set_new(&s, &v->err);
	for (size_t i = 0; r == 0 && i < path_count; i++)
		r = add_file(v, s, paths[i]);
	if (r == 0)
		r = rule_set_finish(s, &v->err);
	if (r == 0)
		r = policy_compile(s, &policy_events, &p, &v->err);
	if (r < 0) {
		rule_set_free(s);
		return r;
	}
	*ret = s;
	*ret_program = p;
	return 0;
}

/* Compiling finds what a condition says of fields that they cannot be. */
int rule_command_load(struct invocation *v, const char *const *names, size_t count,
		      struct rule_set **ret)
{
	struct policy_program *p;
	int r = rule_command_program(v, names, count, ret, &p);

	if (r == 0)
		policy_free(p);
	return r;
}

size_t rule_command_errors(const struct rule_set *s)
{
	size_t count, errors = 0;
	const struct rule_note *notes = rule_set_notes(s, &count);

	for (size_t i = 0; i < count; i++)
		errors += rule_code_is_error(notes[i].code);
	return errors;
}

void rule_command_log(struct invocation *v UNUSED, const struct rule_set *s)
{
	size_t count, errors = rule_command_errors(s);
	const struct rule_note *notes = rule_set_notes(s, &count);

	for (size_t i = 0; i < count; i++)
		if (rule_code_is_error(notes[i].code))
			log_error("%.*s:%u:%u: %.*s%s%.*s", STR_ARG(notes[i].file), notes[i].line,
				  notes[i].column, STR_ARG(notes[i].item),
				  notes[i].item.n ? ": " : "", STR_ARG(notes[i].message));
	if (count > errors)
		log_debug("warnings in the rule files: %zu; `skep rule lint` shows them",
			  count - errors);
}

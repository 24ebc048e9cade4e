#include "rules.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"

const size_t bench_rule_counts[3] = { 25, 93, BENCH_RULES };

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s%s%s\n", what, *why ? ": " : "", why);
	exit(1);
}

static void read_files(struct bench_rules *b, char *const *paths, size_t count)
{
	struct err e = { 0 };

	if (rule_set_new(&b->set, &e) < 0)
		die("rules", e.text);
	for (size_t i = 0; i < count; i++) {
		OWNED_BUF text = BUF_INIT;

		if (file_read(AT_FDCWD, paths[i], 16 << 20, &text, &e) < 0 ||
		    rule_set_add(b->set, str_from(paths[i]), buf_str(&text), &e) < 0)
			die(paths[i], e.text);
	}
	if (rule_set_finish(b->set, &e) < 0)
		die("the rules cannot be resolved", e.text);
}

/* A rule that also asks for a name no process has: nothing can be shared with it but its parts. */
static const struct rule *copy_of(const struct rule *r, size_t number, struct arena *a)
{
	struct rule *copy = ARENA_NEW(a, struct rule);
	struct condition *both = ARENA_NEW(a, struct condition), *more = NULL;
	struct condition **parts = ARENA_ARRAY(a, 2, struct condition *);
	str text = arena_printf(a, "proc.pname != copy-%zu", number);

	if (!copy || !both || !parts || condition_parse(text, 0, a, &more, NULL, NULL) < 0)
		die("out of memory", "");
	parts[0] = r->condition;
	parts[1] = more;
	*copy = *r;
	*both = (struct condition){ .kind = CONDITION_AND,
				    .height = (uint16_t)(r->condition->height + 1),
				    .size = r->condition->size + 2,
				    .children = parts,
				    .child_count = 2 };
	copy->condition = both;
	return copy;
}

void bench_rules_open(struct bench_rules *b, char *const *paths, size_t count,
		      bool (*fit)(struct rule *r))
{
	const struct rule *all;
	size_t found;

	arena_init(&b->arena, 0);
	read_files(b, paths, count);
	b->own = 0;
	all = rule_set_rules(b->set, &found);
	for (size_t i = 0; i < found && b->own < BENCH_RULES; i++) {
		struct rule *r = ARENA_NEW(&b->arena, struct rule);

		if (!r)
			die("out of memory", "");
		*r = all[i];
		r->enabled = true;
		if (r->condition && str_is(r->source, policy_events.name) && (!fit || fit(r)))
			b->rules[b->own++] = r;
	}
	if (!b->own)
		die("no rules", "");
	for (size_t n = b->own; n < BENCH_RULES; n++)
		b->rules[n] = copy_of(b->rules[n % b->own], n, &b->arena);
}

void bench_rules_close(struct bench_rules *b)
{
	rule_set_free(b->set);
	arena_done(&b->arena);
}

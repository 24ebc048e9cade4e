#include "policy/condition_priv.h"

const char *condition_operator_name(enum condition_operator op)
{
	static const char *const names[] = {
#define NAME(id, text) [CONDITION_##id] = text,
		CONDITION_OPERATORS(NAME)
#undef NAME
	};

	return names[op];
}

static const struct {
	const char *name;
	size_t min, max;
} transforms[] = {
	[TRANSFORM_TOLOWER] = { "tolower", 1, 1 }, [TRANSFORM_TOUPPER] = { "toupper", 1, 1 },
	[TRANSFORM_B64] = { "b64", 1, 1 },         [TRANSFORM_BASENAME] = { "basename", 1, 1 },
	[TRANSFORM_LEN] = { "len", 1, 1 },         [TRANSFORM_JOIN] = { "join", 2, 2 },
	[TRANSFORM_CONCAT] = { "concat", 2, 64 },  [TRANSFORM_GETOPT] = { "getopt", 2, 2 },
};

const char *condition_transform_name(enum condition_transform t)
{
	return transforms[t].name;
}

void transform_arity(enum condition_transform t, size_t *ret_min, size_t *ret_max)
{
	*ret_min = transforms[t].min;
	*ret_max = transforms[t].max;
}

void condition_walk_begin(struct condition_walk *w, const struct condition *root)
{
	w->steps[0] = (struct condition_step){ .node = root };
	w->depth = 0;
	w->entering = true;
}

const struct condition *condition_walk_next(struct condition_walk *w)
{
	struct condition_step *s = &w->steps[w->depth ? w->depth - 1 : 0];

	if (w->depth == 0) {
		w->depth = w->entering ? 1 : 0;
		return w->entering ? s->node : NULL;
	}
	if (!w->entering) {
		if (--w->depth == 0)
			return NULL;
		s--;
	}
	w->entering = s->next < s->node->child_count;
	if (!w->entering)
		return s->node;
	s[1] = (struct condition_step){ .node = s->node->children[s->next++] };
	w->depth++;
	return s[1].node;
}

struct condition **condition_walk_slot(const struct condition_walk *w)
{
	const struct condition_step *parent;

	if (w->depth < 2)
		return NULL;
	parent = &w->steps[w->depth - 2];
	return &parent->node->children[parent->next - 1];
}

#include "scan/feed/feed_set.h"

bool feed_set_takes(const struct feed_set *s, const struct feed_format *f, str key, size_t bytes)
{
	return !s->format ||
	       (s->format == f && str_eq(s->key, key) && s->bytes + bytes <= FEED_SET_MAX_BYTES);
}

int feed_set_add(struct feed_set *s, const struct feed_format *f, str key,
		 const struct feed_file *file, int64_t mtime, struct err *e)
{
	struct feed_file *at = ARENA_PUSH(&s->arena, s->files, s->count, s->cap);

	if (!s->format)
		s->key = arena_str(&s->arena, key);
	s->format = f;
	if (at)
		*at = (struct feed_file){ arena_str(&s->arena, file->path),
					  arena_str(&s->arena, file->text) };
	if (!at || !s->key.p || !at->path.p || !at->text.p)
		return err_set(e, ENOMEM, "no memory for the files of %.*s", STR_ARG(key));
	s->bytes += file->text.n;
	s->mtime = MAX(s->mtime, mtime);
	return 0;
}

void feed_set_reset(struct feed_set *s)
{
	arena_done(&s->arena);
	*s = (struct feed_set){ 0 };
}

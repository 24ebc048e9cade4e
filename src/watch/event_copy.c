#include "watch/event_copy.h"

enum { EVENT_TEXTS = 7, EXEC_TEXTS = 5 };

static void texts_of(struct event *v, str *ret[EVENT_TEXTS])
{
	ret[0] = &v->path;
	ret[1] = &v->path2;
	ret[2] = &v->raw;
	ret[3] = &v->raw2;
	ret[4] = &v->text;
	ret[5] = &v->fd.path;
	ret[6] = &v->cwd;
}

static void exec_texts_of(struct event_exec *x, str *ret[EXEC_TEXTS])
{
	ret[0] = &x->comm;
	ret[1] = &x->exe_path;
	ret[2] = &x->args;
	ret[3] = &x->env;
	ret[4] = &x->cwd;
}

size_t event_copy_bytes(const struct event *v)
{
	const struct event_exec *x = v->exec;
	size_t n = sizeof(*v) + v->path.n + v->path2.n + v->raw.n + v->raw2.n + v->text.n +
		   v->fd.path.n + v->cwd.n;

	if (x)
		n += sizeof(*x) + x->comm.n + x->exe_path.n + x->args.n + x->env.n + x->cwd.n;
	return n;
}

static char *lay(char *to, str *texts[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (texts[i]->n)
			memcpy(to, texts[i]->p, texts[i]->n);
		to += texts[i]->n;
	}
	return to;
}

static const char *lift(const char *from, str *texts[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		texts[i]->p = from;
		from += texts[i]->n;
	}
	return from;
}

void event_copy_write(const struct event *v, void *to)
{
	struct event copy = *v;
	struct event_exec exec;
	str *texts[EVENT_TEXTS], *exec_texts[EXEC_TEXTS];
	char *at = (char *)to + sizeof(copy);

	copy.usage = NULL;
	memcpy(to, &copy, sizeof(copy));
	if (v->exec) {
		exec = *v->exec;
		memcpy(at, &exec, sizeof(exec));
		at += sizeof(exec);
	}
	texts_of(&copy, texts);
	at = lay(at, texts, EVENT_TEXTS);
	if (!v->exec)
		return;
	exec_texts_of(&exec, exec_texts);
	lay(at, exec_texts, EXEC_TEXTS);
}

void event_copy_read(const void *from, struct event *ret, struct event_exec *x)
{
	str *texts[EVENT_TEXTS], *exec_texts[EXEC_TEXTS];
	const char *at = (const char *)from + sizeof(*ret);

	memcpy(ret, from, sizeof(*ret));
	if (ret->exec) {
		memcpy(x, at, sizeof(*x));
		ret->exec = x;
		at += sizeof(*x);
	}
	texts_of(ret, texts);
	at = lift(at, texts, EVENT_TEXTS);
	if (!ret->exec)
		return;
	exec_texts_of(x, exec_texts);
	lift(at, exec_texts, EXEC_TEXTS);
}

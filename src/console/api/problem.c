#include "console/api/problem.h"

#include "codec/json_out.h"

static const struct problem_row problems[] = {
#define PROBLEM_ROW(id, status, code, en, zh) { status, code, { en, zh } },
	PROBLEMS(PROBLEM_ROW)
#undef PROBLEM_ROW
};

const struct problem_row *problem_row(enum problem_id id)
{
	return &problems[id];
}

enum problem_id problem_of(int error)
{
	switch (error) {
	case -ENOENT:
		return PROBLEM_NOT_FOUND;
	case -ENOKEY:
	case -EKEYREJECTED:
		return PROBLEM_UNAUTHENTICATED;
	case -EACCES:
	case -EPERM:
		return PROBLEM_FORBIDDEN;
	case -EINVAL:
	case -EBADMSG:
	case -ERANGE:
	case -EDOM:
		return PROBLEM_INVALID;
	case -EEXIST:
	case -EBUSY:
		return PROBLEM_CONFLICT;
	case -ESTALE:
		return PROBLEM_STALE;
	case -E2BIG:
		return PROBLEM_TOO_LARGE;
	case -EOPNOTSUPP:
		return PROBLEM_METHOD;
	case -EDQUOT:
		return PROBLEM_TOO_MANY;
	case -EAGAIN:
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
	case -ENOBUFS:
	case -ENOMEM:
	case -EBADFD:
		return PROBLEM_UNAVAILABLE;
	case -EUCLEAN:
		return PROBLEM_DAMAGED;
	case -ENOSPC:
		return PROBLEM_NO_SPACE;
	default:
		return PROBLEM_INTERNAL;
	}
}

/* Puts the fault's bound and list where its sentence has {0} and {1}. */
static void add_sentence(struct buf *out, const struct fault *f, enum lang lang)
{
	str left = str_from(phrase_in(f->why, lang));

	while (left.n) {
		if (str_starts(left, S("{0}"))) {
			buf_printf(out, "%lld", (long long)f->bound);
			left = str_skip(left, 3);
		} else if (str_starts(left, S("{1}"))) {
			buf_add(out, f->allowed);
			left = str_skip(left, 3);
		} else {
			buf_byte(out, left.p[0]);
			left = str_skip(left, 1);
		}
	}
}

static void render_faults(struct json_out *j, const struct fault_list *l, enum lang lang)
{
	OWNED_BUF text = BUF_INIT;

	json_key(j, "errors");
	json_array_open(j);
	for (size_t i = 0; i < l->count; i++) {
		buf_reset(&text);
		add_sentence(&text, &l->items[i], lang);
		json_object_open(j);
		json_put_str(j, "path", l->items[i].path);
		json_put_str(j, "message", buf_str(&text));
		json_object_close(j);
	}
	json_array_close(j);
}

void problem_render(const struct problem *p, enum lang lang, struct buf *out)
{
	const struct problem_row *row = problem_row(p->id);
	const char *title = phrase_in(row->title, lang);
	struct json_out j;

	json_out_init(&j, out, false);
	json_object_open(&j);
	json_put_cstr(&j, "type", "about:blank");
	json_put_cstr(&j, "title", title);
	json_put_int(&j, "status", row->status);
	json_put_cstr(&j, "code", p->code ? p->code : row->code);
	json_put_str(&j, "detail", p->detail.n ? p->detail : str_from(title));
	json_put_str(&j, "instance", p->instance);
	if (p->faults && p->faults->count)
		render_faults(&j, p->faults, lang);
	json_object_close(&j);
}

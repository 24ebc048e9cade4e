#include "codec/json.h"
#include "codec/json_out.h"
#include "console/store/audit_chain.h"

static const str stars = S("***");

/* Members whose very name says that they hold what opens something. */
static bool names_secret(str key)
{
	static const char *const words[] = { "password", "passwd",  "secret",     "token",
					     "csrf",     "cookie",  "credential", "authorization",
					     "apikey",   "api_key", "privatekey", "private_key",
					     "recovery" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_holds_nocase(key, str_from(words[i])))
			return true;
	return false;
}

static bool is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* How far a token of ours goes that begins here: 0 when none does. */
static size_t token_length(str s)
{
	size_t n = 5;

	if (str_starts(s, S("skep1.")))
		n = 6;
	else if (!str_starts(s, S("skep_")))
		return 0;
	size_t prefix = n;

	while (n < s.n && is_token_byte(s.p[n]))
		n++;
	return n - prefix >= 20 ? n : 0;
}

/* How far "user:password@" goes behind "://". */
static size_t user_info_length(str s)
{
	for (size_t n = 0; n < s.n && s.p[n] != '/' && s.p[n] != ' ' && s.p[n] != '?'; n++)
		if (s.p[n] == '@')
			return n;
	return 0;
}

void audit_redact_text(str text, struct buf *out)
{
	while (text.n) {
		size_t n = token_length(text);

		if (n) {
			buf_add(out, stars);
			text = str_skip(text, n);
			continue;
		}
		if (str_starts(text, S("://"))) {
			buf_add(out, S("://"));
			text = str_skip(text, 3);
			n = user_info_length(text);
			if (n) {
				buf_add(out, stars);
				text = str_skip(text, n);
			}
			continue;
		}
		buf_byte(out, text.p[0]);
		text = str_skip(text, 1);
	}
}

/* A container whose elements are being written. */
struct level {
	const struct value *of;
	size_t next;
};

static int write_text(struct json_out *j, str s)
{
	OWNED_BUF clean = BUF_INIT;

	audit_redact_text(s, &clean);
	json_str(j, buf_str(&clean));
	return buf_error(&clean);
}

/* @return 1 when it is a container, which was opened */
static int write_value(struct json_out *j, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NULL:
		json_null(j);
		return 0;
	case VALUE_BOOL:
		json_bool(j, v->boolean);
		return 0;
	case VALUE_NUMBER:
		if ((double)v->integer == v->number)
			json_int(j, v->integer);
		else
			json_double(j, v->number, 6);
		return 0;
	case VALUE_STRING:
		return write_text(j, v->string);
	case VALUE_ARRAY:
		json_array_open(j);
		return 1;
	case VALUE_OBJECT:
		json_object_open(j);
		return 1;
	}
	return 0;
}

/* The next element of the innermost container, its key written. NULL: there is none, or it was a secret. */
static const struct value *step(struct json_out *j, struct level *at)
{
	const struct value_member *m;

	if (at->of->kind == VALUE_ARRAY)
		return &at->of->items[at->next++];
	m = &at->of->members[at->next++];
	json_key_str(j, m->key);
	if (names_secret(m->key) && m->value.kind != VALUE_BOOL && m->value.kind != VALUE_NULL) {
		json_str(j, stars);
		return NULL;
	}
	return &m->value;
}

static int write_tree(struct json_out *j, const struct value *root)
{
	struct level stack[JSON_OUT_MAX_DEPTH];
	size_t depth = 0;
	int r = write_value(j, root);

	if (r > 0)
		stack[depth++] = (struct level){ .of = root };
	while (depth && r >= 0) {
		struct level *at = &stack[depth - 1];
		const struct value *v;

		if (at->next == at->of->count) {
			if (at->of->kind == VALUE_ARRAY)
				json_array_close(j);
			else
				json_object_close(j);
			depth--;
			continue;
		}
		v = step(j, at);
		if (!v)
			continue;
		if ((v->kind == VALUE_ARRAY || v->kind == VALUE_OBJECT) &&
		    depth == ARRAY_LEN(stack)) {
			json_cstr(j, "...");
			continue;
		}
		r = write_value(j, v);
		if (r > 0)
			stack[depth++] = (struct level){ .of = v };
	}
	return MIN(r, 0);
}

int audit_redact(str json, struct arena *a, struct buf *out, struct err *e)
{
	struct value root;
	struct json_out j;
	int r;

	if (!json.n)
		return 0;
	r = json_parse(json, a, &root, e);
	if (r < 0)
		return r;
	json_out_init(&j, out, false);
	r = write_tree(&j, &root);
	if (r == 0)
		r = buf_error(out);
	return r < 0 ? err_set(e, ENOMEM, "audit log: no memory for an entry") : 0;
}

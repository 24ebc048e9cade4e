#include "console/store/rule_files.h"

#include "codec/digest.h"
#include "console/api/rules_priv.h"

static void put(const struct rule_file *f, struct json_out *j)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)f->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", f->name);
	json_put_str(j, "text", f->text);
	json_put_bool(j, "enabled", f->enabled);
	call_put_time(j, "updated", f->updated_ns);
	json_put_str(j, "updatedBy", f->updated_by);
	json_put_int(j, "rules", f->rules);
	json_object_close(j);
}

static int text_of(const struct rule_file *f, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	put(f, &j);
	*ret = arena_str(a, buf_str(&out));
	return buf_error(&out) || !ret->p ? err_set(e, ENOBUFS, "rules: memory budget spent") : 0;
}

int rules_tell_agents(struct call *c, struct err *e)
{
	c->topic = "rules";
	return rule_book_publish(c->store, c->arena, e);
}

int api_rule_file_list(struct call *c, struct err *e)
{
	struct rule_file *files;
	size_t count;
	int r = rule_files_list(c->store, c->arena, &files, &count, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count; i++)
		put(&files[i], &c->json);
	call_page_close(c, (str){ 0 }, (int64_t)count);
	return 0;
}

static int get(struct call *c, struct rule_file *ret, struct err *e)
{
	int64_t id;
	int r = call_number(c->id, &id, e);

	return r < 0 ? r : rule_files_get(c->store, id, c->arena, ret, e);
}

int api_rule_file_get(struct call *c, struct err *e)
{
	struct rule_file f;
	int r = get(c, &f, e);

	if (r == 0)
		put(&f, &c->json);
	return r;
}

/* Fills @p f from the body; a file with an error in it is refused, with its first error. */
static int take_body(struct call *c, int64_t without, struct rule_file *f, struct err *e)
{
	struct rule_book_options o = { .without = without,
				       .draft = value_get_str(&c->body, "text") };
	const struct value *enabled = value_get(&c->body, "enabled");
	const struct rule_note *notes;
	struct rule_book book;
	size_t count;
	int r = rule_book_open(c->store, &o, c->arena, &book, e);

	if (r < 0)
		return r;
	notes = rule_set_notes(book.set, &count);
	for (size_t i = 0; i < count && r == 0; i++)
		if (rule_code_is_error(notes[i].code) && str_is(notes[i].file, RULE_BOOK_DRAFT)) {
			c->code = "rule-error";
			r = err_set(e, EINVAL, "%u:%u: %.*s", notes[i].line, notes[i].column,
				    STR_ARG(notes[i].message));
		}
	*f = (struct rule_file){ .id = without,
				 .name = value_get_str(&c->body, "name"),
				 .text = o.draft,
				 .enabled = !enabled || enabled->boolean,
				 .updated_ns = c->now_ns,
				 .updated_by = c->who.name,
				 .rules = (int64_t)rules_in_draft(&book) };
	rule_book_close(&book);
	return r;
}

static int show(struct call *c, int64_t id, struct err *e)
{
	struct rule_file f;
	int r = rule_files_get(c->store, id, c->arena, &f, e);

	if (r == 0)
		r = rules_tell_agents(c, e);
	if (r == 0)
		r = text_of(&f, c->arena, &c->audit_after, e);
	if (r == 0)
		put(&f, &c->json);
	return r;
}

int api_rule_file_add(struct call *c, struct err *e)
{
	struct rule_file f;
	int64_t id;
	int r = take_body(c, 0, &f, e);

	if (r == 0)
		r = rule_files_add(c->store, &f, &id, e);
	return r < 0 ? r : show(c, id, e);
}

/* The file as it is, held to If-Match. */
static int get_to_change(struct call *c, struct rule_file *ret, struct err *e)
{
	char etag[CALL_ETAG_BYTES];
	int r = sql_lock(c->store->sql, "rule_file", e);

	if (r == 0)
		r = get(c, ret, e);
	if (r == 0)
		r = text_of(ret, c->arena, &c->audit_before, e);
	if (r < 0)
		return r;
	call_etag(c->audit_before, etag);
	return call_match(c, str_from(etag), e);
}

int api_rule_file_put(struct call *c, struct err *e)
{
	struct rule_file before, f;
	int r = get_to_change(c, &before, e);

	if (r == 0)
		r = take_body(c, before.id, &f, e);
	if (r == 0)
		r = rule_files_put(c->store, &f, e);
	return r < 0 ? r : show(c, before.id, e);
}

int api_rule_file_delete(struct call *c, struct err *e)
{
	struct rule_file f;
	int r = get_to_change(c, &f, e);

	if (r == 0)
		r = rule_files_delete(c->store, f.id, e);
	return r < 0 ? r : rules_tell_agents(c, e);
}

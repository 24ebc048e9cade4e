#include "model/layer.h"

#include "codec/json.h"
#include "model/field_priv.h"

enum { LAYER_MAX_EVIDENCE = 1000000, LAYER_MAX_PATHS = 5000000 };

/* X(field, JSON key) */
#define LAYER_COUNTS(X) \
	X(stored_bytes, "storedBytes") \
	X(tar_bytes, "tarBytes") \
	X(entries, "entries") \
	X(files_analysed, "filesAnalysed")

/* X(array, its count's prefix, JSON key) */
#define LAYER_PATHS(X) \
	X(whiteouts, whiteout, "whiteouts") \
	X(opaques, opaque, "opaques") \
	X(blockers, blocker, "blockers")

static const char *evidence_kind_name(enum evidence_kind k)
{
	static const char *const names[] = {
#define EVIDENCE_NAME(id, name) [EVIDENCE_##id] = (name),
		EVIDENCE_KINDS(EVIDENCE_NAME)
#undef EVIDENCE_NAME
	};

	return names[k];
}

static bool os_is_empty(const struct os *o)
{
#define OS_FILLED(field, key) \
	if (o->field.n) \
		return false;
	OS_FIELDS(OS_FILLED)
#undef OS_FILLED
	return true;
}

static void render_evidence(const struct evidence *v, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "kind", evidence_kind_name(v->kind));
	json_put_str(j, "path", v->path);
	if (v->packages.count) {
		json_key(j, "packages");
		package_list_render(&v->packages, j, false);
	}
	if (!os_is_empty(&v->os)) {
		json_key(j, "os");
		os_render(&v->os, j);
	}
	json_opt_str(j, "contentSets", v->content_sets);
	json_object_close(j);
}

static void render_paths(const char *key, const str *paths, size_t count, struct json_out *j)
{
	if (count)
		json_put_strs(j, key, paths, count);
}

void layer_render(const struct layer *l, struct json_out *j)
{
	json_object_open(j);
	json_put_uint(j, "format", LAYER_FORMAT);
	json_opt_str(j, "diffId", l->diff_id);
	json_opt_str(j, "digest", l->digest);
	json_opt_str(j, "media", l->media);
#define COUNT_OUT(field, key) json_put_uint(j, key, l->field);
	LAYER_COUNTS(COUNT_OUT)
#undef COUNT_OUT
	json_key(j, "evidence");
	json_array_open(j);
	for (size_t i = 0; i < l->evidence_count; i++)
		render_evidence(&l->evidence[i], j);
	json_array_close(j);
#define PATHS_OUT(field, one, key) render_paths(key, l->field, l->one##_count, j);
	LAYER_PATHS(PATHS_OUT)
#undef PATHS_OUT
	json_key(j, "links");
	json_array_open(j);
	for (size_t i = 0; i < l->link_count; i++) {
		json_object_open(j);
		json_put_str(j, "path", l->links[i].path);
		json_put_str(j, "target", l->links[i].target);
		json_object_close(j);
	}
	json_array_close(j);
	json_key(j, "gaps");
	gap_list_render(&l->gaps, j);
	json_object_close(j);
}

static int parse_evidence(const struct value *v, struct arena *a, struct evidence *ret,
			  struct err *e)
{
	struct fields f = fields_of(v, "evidence", a, e);
	struct evidence out = { .kind = EVIDENCE_KIND_COUNT };
	str kind = value_get_str(v, "kind");
	const struct value *os = value_get(v, "os");

	for (unsigned int k = 0; k < EVIDENCE_KIND_COUNT; k++)
		if (str_is(kind, evidence_kind_name((enum evidence_kind)k)))
			out.kind = (enum evidence_kind)k;
	if (out.kind == EVIDENCE_KIND_COUNT)
		field_fail(&f, EBADMSG, "of an unknown kind");
	field_path(&f, "path", &out.path);
	field_str(&f, "contentSets", &out.content_sets);
	if (!f.error)
		field_check(&f, package_list_parse(value_get(v, "packages"),
						   out.kind != EVIDENCE_DPKG_LIST, a, &out.packages,
						   e));
	if (!f.error && os)
		field_check(&f, os_parse(os, a, &out.os, e));
	if (!f.error)
		*ret = out;
	return f.error;
}

static void parse_all_evidence(struct fields *f, struct layer *l)
{
	VALUE_EACH (item, field_array(f, "evidence", LAYER_MAX_EVIDENCE)) {
		struct evidence *v = f->error ? NULL
					      : ARENA_PUSH(f->arena, l->evidence, l->evidence_count,
							   l->evidence_cap);

		if (v)
			field_check(f, parse_evidence(item, f->arena, v, f->e));
		else
			field_fail(f, ENOBUFS, "memory budget spent");
	}
}

static void parse_links(struct fields *f, struct layer *l)
{
	VALUE_EACH (item, field_array(f, "links", LAYER_MAX_PATHS)) {
		struct layer_link *k =
			f->error ? NULL
				 : ARENA_PUSH(f->arena, l->links, l->link_count, l->link_cap);
		struct fields one = fields_of(item, "link", f->arena, f->e);

		if (!k) {
			field_fail(f, ENOBUFS, "memory budget spent");
			return;
		}
		field_path(&one, "path", &k->path);
		field_str_needed(&one, "target", &k->target);
		field_check(f, one.error);
	}
}

static int parse_layer(const struct value *v, struct arena *a, struct layer *ret, struct err *e)
{
	struct fields f = fields_of(v, "layer", a, e);
	struct layer l = { 0 };

	if (!f.error && value_int(value_get(v, "format"), -1) != LAYER_FORMAT)
		field_fail(&f, EBADMSG, "of another format than %d", LAYER_FORMAT);
	field_digest(&f, "diffId", &l.diff_id);
	field_digest(&f, "digest", &l.digest);
	field_str(&f, "media", &l.media);
#define COUNT_IN(field, key) field_u64(&f, key, &l.field);
	LAYER_COUNTS(COUNT_IN)
#undef COUNT_IN
	parse_all_evidence(&f, &l);
#define PATHS_IN(field, one, key) \
	field_strs(&f, key, LAYER_MAX_PATHS, true, &l.field, &l.one##_count); \
	l.one##_cap = l.one##_count;
	LAYER_PATHS(PATHS_IN)
#undef PATHS_IN
	parse_links(&f, &l);
	if (!f.error)
		field_check(&f, gap_list_parse(value_get(v, "gaps"), a, &l.gaps, e));
	if (!f.error)
		*ret = l;
	return f.error;
}

int layer_parse(str text, struct arena *a, struct layer *ret, struct err *e)
{
	struct arena tree;
	struct value v;
	int r;

	arena_init(&tree, a->budget_bytes);
	r = json_parse(text, &tree, &v, e);
	if (r == 0)
		r = parse_layer(&v, a, ret, e);
	arena_done(&tree);
	return r;
}

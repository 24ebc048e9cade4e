#include "model/inventory.h"

#include "model/field_priv.h"

enum { INVENTORY_MAX_LAYERS = 100000, INVENTORY_MAX_TAGS = 10000 };

/* X(field, JSON key) */
#define INVENTORY_FIELDS(X) \
	X(name, "name") \
	X(source, "source") \
	X(image_id, "imageId") \
	X(manifest_digest, "manifestDigest") \
	X(architecture, "architecture") \
	X(platform_os, "platformOs") \
	X(created, "created")

#define INVENTORY_LAYER_FIELDS(X) \
	X(digest, "digest") \
	X(diff_id, "diffId") \
	X(created_by, "createdBy")

#define INVENTORY_LAYER_COUNTS(X) \
	X(stored_bytes, "storedBytes") \
	X(tar_bytes, "tarBytes") \
	X(entries, "entries") \
	X(files_analysed, "filesAnalysed")

#define INVENTORY_LAYER_FLAGS(X) \
	X(from_cache, "fromCache") \
	X(missing, "missing")

const char *target_kind_name(enum target_kind k)
{
	static const char *const names[] = {
#define TARGET_NAME(id, name) [TARGET_##id] = (name),
		TARGET_KINDS(TARGET_NAME)
#undef TARGET_NAME
	};

	return names[k];
}

static void render_layer(const struct inventory_layer *l, struct json_out *j)
{
	json_object_open(j);
#define STR_OUT(field, key) json_opt_str(j, key, l->field);
	INVENTORY_LAYER_FIELDS(STR_OUT)
#undef STR_OUT
#define COUNT_OUT(field, key) json_put_uint(j, key, l->field);
	INVENTORY_LAYER_COUNTS(COUNT_OUT)
#undef COUNT_OUT
#define FLAG_OUT(field, key) \
	if (l->field) \
		json_put_bool(j, key, true);
	INVENTORY_LAYER_FLAGS(FLAG_OUT)
#undef FLAG_OUT
	json_object_close(j);
}

void inventory_render(const struct inventory *v, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "kind", target_kind_name(v->kind));
#define STR_OUT(field, key) json_opt_str(j, key, v->field);
	INVENTORY_FIELDS(STR_OUT)
#undef STR_OUT
	json_put_strs(j, "repoTags", v->repo_tags, v->repo_tag_count);
	json_key(j, "os");
	os_render(&v->os, j);
	json_key(j, "layers");
	json_array_open(j);
	for (size_t i = 0; i < v->layer_count; i++)
		render_layer(&v->layers[i], j);
	json_array_close(j);
	json_key(j, "packages");
	package_list_render(&v->packages, j, true);
	json_key(j, "gaps");
	gap_list_render(&v->gaps, j);
	json_object_close(j);
}

static void parse_layers(struct fields *f, struct inventory *v)
{
	const struct value *layers = field_array(f, "layers", INVENTORY_MAX_LAYERS);

	v->layers = ARENA_ARRAY(f->arena, layers->count, struct inventory_layer);
	if (!v->layers)
		field_fail(f, ENOBUFS, "memory budget spent");
	VALUE_EACH (item, layers) {
		struct inventory_layer l = { 0 };
		struct fields one = fields_of(item, "layer", f->arena, f->e);

		if (f->error)
			return;
#define STR_IN(field, key) field_str(&one, key, &l.field);
		INVENTORY_LAYER_FIELDS(STR_IN)
#undef STR_IN
#define COUNT_IN(field, key) field_u64(&one, key, &l.field);
		INVENTORY_LAYER_COUNTS(COUNT_IN)
#undef COUNT_IN
#define FLAG_IN(field, key) field_bool(&one, key, &l.field);
		INVENTORY_LAYER_FLAGS(FLAG_IN)
#undef FLAG_IN
		field_check(f, one.error);
		v->layers[v->layer_count++] = l;
	}
}

static void check_layer_numbers(struct fields *f, const struct inventory *v)
{
	for (size_t i = 0; i < v->packages.count; i++)
		if (v->packages.items[i].layer >= MAX(v->layer_count, (size_t)1))
			field_fail(f, EBADMSG, "package %zu is of layer %u of %zu", i,
				   v->packages.items[i].layer, v->layer_count);
}

int inventory_parse(const struct value *v, struct arena *a, struct inventory *ret, struct err *e)
{
	struct fields f = fields_of(v, "inventory", a, e);
	struct inventory out = { .kind = TARGET_KIND_COUNT };
	const struct value *os = value_get(v, "os");
	str kind = value_get_str(v, "kind");

	for (unsigned int k = 0; k < TARGET_KIND_COUNT; k++)
		if (str_is(kind, target_kind_name((enum target_kind)k)))
			out.kind = (enum target_kind)k;
	if (out.kind == TARGET_KIND_COUNT)
		field_fail(&f, EBADMSG, "of an unknown kind");
#define STR_IN(field, key) field_str(&f, key, &out.field);
	INVENTORY_FIELDS(STR_IN)
#undef STR_IN
	field_strs(&f, "repoTags", INVENTORY_MAX_TAGS, false, &out.repo_tags, &out.repo_tag_count);
	if (!f.error && os)
		field_check(&f, os_parse(os, a, &out.os, e));
	parse_layers(&f, &out);
	if (!f.error)
		field_check(&f, package_list_parse(value_get(v, "packages"), true, a, &out.packages,
						   e));
	if (!f.error)
		field_check(&f, gap_list_parse(value_get(v, "gaps"), a, &out.gaps, e));
	check_layer_numbers(&f, &out);
	if (!f.error)
		*ret = out;
	return f.error;
}

#include "model/package.h"

#include "codec/digest.h"
#include "model/field_priv.h"

enum { HASH_BYTES = 8 };

static uint64_t hash_at(str owned, size_t i)
{
	const unsigned char *b = (const unsigned char *)owned.p + i * HASH_BYTES;
	uint64_t h = 0;

	for (size_t k = HASH_BYTES; k-- > 0;)
		h = h << 8 | b[k];
	return h;
}

uint64_t package_path_hash(str path)
{
	return str_hash(path);
}

bool package_owns(const struct package *p, str path)
{
	uint64_t want = package_path_hash(path);
	size_t low = 0, high = p->owned.n / HASH_BYTES;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		uint64_t h = hash_at(p->owned, mid);

		if (h == want)
			return true;
		if (h < want)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int package_set_owned(struct package *p, uint64_t *hashes, size_t count, struct arena *a)
{
	size_t kept = 0;
	unsigned char *out;

	if (count)
		qsort(hashes, count, sizeof(*hashes), compare_hashes);
	out = arena_array(a, count, HASH_BYTES);
	if (!out)
		return -ENOBUFS;
	for (size_t i = 0; i < count; i++) {
		if (i && hashes[i] == hashes[i - 1])
			continue;
		for (size_t k = 0; k < HASH_BYTES; k++)
			out[kept * HASH_BYTES + k] = (unsigned char)(hashes[i] >> (8 * k));
		kept++;
	}
	p->owned = (str){ (char *)out, kept * HASH_BYTES };
	return 0;
}

static void render_owned(const struct package *p, struct json_out *j)
{
	OWNED_BUF hex = BUF_INIT;
	char *text;

	if (!p->owned.n)
		return;
	text = buf_reserve(&hex, 2 * p->owned.n + 1);
	if (!text) {
		j->out->error = buf_error(&hex);
		return;
	}
	hex_render((const uint8_t *)p->owned.p, p->owned.n, text);
	json_put_str(j, "owned", (str){ text, 2 * p->owned.n });
}

static void parse_owned(struct fields *f, struct package *p)
{
	const struct value *v = f->error ? NULL : value_get(f->object, "owned");
	str hex = value_str(v);
	size_t n = hex.n / 2;
	char *out;

	if (!v)
		return;
	out = v->kind == VALUE_STRING && hex.n % (2 * HASH_BYTES) == 0 ? arena_alloc(f->arena, n)
								       : NULL;
	if (!out) {
		field_fail(f,
			   hex.n % (2 * HASH_BYTES) || v->kind != VALUE_STRING ? EBADMSG : ENOBUFS,
			   "field 'owned' is malformed or too long");
		return;
	}
	if (hex_parse(hex, (uint8_t *)out) < 0) {
		field_fail(f, EBADMSG, "field 'owned' is no hex");
		return;
	}
	p->owned = (str){ out, n };
	for (size_t i = 1; i < n / HASH_BYTES; i++)
		if (hash_at(p->owned, i - 1) >= hash_at(p->owned, i))
			field_fail(f, EBADMSG, "field 'owned' is not in ascending order");
}

static void render(const struct package *p, struct json_out *j, bool with_layer)
{
	json_object_open(j);
#define PACKAGE_OUT(field, key) json_opt_str(j, key, p->field);
	PACKAGE_FIELDS(PACKAGE_OUT)
#undef PACKAGE_OUT
	if (p->line)
		json_put_uint(j, "line", p->line);
	if (with_layer)
		json_put_uint(j, "layer", p->layer);
	if (p->third_party)
		json_put_bool(j, "thirdParty", true);
	json_opt_str(j, "purl", p->purl);
	json_opt_str(j, "contentSets", p->content_sets);
	render_owned(p, j);
	json_object_close(j);
}

static int parse(const struct value *v, bool needs_version, struct arena *a, struct package *ret,
		 struct err *e)
{
	struct fields f = fields_of(v, "package", a, e);
	struct package p = { 0 };

#define PACKAGE_IN(field, key) field_str(&f, key, &p.field);
	PACKAGE_FIELDS(PACKAGE_IN)
#undef PACKAGE_IN
	field_u32(&f, "line", &p.line);
	field_u32(&f, "layer", &p.layer);
	field_bool(&f, "thirdParty", &p.third_party);
	field_str(&f, "purl", &p.purl);
	field_str(&f, "contentSets", &p.content_sets);
	parse_owned(&f, &p);
	if (!f.error && (!p.type.n || !p.name.n || (needs_version && !p.version.n)))
		field_fail(&f, EBADMSG, "without type, name or version");
	if (!f.error)
		*ret = p;
	return f.error;
}

void package_list_render(const struct package_list *l, struct json_out *j, bool with_layer)
{
	json_array_open(j);
	for (size_t i = 0; i < l->count; i++)
		render(&l->items[i], j, with_layer);
	json_array_close(j);
}

int package_list_parse(const struct value *v, bool needs_version, struct arena *a,
		       struct package_list *ret, struct err *e)
{
	struct package_list l = { 0 };

	if (v && v->kind != VALUE_ARRAY && v->kind != VALUE_NULL)
		return err_set(e, EBADMSG, "packages: not an array");
	if (v && v->kind == VALUE_ARRAY && v->count > PACKAGE_LIST_MAX)
		return err_set(e, E2BIG, "packages: more than %d", PACKAGE_LIST_MAX);
	l.items = v && v->kind == VALUE_ARRAY && v->count ? ARENA_ARRAY(a, v->count, struct package)
							  : NULL;
	VALUE_EACH (item, v) {
		int r = l.items ? parse(item, needs_version, a, &l.items[l.count], e)
				: err_set(e, ENOBUFS, "packages: memory budget spent");

		if (r < 0)
			return r;
		l.count++;
	}
	l.cap = l.count;
	*ret = l;
	return 0;
}

#include "scan/package/content_manifest.h"

#include "base/buf.h"
#include "codec/json.h"

static bool is_name(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ')
			return false;
	return s.n > 0;
}

static int join(const struct value *sets, struct buf *out, struct err *e)
{
	VALUE_EACH (set, sets) {
		if (set->kind != VALUE_STRING || !is_name(set->string))
			return err_set(e, EBADMSG, "content manifest: a content set has no name");
		if (out->n)
			buf_byte(out, ' ');
		buf_add(out, set->string);
	}
	if (buf_error(out) == -E2BIG)
		return err_set(e, E2BIG, "content manifest: more than %d bytes of names",
			       CONTENT_MANIFEST_MAX_BYTES);
	return buf_error(out) < 0 ? err_set(e, ENOBUFS, "content manifest: out of memory") : 0;
}

int content_manifest_parse(str text, struct arena *a, str *ret, struct err *e)
{
	struct arena tree;
	struct value v;
	OWNED_BUF joined = { .max = CONTENT_MANIFEST_MAX_BYTES };
	int r;

	arena_init(&tree, a->budget_bytes);
	r = json_parse(text, &tree, &v, e);
	/* Lists of packages (sbom-purl.json) may lie beside the manifest. */
	if (r == 0 && v.kind != VALUE_OBJECT && v.kind != VALUE_ARRAY)
		r = err_set(e, EBADMSG, "content manifest: not an object");
	if (r == 0)
		r = join(value_get(&v, "content_sets"), &joined, e);
	arena_done(&tree);
	if (r < 0)
		return r;
	*ret = arena_str(a, buf_str(&joined));
	return ret->p ? 0 : err_set(e, ENOBUFS, "content manifest: memory budget spent");
}

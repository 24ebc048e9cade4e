#include "console/fleet/inventory_record.h"

#include "base/time.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "codec/json_slice.h"
#include "console/store/findings.h"
#include "console/store/image_layers.h"
#include "console/store/packages.h"
#include "model/inventory.h"

#define INVENTORY_ARENA ((size_t)256 << 20)

/** The plain text of a member; texts of ours have no escapes. */
static str member(str doc, const char *key)
{
	str raw = json_slice_get(doc, str_from(key));

	return raw.n >= 2 && raw.p[0] == '"' ? str_take(str_skip(raw, 1), raw.n - 2) : (str){ 0 };
}

static int64_t scanned_at(str doc, int64_t now_ns)
{
	int64_t s;

	return time_parse(member(doc, "scanned"), &s) == 0 ? MIN(s * 1000000000, now_ns) : now_ns;
}

static int64_t base_layers(str doc)
{
	uint64_t n;

	return str_u64(json_slice_get(doc, S("baseLayers")), &n) == 0
		       ? (int64_t)MIN(n, (uint64_t)INT64_MAX)
		       : 0;
}

static int put(struct store *s, str doc, str image, str text, int64_t now_ns, struct err *e)
{
	struct inventory v;
	struct value root;
	struct arena a;
	int r;

	arena_init(&a, INVENTORY_ARENA);
	/* Checked before it is believed: pages show it, and it is matched again for years. */
	r = json_parse(text, &a, &root, e);
	if (r == 0)
		r = inventory_parse(&root, &a, &v, e);
	if (r == 0) {
		str os = v.os.id.n ? arena_printf(&a, "%.*s %.*s", STR_ARG(v.os.id),
						  STR_ARG(v.os.version_id))
				   : (str){ 0 };

		r = packages_put(s, image, v.packages.items, v.packages.count, e);
		if (r == 0)
			r = images_put_inventory(s, image, text, (int64_t)v.packages.count,
						 (int64_t)v.layer_count, os,
						 scanned_at(doc, now_ns), e);
		if (r == 0)
			r = image_layers_put(s, image, &v, base_layers(doc), e);
	} else {
		struct err unused = { 0 };
		int kept = images_put_scan_error(
			s, image, S("the inventory is malformed or too large"), now_ns, &unused);

		r = kept < 0 ? kept : INVENTORY_REFUSED;
	}
	arena_done(&a);
	return r;
}

int inventory_record_put(struct store *s, str doc, int64_t now_ns, struct err *e)
{
	str image = member(doc, "image"), text = json_slice_get(doc, S("inventory"));
	const struct stored_image known = { .digest = image };
	uint8_t sum[SHA256_BYTES];
	int r;

	if (digest_parse(image, sum, NULL) < 0)
		return INVENTORY_REFUSED;
	r = images_put(s, &known, now_ns, e);
	if (r < 0)
		return r;
	if (text.n)
		return put(s, doc, image, text, now_ns, e);
	return images_put_scan_error(s, image, member(doc, "error"), now_ns, e);
}

#include "base/time.h"
#include "codec/json.h"
#include "codec/json_slice.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/findings.h"
#include "console/store/settings.h"
#include "model/inventory.h"

#define INVENTORY_ARENA ((size_t)256 << 20)

bool record_is_digest(str s)
{
	uint8_t sum[SHA256_BYTES];

	return digest_parse(s, sum, NULL) == 0;
}

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

/** {"baseLayers":2,...the inventory's own members} */
static int stored_text(str doc, str inventory, struct buf *out)
{
	str base = json_slice_get(doc, S("baseLayers"));
	uint64_t n;

	if (str_u64(base, &n) == 0 && inventory.n > 2) {
		buf_printf(out, "{\"baseLayers\":%llu,", (unsigned long long)n);
		buf_add(out, str_skip(inventory, 1));
	} else {
		buf_add(out, inventory);
	}
	return buf_error(out);
}

static int put(struct teller *t, str doc, str image, str text, struct err *e)
{
	OWNED_BUF stored = BUF_INIT;
	struct inventory v;
	struct value root;
	struct arena a;
	int r;

	arena_init(&a, INVENTORY_ARENA);
	/* Checked before it is believed: pages show it, and it is matched again for years. */
	r = json_parse(text, &a, &root, e);
	if (r == 0)
		r = inventory_parse(&root, &a, &v, e);
	if (r == 0)
		r = stored_text(doc, text, &stored);
	if (r == 0) {
		str os = v.os.id.n ? arena_printf(&a, "%.*s %.*s", STR_ARG(v.os.id),
						  STR_ARG(v.os.version_id))
				   : (str){ 0 };

		r = images_put_inventory(t->store, image, buf_str(&stored),
					 (int64_t)v.packages.count, (int64_t)v.layer_count, os,
					 scanned_at(doc, t->now_ns), e);
	} else {
		struct err unused = { 0 };
		int kept = images_put_scan_error(t->store, image,
						 S("the inventory is malformed or too large"),
						 t->now_ns, &unused);

		r = kept < 0 ? kept : RECORD_REFUSED;
	}
	arena_done(&a);
	return r;
}

int record_inventory(struct teller *t, str doc, struct err *e)
{
	str image = member(doc, "image"), text = json_slice_get(doc, S("inventory"));
	const struct stored_image known = { .digest = image };
	int r;

	if (!record_is_digest(image))
		return RECORD_REFUSED;
	r = images_put(t->store, &known, t->now_ns, e);
	if (r < 0)
		return r;
	if (text.n)
		return put(t, doc, image, text, e);
	return images_put_scan_error(t->store, image, member(doc, "error"), t->now_ns, e);
}

int record_image(struct teller *t, str digest, str references, int64_t bytes, struct err *e)
{
	const struct stored_image i = { .digest = digest,
					.references = references,
					.bytes = bytes };

	return images_put(t->store, &i, t->now_ns, e);
}

int record_image_wanted(struct teller *t, str image, str reference, struct err *e)
{
	struct stored_image have;
	struct settings set;
	int64_t id;
	str members;
	int r = images_get(t->store, &scope_everything, image, t->arena, &have, e);

	if (r == 0 && (have.scanned_ns || have.scan_error.n))
		return 0;
	if (r == -ENOENT)
		r = record_image(t, image, reference, 0, e);
	if (r == 0)
		r = settings_get(t->store, &set, e);
	if (r < 0 || !set.values[SETTING_SCAN_IMAGES])
		return r;
	members = arena_printf(t->arena, "\"image\":\"%.*s\"", STR_ARG(image));
	r = agent_command_add(t->store, t->agent->id, "scan", members, &id, e);
	return MIN(r, 0);
}

#include "base/clock.h"
#include "codec/digest.h"
#include "console/fleet/fleet_priv.h"
#include "console/fleet/inventory_record.h"
#include "console/store/findings.h"
#include "console/store/settings.h"

/* After a failure; the agent keeps what went wrong as long. */
#define AGAIN_NS (3600 * (int64_t)SECOND_NS)

bool record_is_digest(str s)
{
	uint8_t sum[SHA256_BYTES];

	return digest_parse(s, sum, NULL) == 0;
}

int record_inventory(struct teller *t, str doc, struct err *e)
{
	int r = inventory_record_put(t->store, doc, t->now_ns, e);

	return r == INVENTORY_REFUSED ? RECORD_REFUSED : r;
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

	if (r == 0 &&
	    (have.scanned_ns || (have.scan_error.n && t->now_ns - have.failed_ns < AGAIN_NS)))
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

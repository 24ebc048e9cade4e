/** @file
 * Assets as a subject of the policy language: `container.image contains nginx and severity >= high`. The console's query
 * box speaks it.
 *
 * The document is an agent's (doc/formats/agent-protocol.md) and not trusted: what has not the shape hoped for is ABSENT or
 * UNKNOWN, never an error. The type of an asset is its kind. What a kind has not got is ABSENT.
 */
#ifndef SKEP_POLICY_ASSET_TARGET_H
#define SKEP_POLICY_ASSET_TARGET_H

#include "codec/value.h"
#include "model/asset_kind.h"
#include "policy/field.h"

/** The fields of assets by the enum below; `types` are the kinds. */
extern const struct policy_subject policy_assets;

enum policy_asset_field {
#define X(id, name, type, arg, kind, doubt, en, zh) ASSET_FIELD_##id,
#include "policy/asset_field.def"
#undef X
	ASSET_FIELD_COUNT
};

/** What is known of an image: the asset itself, or a container's. */
struct asset_image_facts {
	str references; /**< parted by blanks */
	str digest;
	uint64_t bytes, running;
	bool scanned;       /**< what follows is known */
	uint64_t counts[6]; /**< vulnerabilities: 5 critical to 1 negligible, 0 unknown */
	uint64_t fixable, kev;
	const str *vulnerabilities, *packages,
		*package_ids; /**< package_ids: "NAME@VERSION", by name and version */
	uint32_t vulnerability_count, package_count, package_id_count;
};

/** What the console knows beside the agent's document. */
struct asset_facts {
	enum asset_kind kind;
	str id, name;
	str agent, host; /**< empty: ABSENT */
	bool gone;
	int64_t first_ns, last_ns;
	const struct asset_image_facts *image; /**< NULL: none, or nothing is known of it */
};

struct asset_target {
	struct policy_target target;
	const struct value *doc;
	struct asset_facts facts;
	uint64_t number; /**< position in what is judged */
	str values[POLICY_MAX_VALUES];
};

/** @param doc must outlive the target, and so must what @p facts points to; NULL: nothing was told */
void asset_target_init(struct asset_target *t, const struct value *doc,
		       const struct asset_facts *facts);

#endif

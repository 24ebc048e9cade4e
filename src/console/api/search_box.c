#include "console/api/search_box.h"

#include "codec/json.h"
#include "console/store/alerts.h"
#include "policy/alert_target.h"
#include "policy/asset_target.h"

/* More than the largest document takes when it is parsed. */
#define DOCUMENT_BUDGET ((size_t)64 << 20)

/* What a condition needs of images takes time to find out. */
static void ask_for(struct search_box *b)
{
	static const uint16_t of_images[] = { ASSET_FIELD_SEVERITY,     ASSET_FIELD_VULNERABILITIES,
					      ASSET_FIELD_KEV,          ASSET_FIELD_FIXABLE,
					      ASSET_FIELD_CRITICAL,     ASSET_FIELD_HIGH,
					      ASSET_FIELD_MEDIUM,       ASSET_FIELD_LOW,
					      ASSET_FIELD_IMAGE_RUNNING };

	for (size_t i = 0; i < ARRAY_LEN(of_images); i++)
		b->wants_images |= policy_filter_uses(b->filter, of_images[i]);
	b->wants_packages = policy_filter_uses(b->filter, ASSET_FIELD_PACKAGE_NAME) ||
			    policy_filter_uses(b->filter, ASSET_FIELD_PACKAGE_ID) ||
			    policy_filter_uses(b->filter, ASSET_FIELD_PACKAGE_VERSION);
	b->wants_vulnerabilities = policy_filter_uses(b->filter, ASSET_FIELD_VULNERABILITY);
	b->wants_images |= b->wants_packages || b->wants_vulnerabilities;
}

int search_box_open(struct call *c, const struct policy_subject *s, struct search_box *ret,
		    struct err *e)
{
	str q = str_trim(call_query(c, "q"));
	struct search_box b = { .call = c, .text = q, .images = map_in(c->arena) };
	size_t at = 0;
	int r;

	if (policy_filter_is_condition(q, s)) {
		b.text = (str){ 0 };
		r = policy_filter_new(q, s, &b.filter, &at, e);
		if (r == -EBADMSG || r == -E2BIG) {
			c->code = "query";
			return err_wrap(e, -EINVAL, "q, column %zu", at + 1);
		}
		if (r < 0)
			return r;
		if (s == &policy_assets)
			ask_for(&b);
	}
	arena_init(&b.arena, DOCUMENT_BUDGET);
	if (b.wants_packages) {
		r = search_box_narrow(&b, e);
		if (r < 0) {
			search_box_close(&b);
			return r;
		}
	}
	*ret = b;
	return 0;
}

void search_box_close(struct search_box *b)
{
	if (!b->filter && !b->arena.budget_bytes)
		return;
	policy_filter_free(b->filter);
	arena_done(&b->arena);
	*b = (struct search_box){ 0 };
}

bool search_box_holds_alert(void *ctx, const struct stored_alert *a)
{
	struct search_box *b = ctx;
	const struct alert_facts facts = { .id = (uint64_t)a->id,
					   .received_ns = (uint64_t)a->received_ns,
					   .host = a->series->host,
					   .agent = a->series->agent,
					   .state = str_from(alert_state_name(a->state)),
					   .assignee = a->who };
	struct alert_target t = { 0 };
	struct value doc;

	arena_reset(&b->arena);
	return json_parse(a->doc, &b->arena, &doc, NULL) == 0 &&
	       alert_target_init(&t, &doc, &facts, NULL) == 0 &&
	       policy_filter_judge(b->filter, &t.target) == POLICY_TRUE;
}

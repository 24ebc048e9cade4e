#include "base/time.h"
#include "console/api/asset_json.h"
#include "console/api/dispatch.h"
#include "console/store/findings.h"

#define AFFECTED_MAX 1000
#define ACCEPTANCES_MAX 200
#define HEAT_MAX 200

static int choice(const struct call *c, const char *name)
{
	const struct value *v = value_get(&c->query, name);

	return v ? v->boolean : -1;
}

static void put_number(struct json_out *j, const char *key, double n, int decimals)
{
	if (n < 0)
		return;
	json_key(j, key);
	json_double(j, n, decimals);
}

static const char *state_of(const struct vulnerability_row *v)
{
	if (!v->accepted)
		return "open";
	return v->accepted >= v->images ? "accepted" : "partly";
}

/* Dates of advisories are texts of others: only one that is a date is told. */
static void put_published(str published, struct json_out *j)
{
	int64_t seconds;

	if (time_parse(published, &seconds) == 0)
		call_put_time(j, "published", seconds * 1000000000);
}

static void put(const struct vulnerability_row *v, struct json_out *j)
{
	json_object_open(j);
	json_put_str(j, "id", v->v.id);
	json_opt_str(j, "title", v->v.title);
	json_put_cstr(j, "severity", severity_name(v->v.severity));
	put_number(j, "score", v->v.score, 1);
	put_number(j, "epss", v->v.epss, 5);
	put_number(j, "epssPercentile", v->v.epss_percentile, 5);
	json_put_bool(j, "kev", v->v.kev);
	json_opt_str(j, "kevAdded", v->v.kev_added);
	json_put_int(j, "images", v->images);
	json_put_int(j, "containers", v->containers);
	json_put_bool(j, "fixable", v->fixable);
	put_published(v->v.published, j);
	json_put_cstr(j, "state", state_of(v));
	json_object_close(j);
}

static const char *const sorts[] = {
	[VULNERABILITY_BY_RISK] = "risk",         [VULNERABILITY_BY_ID] = "id",
	[VULNERABILITY_BY_SEVERITY] = "severity", [VULNERABILITY_BY_SCORE] = "score",
	[VULNERABILITY_BY_EPSS] = "epss",         [VULNERABILITY_BY_IMAGES] = "images",
	[VULNERABILITY_BY_RUNNING] = "running",   [VULNERABILITY_BY_PUBLISHED] = "published",
	[VULNERABILITY_BY_KEV] = "kev",
};

int api_vulnerability_list(struct call *c, struct err *e)
{
	struct vulnerability_filter f = { .scope = &c->who.scope,
					  .text = call_query(c, "q"),
					  .kev = choice(c, "kev"),
					  .fixable = choice(c, "fixable"),
					  .accepted = choice(c, "accepted") };
	struct vulnerability_page page;
	int r;

	VALUE_EACH (v, value_get(&c->query, "severity"))
		for (unsigned int i = 0; i < SEVERITY_COUNT; i++)
			if (str_is(v->string, severity_name((enum severity)i)))
				f.severities |= 1U << i;
	f.sort = (enum vulnerability_sort)call_sort(c, sorts, ARRAY_LEN(sorts), &f.descending);
	r = vulnerabilities_page(c->store, &f, c->cursor, c->limit, c->arena, &page, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < page.count; i++)
		put(&page.items[i], &c->json);
	call_page_close(c, page.next, -1);
	return 0;
}

static void put_acceptance(const struct acceptance *x, int64_t now_ns, struct json_out *j)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)x->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "vulnerability", x->vulnerability);
	json_put_str(j, "scope", x->image);
	json_put_str(j, "reason", x->reason);
	call_put_time(j, "expires", x->expires_ns);
	json_put_str(j, "approver", x->approver);
	call_put_time(j, "created", x->created_ns);
	json_put_bool(j, "active", !x->expires_ns || x->expires_ns > now_ns);
	json_object_close(j);
}

static void put_affected(const struct affected *a, struct json_out *j)
{
	str references = a->references, name = str_cut(&references, ' ');

	json_object_open(j);
	json_put_str(j, "image", a->image);
	json_opt_str(j, "imageName", name);
	json_put_str(j, "package", a->finding.package);
	json_put_str(j, "version", a->finding.version);
	json_opt_str(j, "fixed", a->finding.fixed);
	json_put_cstr(j, "owner", layer_owner_name(a->finding.owner));
	json_put_int(j, "containers", a->containers);
	json_put_bool(j, "accepted", a->finding.accepted);
	json_object_close(j);
}

static int put_acceptances(struct call *c, str id, struct err *e)
{
	struct acceptance *list;
	size_t count;
	int r = acceptances_list(c->store, id, ACCEPTANCES_MAX, c->arena, &list, &count, e);

	if (r < 0)
		return r;
	json_key(&c->json, "acceptances");
	json_array_open(&c->json);
	for (size_t i = 0; i < count; i++)
		put_acceptance(&list[i], c->now_ns, &c->json);
	json_array_close(&c->json);
	return 0;
}

int api_vulnerability_get(struct call *c, struct err *e)
{
	struct vulnerability_row v;
	struct affected *list;
	size_t count;
	int r = vulnerabilities_get(c->store, &c->who.scope, c->id, c->arena, &v, e);

	if (r == 0)
		r = vulnerabilities_affected(c->store, &c->who.scope, c->id, AFFECTED_MAX, c->arena,
					     &list, &count, e);
	if (r < 0)
		return r;
	json_object_open(&c->json);
	json_key(&c->json, "vulnerability");
	put(&v, &c->json);
	json_opt_str(&c->json, "description", v.v.description);
	json_put_words(&c->json, "references", v.v.references);
	json_put_words(&c->json, "aliases", v.v.aliases);
	json_key(&c->json, "affected");
	json_array_open(&c->json);
	for (size_t i = 0; i < count; i++)
		put_affected(&list[i], &c->json);
	json_array_close(&c->json);
	r = put_acceptances(c, c->id, e);
	json_object_close(&c->json);
	return r;
}

int api_vulnerability_heat(struct call *c, struct err *e)
{
	struct heat_row *rows;
	size_t count;
	int r = vulnerabilities_heat(c->store, &c->who.scope,
				     str_is(call_query(c, "by"), "namespace"), HEAT_MAX, c->arena,
				     &rows, &count, e);

	if (r < 0)
		return r;
	json_object_open(&c->json);
	json_key(&c->json, "rows");
	json_array_open(&c->json);
	for (size_t i = 0; i < count; i++) {
		json_object_open(&c->json);
		json_put_str(&c->json, "key", rows[i].key);
		json_put_str(&c->json, "name", rows[i].name);
		json_key(&c->json, "counts");
		severity_counts_put(rows[i].counts, &c->json);
		json_put_int(&c->json, "kev", rows[i].kev);
		json_put_int(&c->json, "unjudged", rows[i].unjudged);
		json_object_close(&c->json);
	}
	json_array_close(&c->json);
	json_object_close(&c->json);
	return 0;
}

static int text_of(struct call *c, const struct acceptance *x, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	put_acceptance(x, c->now_ns, &j);
	*ret = arena_str(c->arena, buf_str(&out));
	return buf_error(&out) || !ret->p ? err_set(e, ENOBUFS, "acceptance: memory budget spent")
					  : 0;
}

/* What somebody sees a part of only is not theirs to accept for all. */
static int check_scope(struct call *c, const struct acceptance *x, struct err *e)
{
	if (c->who.scope.everything)
		return 0;
	if (!str_starts(x->image, S("sha256:")))
		return err_set(e, EACCES,
			       "you see a part of the images only: accept it for one of them");
	return images_get(c->store, &c->who.scope, x->image, c->arena, &(struct stored_image){ 0 },
			  e);
}

int api_acceptance_add(struct call *c, struct err *e)
{
	struct acceptance x = { .vulnerability = c->id,
				.image = value_get_str(&c->body, "scope"),
				.reason = value_get_str(&c->body, "reason"),
				.approver = c->who.name,
				.created_ns = c->now_ns,
				.expires_ns = call_time(&c->body, "expires", 0) };
	struct vulnerability_row v;
	int r = vulnerabilities_get(c->store, &c->who.scope, c->id, c->arena, &v, e);

	if (r == 0 && x.expires_ns && x.expires_ns <= c->now_ns)
		r = err_set(e, EINVAL, "it would have expired already");
	if (r == 0)
		r = check_scope(c, &x, e);
	if (r == 0)
		r = acceptances_add(c->store, &x, &x.id, e);
	if (r == 0)
		r = text_of(c, &x, &c->audit_after, e);
	if (r < 0)
		return r;
	put_acceptance(&x, c->now_ns, &c->json);
	c->topic = "findings";
	return 0;
}

int api_acceptance_delete(struct call *c, struct err *e)
{
	struct acceptance x;
	int64_t id;
	int r = call_number(c->id, &id, e);

	if (r == 0)
		r = acceptances_get(c->store, id, c->arena, &x, e);
	if (r == 0)
		r = check_scope(c, &x, e);
	if (r == 0)
		r = text_of(c, &x, &c->audit_before, e);
	if (r == 0)
		r = acceptances_remove(c->store, id, e);
	if (r == 0)
		c->topic = "findings";
	return r;
}

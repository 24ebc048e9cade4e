#include "base/map.h"
#include "codec/json_out.h"
#include "scan/report/sbom_names.h"
#include "scan/report/sbom_write.h"

#define TARGET_REF "target"
#define OS_REF "os"

static void property(struct json_out *j, const char *prefix, const char *key, str value)
{
	OWNED_BUF name = BUF_INIT;

	buf_printf(&name, "%s%s", prefix, key);
	json_object_open(j);
	json_put_str(j, "name", buf_str(&name));
	json_put_str(j, "value", value);
	json_object_close(j);
}

static void package_property(void *ctx, const char *key, str value)
{
	static const char *const elsewhere[] = { "name", "version", "license" };

	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		if (strcmp(key, elsewhere[i]) == 0)
			return;
	property(ctx, SBOM_PREFIX, key, value);
}

static void os_property(void *ctx, const char *key, str value)
{
	property(ctx, SBOM_OS_PREFIX, key, value);
}

static void opt_property(struct json_out *j, const char *key, str value)
{
	if (value.n)
		property(j, SBOM_PREFIX, key, value);
}

static void target(struct json_out *j, const struct view *v)
{
	const struct inventory *inv = v->r->inventory;

	json_key(j, "component");
	json_object_open(j);
	json_put_cstr(j, "type", inv->kind == TARGET_IMAGE ? "container" : "file");
	json_put_cstr(j, "bom-ref", TARGET_REF);
	json_put_str(j, "name", report_target(v->r));
	json_opt_str(j, "version", inv->manifest_digest.n ? inv->manifest_digest : inv->image_id);
	json_key(j, "properties");
	json_array_open(j);
	opt_property(j, "kind", str_from(target_kind_name(inv->kind)));
	opt_property(j, "source", inv->source);
	opt_property(j, "imageId", inv->image_id);
	opt_property(j, "manifestDigest", inv->manifest_digest);
	opt_property(j, "architecture", inv->architecture);
	opt_property(j, "platformOs", inv->platform_os);
	opt_property(j, "created", inv->created);
	for (size_t i = 0; i < inv->repo_tag_count; i++)
		opt_property(j, "repoTag", inv->repo_tags[i]);
	for (size_t i = 0; i < inv->layer_count; i++)
		opt_property(j, SBOM_KEY_LAYER_DIFF_ID, inv->layers[i].diff_id);
	json_array_close(j);
	json_object_close(j);
}

static void metadata(struct json_out *j, const struct view *v)
{
	json_key(j, "metadata");
	json_object_open(j);
	json_put_str(j, "timestamp", sbom_write_time(v));
	json_key(j, "tools");
	json_object_open(j);
	json_key(j, "components");
	json_array_open(j);
	json_object_open(j);
	json_put_cstr(j, "type", "application");
	json_put_cstr(j, "name", "skep");
	json_put_str(j, "version", v->r->tool_version);
	json_object_close(j);
	json_array_close(j);
	json_object_close(j);
	target(j, v);
	json_object_close(j);
}

static void os_component(struct json_out *j, const struct os *os)
{
	if (!os->id.n)
		return;
	json_object_open(j);
	json_put_cstr(j, "type", "operating-system");
	json_put_cstr(j, "bom-ref", OS_REF);
	json_put_str(j, "name", os->id);
	json_opt_str(j, "version", os->version_id);
	json_opt_str(j, "description", os->pretty_name);
	json_key(j, "properties");
	json_array_open(j);
	sbom_write_os(os, os_property, j);
	json_array_close(j);
	json_object_close(j);
}

static void package_component(struct json_out *j, const struct view *v, const struct package *p,
			      str ref)
{
	json_object_open(j);
	json_put_cstr(j, "type", "library");
	json_put_str(j, "bom-ref", ref);
	json_put_str(j, "name", p->name);
	json_put_str(j, "version", p->version);
	if (p->license.n) {
		json_key(j, "licenses");
		json_array_open(j);
		json_object_open(j);
		json_key(j, "license");
		json_object_open(j);
		json_put_str(j, "name", p->license);
		json_object_close(j);
		json_object_close(j);
		json_array_close(j);
	}
	json_opt_str(j, "purl", p->purl);
	json_key(j, "properties");
	json_array_open(j);
	sbom_write_package(v, p, package_property, j);
	json_array_close(j);
	json_object_close(j);
}

static void dependencies(struct json_out *j, const struct view *v, const str *refs)
{
	json_key(j, "dependencies");
	json_array_open(j);
	json_object_open(j);
	json_put_cstr(j, "ref", TARGET_REF);
	json_key(j, "dependsOn");
	json_array_open(j);
	if (v->r->inventory->os.id.n)
		json_cstr(j, OS_REF);
	for (size_t i = 0; i < v->r->inventory->packages.count; i++)
		json_str(j, refs[i]);
	json_array_close(j);
	json_object_close(j);
	json_array_close(j);
}

static const char *severity(enum severity s)
{
	return s == SEVERITY_NEGLIGIBLE ? "info" : severity_name(s);
}

static const char *method(str vector)
{
	return str_starts(vector, S("CVSS:4"))     ? "CVSSv4"
	       : str_starts(vector, S("CVSS:3.1")) ? "CVSSv31"
	       : str_starts(vector, S("CVSS:3"))   ? "CVSSv3"
						   : "CVSSv2";
}

static void named(struct json_out *j, const char *key, str name)
{
	json_key(j, key);
	json_object_open(j);
	json_put_str(j, "name", name);
	json_object_close(j);
}

static void ratings(struct json_out *j, const struct finding *f)
{
	json_key(j, "ratings");
	json_array_open(j);
	json_object_open(j);
	if (f->severity_source.n)
		named(j, "source", f->severity_source);
	json_put_cstr(j, "severity", severity(f->severity));
	json_object_close(j);
	for (size_t i = 0; i < f->vuln->cvss_count; i++) {
		const struct cvss_score *c = &f->vuln->cvss[i];

		json_object_open(j);
		if (c->source.n)
			named(j, "source", c->source);
		if (c->score >= 0) {
			json_key(j, "score");
			json_double(j, (double)c->score, 1);
			json_put_cstr(j, "severity", severity(severity_of_score(c->score)));
		}
		if (c->vector.n) {
			json_put_cstr(j, "method", method(c->vector));
			json_put_str(j, "vector", c->vector);
		}
		json_object_close(j);
	}
	json_array_close(j);
}

static void cwes(struct json_out *j, str words)
{
	json_key(j, "cwes");
	json_array_open(j);
	while (words.n) {
		str word = str_cut(&words, ' ');
		uint32_t n;

		if (str_starts(word, S("CWE-")) && str_u32(str_skip(word, 4), &n) == 0 && n > 0)
			json_uint(j, n);
	}
	json_array_close(j);
}

static void urls(struct json_out *j, str words)
{
	json_key(j, "advisories");
	json_array_open(j);
	while (words.n) {
		str word = str_cut(&words, ' ');

		if (!str_starts(word, S("http://")) && !str_starts(word, S("https://")))
			continue;
		json_object_open(j);
		json_put_str(j, "url", word);
		json_object_close(j);
	}
	json_array_close(j);
}

/* Findings chained by vulnerability: `next` of each is the index of the following one, or 0. */
struct chain {
	const struct finding_list *list;
	size_t *next;
	bool *is_first;
};

static int chain_make(struct arena *a, const struct finding_list *l, struct chain *ret)
{
	struct map last = map_in(a);

	ret->list = l;
	ret->next = ARENA_ARRAY(a, l->count + 1, size_t);
	ret->is_first = ARENA_ARRAY(a, l->count + 1, bool);
	if (!ret->next || !ret->is_first)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		size_t **at = (size_t **)map_at(&last, l->items[i].vuln->id);

		if (!at)
			return -ENOMEM;
		if (*at)
			**at = i;
		ret->is_first[i] = !*at;
		*at = &ret->next[i];
	}
	return 0;
}

static void affects(struct json_out *j, const struct view *v, const struct chain *c, size_t first,
		    const str *refs)
{
	size_t i = first;

	json_key(j, "affects");
	json_array_open(j);
	do {
		const struct finding *f = &c->list->items[i];

		json_object_open(j);
		json_put_str(j, "ref", refs[f->package]);
		json_key(j, "versions");
		json_array_open(j);
		json_object_open(j);
		json_put_str(j, "version", v->r->inventory->packages.items[f->package].version);
		json_put_cstr(j, "status", "affected");
		json_object_close(j);
		json_array_close(j);
		json_object_close(j);
		i = c->next[i];
	} while (i);
	json_array_close(j);
}

static void facts(struct json_out *j, const struct view *v, const struct finding *f)
{
	const struct vulnerability *vuln = f->vuln;

	json_key(j, "properties");
	json_array_open(j);
	opt_property(j, "risk", arena_printf(v->a, "%.2f", (double)f->risk));
	opt_property(j, "state", str_from(fix_state_name(f->state)));
	opt_property(j, "fixedVersion", f->fixed_version);
	opt_property(j, "maturity", str_from(maturity_name(maturity_of(vuln->exploit_flags))));
	opt_property(j, "kevAdded", vuln->kev_added);
	if (vuln->epss >= 0) {
		opt_property(j, "epss", arena_printf(v->a, "%.5f", (double)vuln->epss));
		opt_property(j, "epssPercentile",
			     arena_printf(v->a, "%.5f", (double)vuln->epss_percentile));
	}
	json_array_close(j);
}

static void date(struct json_out *j, struct arena *a, const char *key, str d)
{
	if (d.n == sizeof("YYYY-MM-DD") - 1)
		d = arena_printf(a, "%.*sT00:00:00Z", STR_ARG(d));
	json_opt_str(j, key, d);
}

static void vulnerability(struct json_out *j, const struct view *v, const struct chain *c,
			  size_t first, const str *refs)
{
	const struct finding *f = &c->list->items[first];
	const struct vulnerability *vuln = f->vuln;

	json_object_open(j);
	json_put_str(
		j, "bom-ref",
		arena_printf(v->a, "%.*s%s", STR_ARG(vuln->id), f->ignored_by.n ? "/ignored" : ""));
	json_put_str(j, "id", vuln->id);
	json_key(j, "source");
	json_object_open(j);
	json_put_str(j, "name", f->origin.n ? f->origin : S("skep"));
	json_object_close(j);
	ratings(j, f);
	cwes(j, vuln->cwes);
	json_opt_str(j, "description", vuln->description.n ? vuln->description : vuln->title);
	if (f->fixed_version.n)
		json_put_str(j, "recommendation",
			     arena_printf(v->a, "Upgrade %.*s to %.*s or later.",
					  STR_ARG(f->compared_name), STR_ARG(f->fixed_version)));
	urls(j, vuln->references);
	date(j, v->a, "published", vuln->published);
	date(j, v->a, "updated", vuln->modified);
	if (f->ignored_by.n) {
		json_key(j, "analysis");
		json_object_open(j);
		json_key(j, "response");
		json_array_open(j);
		json_cstr(j, "will_not_fix");
		json_array_close(j);
		json_put_str(j, "detail", f->ignore_reason.n ? f->ignore_reason : f->ignored_by);
		json_object_close(j);
	}
	affects(j, v, c, first, refs);
	facts(j, v, f);
	json_object_close(j);
}

static int vulnerabilities(struct json_out *j, const struct view *v, const str *refs)
{
	const struct finding_list *const lists[] = { &v->r->findings, &v->r->ignored };

	json_key(j, "vulnerabilities");
	json_array_open(j);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		struct chain c;

		if (chain_make(v->a, lists[l], &c) < 0)
			return -ENOMEM;
		for (size_t i = 0; i < lists[l]->count; i++)
			if (c.is_first[i])
				vulnerability(j, v, &c, i, refs);
	}
	json_array_close(j);
	return 0;
}

/* Said only when something was not read: nobody can promise that a list is complete. */
static void compositions(struct json_out *j, const struct view *v)
{
	if (!v->tally.is_partial)
		return;
	json_key(j, "compositions");
	json_array_open(j);
	json_object_open(j);
	json_put_cstr(j, "aggregate", "incomplete");
	json_key(j, "assemblies");
	json_array_open(j);
	json_cstr(j, TARGET_REF);
	json_array_close(j);
	json_object_close(j);
	json_array_close(j);
}

int report_cyclonedx_render(struct view *v)
{
	const struct package_list *l = &v->r->inventory->packages;
	const str *refs = sbom_write_refs(v);
	char uuid[SBOM_UUID_BYTES];
	struct json_out j;
	int r = 0;

	if (!refs)
		return -ENOMEM;
	sbom_write_uuid(v, "cyclonedx", uuid);
	json_out_init(&j, v->out, true);
	json_object_open(&j);
	json_put_cstr(&j, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
	json_put_cstr(&j, "bomFormat", "CycloneDX");
	json_put_cstr(&j, "specVersion", "1.6");
	json_put_str(&j, "serialNumber", arena_printf(v->a, "urn:uuid:%s", uuid));
	json_put_int(&j, "version", 1);
	metadata(&j, v);
	json_key(&j, "components");
	json_array_open(&j);
	os_component(&j, &v->r->inventory->os);
	for (size_t i = 0; i < l->count; i++)
		package_component(&j, v, &l->items[i], refs[i]);
	json_array_close(&j);
	dependencies(&j, v, refs);
	compositions(&j, v);
	if (!v->style->packages_only)
		r = vulnerabilities(&j, v, refs);
	if (r < 0)
		return r;
	json_object_close(&j);
	buf_byte(v->out, '\n');
	return 0;
}

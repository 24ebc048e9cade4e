#include "base/map.h"
#include "codec/json_out.h"
#include "scan/report/report_priv.h"
#include "scan/vuln/risk.h"

/* doc/schemas/report-1.schema.json describes what is written here; within version 1 keys are only added. */
#define SCHEMA_VERSION 1

static void database(struct json_out *j, const struct database_info *d)
{
	json_key(j, "database");
	if (!d->path.n) {
		json_null(j);
		return;
	}
	json_object_open(j);
	json_put_str(j, "path", d->path);
	json_opt_str(j, "built", d->built);
	json_opt_str(j, "digest", d->digest);
	json_opt_str(j, "signer", d->signer);
	json_put_uint(j, "format", d->format);
	json_put_uint(j, "claims", d->claims);
	json_put_uint(j, "vulnerabilities", d->vulnerabilities);
	if (d->age_s >= 0)
		json_put_int(j, "ageSeconds", d->age_s);
	json_object_close(j);
}

static void layers(struct json_out *j, const struct inventory *v)
{
	json_key(j, "layers");
	json_array_open(j);
	for (size_t i = 0; i < v->layer_count; i++) {
		const struct inventory_layer *l = &v->layers[i];

		json_object_open(j);
		json_opt_str(j, "digest", l->digest);
		json_opt_str(j, "diffId", l->diff_id);
		json_opt_str(j, "createdBy", l->created_by);
		json_put_uint(j, "storedBytes", l->stored_bytes);
		json_put_uint(j, "tarBytes", l->tar_bytes);
		json_put_uint(j, "entries", l->entries);
		json_put_uint(j, "filesAnalysed", l->files_analysed);
		json_put_bool(j, "fromCache", l->from_cache);
		json_put_bool(j, "missing", l->missing);
		json_object_close(j);
	}
	json_array_close(j);
}

static void target(struct json_out *j, const struct report *r)
{
	const struct inventory *v = r->inventory;

	json_key(j, "target");
	json_object_open(j);
	json_put_cstr(j, "kind", target_kind_name(v->kind));
	json_put_str(j, "name", report_target(r));
	json_opt_str(j, "source", v->source);
	json_opt_str(j, "imageId", v->image_id);
	json_opt_str(j, "manifestDigest", v->manifest_digest);
	json_put_strs(j, "repoTags", v->repo_tags, v->repo_tag_count);
	json_opt_str(j, "os", v->platform_os);
	json_opt_str(j, "architecture", v->architecture);
	json_opt_str(j, "created", v->created);
	layers(j, v);
	json_object_close(j);
}

static void operating_system(struct json_out *j, const struct report *r)
{
	const struct os *os = &r->inventory->os;

	json_key(j, "os");
	if (!os->id.n) {
		json_null(j);
		return;
	}
	json_object_open(j);
#define JSON_OS(field, key) json_opt_str(j, key, os->field);
	OS_FIELDS(JSON_OS)
#undef JSON_OS
	json_opt_str(j, "endOfLife", r->end_of_life);
	json_put_bool(j, "isEndOfLife", r->is_end_of_life);
	json_object_close(j);
}

static void summary(struct json_out *j, const struct view *v)
{
	json_key(j, "summary");
	json_object_open(j);
	json_put_uint(j, "findings", v->tally.findings);
	json_key(j, "severities");
	json_object_open(j);
	for (int s = SEVERITY_COUNT - 1; s >= 0; s--)
		json_put_uint(j, severity_name((enum severity)s), v->tally.by_severity[s]);
	json_object_close(j);
	json_put_uint(j, "kev", v->tally.kev);
	json_put_uint(j, "fixable", v->tally.fixable);
	json_put_uint(j, "packages", v->r->inventory->packages.count);
	json_put_uint(j, "affectedPackages", v->tally.packages);
	json_put_uint(j, "unjudgedPackages", v->r->unjudged);
	json_put_uint(j, "ignored", v->r->ignored.count);
	json_put_uint(j, "filtered", v->r->filtered);
	json_object_close(j);
}

static void layer_ref(struct json_out *j, const struct report *r, const struct package *p)
{
	const struct inventory_layer *l = report_layer(r, p);

	if (!l)
		return;
	json_key(j, "layer");
	json_object_open(j);
	json_put_uint(j, "index", p->layer);
	json_opt_str(j, "digest", l->digest);
	json_opt_str(j, "diffId", l->diff_id);
	json_object_close(j);
}

static void packages(struct json_out *j, const struct report *r)
{
	const struct package_list *l = &r->inventory->packages;

	json_key(j, "packages");
	json_array_open(j);
	for (size_t i = 0; i < l->count; i++) {
		const struct package *p = &l->items[i];

		json_object_open(j);
		json_opt_str(j, "purl", p->purl);
#define JSON_PACKAGE(field, key) json_opt_str(j, key, p->field);
		PACKAGE_FIELDS(JSON_PACKAGE)
#undef JSON_PACKAGE
		if (p->line)
			json_put_uint(j, "line", p->line);
		json_put_bool(j, "thirdParty", p->third_party);
		layer_ref(j, r, p);
		json_object_close(j);
	}
	json_array_close(j);
}

static void exploit(struct json_out *j, const struct vulnerability *v)
{
	if (v->epss >= 0) {
		json_key(j, "epss");
		json_object_open(j);
		json_key(j, "probability");
		json_double(j, (double)v->epss, 5);
		json_key(j, "percentile");
		json_double(j, (double)v->epss_percentile, 5);
		json_object_close(j);
	}
	json_put_bool(j, "kev", (v->exploit_flags & EXPLOIT_KEV) != 0);
	json_opt_str(j, "kevAdded", v->kev_added);
	json_put_cstr(j, "maturity", maturity_name(maturity_of(v->exploit_flags)));
}

static void evidence(struct json_out *j, const struct finding *f, const struct package *p)
{
	json_key(j, "evidence");
	json_object_open(j);
	json_opt_str(j, "path", p->db_path);
	if (p->line)
		json_put_uint(j, "line", p->line);
	json_opt_str(j, "comparedName", f->compared_name);
	json_opt_str(j, "comparedVersion", f->compared_version);
	json_opt_str(j, "introduced", f->introduced);
	json_opt_str(j, "fixed", f->fixed);
	json_opt_str(j, "lastAffected", f->last_affected);
	json_opt_str(j, "scheme", f->scheme);
	json_opt_str(j, "product", f->product);
	json_opt_str(j, "repository", f->repository);
	json_put_bool(j, "epochIgnored", f->epoch_ignored);
	json_object_close(j);
}

static void risk_factors(struct json_out *j, const struct finding *f)
{
	struct risk r = risk_of(f->vuln, f->severity, f->cvss_score);

	json_key(j, "riskFactors");
	json_object_open(j);
	json_key(j, "threat");
	json_double(j, (double)r.threat, 5);
	json_key(j, "impact");
	json_double(j, (double)r.impact, 5);
	json_key(j, "modifier");
	json_double(j, (double)r.modifier, 2);
	json_object_close(j);
}

static void finding(struct json_out *j, const struct report *r, const struct finding *f)
{
	const struct package *p = &r->inventory->packages.items[f->package];

	json_object_open(j);
	json_put_str(j, "vulnerability", f->vuln->id);
	json_opt_str(j, "title", f->vuln->title);
	json_put_uint(j, "packageIndex", f->package);
	json_opt_str(j, "purl", p->purl);
	json_put_str(j, "package", p->name);
	json_put_str(j, "installedVersion", p->version);
	json_put_cstr(j, "state", fix_state_name(f->state));
	json_opt_str(j, "fixedVersion", f->fixed_version);
	json_put_cstr(j, "severity", severity_name(f->severity));
	json_opt_str(j, "severitySource", f->severity_source);
	if (f->cvss_score >= 0) {
		json_key(j, "cvssScore");
		json_double(j, (double)f->cvss_score, 1);
	}
	json_key(j, "risk");
	json_double(j, (double)f->risk, 2);
	risk_factors(j, f);
	exploit(j, f->vuln);
	json_put_words(j, "advisories", f->advisory);
	json_opt_str(j, "namespace", f->namespace);
	json_opt_str(j, "origin", f->origin);
	layer_ref(j, r, p);
	evidence(j, f, p);
	if (f->ignored_by.n) {
		json_put_str(j, "ignoredBy", f->ignored_by);
		json_opt_str(j, "ignoreReason", f->ignore_reason);
	}
	json_object_close(j);
}

static void findings(struct json_out *j, const char *key, const struct report *r,
		     const struct finding_list *l)
{
	json_key(j, key);
	json_array_open(j);
	for (size_t i = 0; i < l->count; i++)
		finding(j, r, &l->items[i]);
	json_array_close(j);
}

static void vulnerability(struct json_out *j, const struct vulnerability *v)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
#define JSON_FLAG(bit, id, name) { EXPLOIT_##id, name },
		EXPLOIT_FLAGS(JSON_FLAG)
#undef JSON_FLAG
	};

	json_key_str(j, v->id);
	json_object_open(j);
	json_opt_str(j, "title", v->title);
	json_opt_str(j, "description", v->description);
	json_opt_str(j, "published", v->published);
	json_opt_str(j, "modified", v->modified);
	json_put_cstr(j, "severity", severity_name(v->severity));
	json_key(j, "cvss");
	json_array_open(j);
	for (size_t i = 0; i < v->cvss_count; i++) {
		json_object_open(j);
		json_opt_str(j, "source", v->cvss[i].source);
		json_opt_str(j, "vector", v->cvss[i].vector);
		if (v->cvss[i].score >= 0) {
			json_key(j, "score");
			json_double(j, (double)v->cvss[i].score, 1);
		}
		json_object_close(j);
	}
	json_array_close(j);
	exploit(j, v);
	json_key(j, "exploits");
	json_array_open(j);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (v->exploit_flags & flags[i].flag)
			json_cstr(j, flags[i].name);
	json_array_close(j);
	json_put_uint(j, "pocCount", v->poc_count);
	json_put_words(j, "aliases", v->aliases);
	json_put_words(j, "cwes", v->cwes);
	json_put_words(j, "references", v->references);
	json_put_bool(j, "withdrawn", v->withdrawn);
	json_object_close(j);
}

static int vulnerabilities(struct json_out *j, struct view *v)
{
	const struct report *r = v->r;
	const struct finding_list *const lists[] = { &r->findings, &r->ignored };
	struct map seen = map_in(v->a);

	json_key(j, "vulnerabilities");
	json_object_open(j);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct vulnerability *vuln = lists[l]->items[i].vuln;
			void **at = map_at(&seen, vuln->id);

			if (!at)
				return -ENOMEM;
			if (!*at)
				vulnerability(j, vuln);
			*at = &seen;
		}
	json_object_close(j);
	return 0;
}

static void gaps(struct json_out *j, const struct view *v)
{
	const struct gap_list *const lists[] = { &v->r->inventory->gaps, &v->r->gaps };

	json_key(j, "gaps");
	json_array_open(j);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct gap *g = &lists[l]->items[i];

			json_object_open(j);
			json_put_cstr(j, "kind", gap_kind_name(g->kind));
			json_put_str(j, "place", g->place);
			json_opt_str(j, "what", g->what);
			json_put_uint(j, "count", g->count);
			json_put_bool(j, "partial", gap_is_partial(g->kind));
			json_object_close(j);
		}
	json_array_close(j);
}

static void ignore_notes(struct json_out *j, const struct report *r)
{
	static const char *const kinds[] = {
#define JSON_NOTE(id, name, en, zh) [IGNORE_##id] = (name),
		IGNORE_NOTES(JSON_NOTE)
#undef JSON_NOTE
	};

	json_key(j, "ignoreNotes");
	json_array_open(j);
	for (size_t i = 0; i < r->ignore_note_count; i++) {
		const struct ignore_note *n = &r->ignore_notes[i];

		json_object_open(j);
		json_put_cstr(j, "kind", kinds[n->kind]);
		json_put_str(j, "place", n->place);
		json_opt_str(j, "id", n->id);
		json_opt_str(j, "detail", n->detail);
		json_object_close(j);
	}
	json_array_close(j);
}

static void coverage(struct json_out *j, const struct view *v)
{
	const struct tally *t = &v->tally;

	json_key(j, "coverage");
	json_object_open(j);
	json_put_bool(j, "complete", !t->is_partial);
	json_put_uint(j, "layers", t->layers);
	json_put_uint(j, "layersMissing", t->layers_missing);
	json_put_uint(j, "layersFromCache", t->layers_cached);
	json_put_uint(j, "tarBytes", t->tar_bytes);
	json_put_uint(j, "entries", t->entries);
	json_put_uint(j, "filesAnalysed", t->files);
	json_put_uint(j, "packages", v->r->inventory->packages.count);
	json_key(j, "gaps");
	json_object_open(j);
	for (int k = 0; k < GAP_KIND_COUNT; k++)
		if (t->gaps[k])
			json_put_uint(j, gap_kind_name((enum gap_kind)k), t->gaps[k]);
	json_object_close(j);
	json_put_uint(j, "gapsTotal", t->gaps_total);
	json_object_close(j);
}

int report_json_render(struct view *v)
{
	const struct report *r = v->r;
	struct json_out j;

	json_out_init(&j, v->out, true);
	json_object_open(&j);
	json_put_int(&j, "schemaVersion", SCHEMA_VERSION);
	json_key(&j, "tool");
	json_object_open(&j);
	json_put_cstr(&j, "name", "skep");
	json_put_str(&j, "version", r->tool_version);
	json_object_close(&j);
	json_opt_str(&j, "started", r->started);
	json_put_uint(&j, "elapsedMs", r->elapsed_ms);
	database(&j, &r->database);
	target(&j, r);
	operating_system(&j, r);
	summary(&j, v);
	if (!v->style->packages_only) {
		findings(&j, "findings", r, &r->findings);
		findings(&j, "ignored", r, &r->ignored);
		if (vulnerabilities(&j, v) < 0)
			return -ENOMEM;
	}
	packages(&j, r);
	gaps(&j, v);
	ignore_notes(&j, r);
	coverage(&j, v);
	json_object_close(&j);
	buf_byte(v->out, '\n');
	return 0;
}

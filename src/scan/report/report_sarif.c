#include <stdio.h>

#include "base/map.h"
#include "codec/digest.h"
#include "codec/json_out.h"
#include "scan/report/report_priv.h"

/* GitHub refuses a run with more results, and one with none of them silently dropped is worth more than none. */
#define SARIF_MAX_RESULTS 25000
#define ROOT "ROOTPATH"

struct rule {
	const struct vulnerability *vuln;
	enum severity severity; /* the worst of its findings */
	float score;
	size_t index;
};

struct rules {
	struct rule **items; /* in order of appearance */
	size_t count, cap;
	struct map by_id;
};

static int rules_add(struct rules *rules, struct arena *a, const struct finding *f)
{
	void **at = map_at(&rules->by_id, f->vuln->id);
	struct rule *rule = at ? *at : NULL;

	if (!at)
		return -ENOMEM;
	if (!rule) {
		struct rule **slot = ARENA_PUSH(a, rules->items, rules->count, rules->cap);

		rule = ARENA_NEW(a, struct rule);
		if (!slot || !rule)
			return -ENOMEM;
		*rule = (struct rule){ f->vuln, f->severity, f->cvss_score, rules->count - 1 };
		*slot = *at = rule;
	}
	rule->severity = MAX(rule->severity, f->severity);
	rule->score = MAX(rule->score, f->cvss_score);
	return 0;
}

/* Code scanning derives its label from this number: the CVSS score where it agrees with the severity, else a number
 * inside that severity's band, so that the vendor's word and not NVD's decides the label. */
static float security_severity(const struct rule *rule)
{
	static const float stand_in[] = {
		[SEVERITY_UNKNOWN] = 0.0F, [SEVERITY_NEGLIGIBLE] = 0.1F, [SEVERITY_LOW] = 2.0F,
		[SEVERITY_MEDIUM] = 5.5F,  [SEVERITY_HIGH] = 8.0F,       [SEVERITY_CRITICAL] = 9.5F,
	};

	return rule->score > 0 && severity_of_score(rule->score) == rule->severity
		       ? rule->score
		       : stand_in[rule->severity];
}

static const char *level(enum severity s)
{
	return s >= SEVERITY_HIGH ? "error" : s == SEVERITY_MEDIUM ? "warning" : "note";
}

static void text_object(struct json_out *j, const char *key, str text)
{
	json_key(j, key);
	json_object_open(j);
	json_put_str(j, "text", text);
	json_object_close(j);
}

static void rule_render(struct json_out *j, struct arena *a, const struct rule *rule)
{
	const struct vulnerability *v = rule->vuln;
	char number[16];

	json_object_open(j);
	json_put_str(j, "id", v->id);
	json_put_cstr(j, "name", "VulnerablePackage");
	text_object(j, "shortDescription", v->title.n ? v->title : v->id);
	text_object(j, "fullDescription",
		    v->description.n ? v->description
		    : v->title.n     ? v->title
				     : v->id);
	if (report_vulnerability_url(a, v->id).n)
		json_put_str(j, "helpUri", report_vulnerability_url(a, v->id));
	text_object(j, "help", v->description.n ? v->description : v->id);
	json_key(j, "defaultConfiguration");
	json_object_open(j);
	json_put_cstr(j, "level", level(rule->severity));
	json_object_close(j);
	json_key(j, "properties");
	json_object_open(j);
	snprintf(number, sizeof(number), "%.1f", (double)security_severity(rule));
	json_put_cstr(j, "security-severity", number);
	json_put_cstr(j, "precision", "very-high");
	json_put_bool(j, "kev", (v->exploit_flags & EXPLOIT_KEV) != 0);
	json_key(j, "tags");
	json_array_open(j);
	json_cstr(j, "security");
	json_cstr(j, "vulnerability");
	json_cstr(j, severity_name(rule->severity));
	if (v->exploit_flags & EXPLOIT_KEV)
		json_cstr(j, "kev");
	json_array_close(j);
	json_object_close(j);
	json_object_close(j);
}

static void message(struct json_out *j, struct arena *a, const struct finding *f,
		    const struct package *p)
{
	str state = f->fixed_version.n ? arena_printf(a, "fixed in %.*s", STR_ARG(f->fixed_version))
				       : str_from(words_fix_state(LANG_EN, f->state));

	text_object(j, "message",
		    arena_printf(a, "%.*s %.*s: %.*s, severity %s, risk %.1f; %.*s",
				 STR_ARG(p->name), STR_ARG(p->version), STR_ARG(f->vuln->id),
				 severity_name(f->severity), (double)f->risk, STR_ARG(state)));
}

static void logical_location(struct json_out *j, str name, str full, const char *kind)
{
	json_object_open(j);
	json_put_str(j, "name", name);
	json_opt_str(j, "fullyQualifiedName", full);
	json_put_cstr(j, "kind", kind);
	json_object_close(j);
}

static void locations(struct json_out *j, const struct view *v, const struct package *p)
{
	const struct inventory_layer *l = report_layer(v->r, p);
	OWNED_BUF uri = BUF_INIT;

	report_uri_path(&uri, p->db_path.n ? p->db_path : p->name);
	json_key(j, "locations");
	json_array_open(j);
	json_object_open(j);
	json_key(j, "physicalLocation");
	json_object_open(j);
	json_key(j, "artifactLocation");
	json_object_open(j);
	json_put_str(j, "uri", buf_str(&uri));
	json_put_cstr(j, "uriBaseId", ROOT);
	json_object_close(j);
	json_key(j, "region");
	json_object_open(j);
	json_put_uint(j, "startLine", MAX(p->line, 1u));
	json_object_close(j);
	json_object_close(j);
	json_key(j, "logicalLocations");
	json_array_open(j);
	logical_location(j, p->name, p->purl, "package");
	if (l && (l->digest.n || l->diff_id.n))
		logical_location(j, l->digest.n ? l->digest : l->diff_id, l->created_by, "layer");
	json_array_close(j);
	json_object_close(j);
	json_array_close(j);
}

/* The same flaw of the same package at the same place stays one alert across versions of the image. */
static void fingerprint(struct json_out *j, struct arena *a, const struct finding *f,
			const struct package *p)
{
	uint8_t sum[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];

	sha256_of(arena_printf(a, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(f->vuln->id),
			       STR_ARG(p->type), STR_ARG(p->namespace), STR_ARG(p->name),
			       STR_ARG(p->db_path)),
		  sum);
	hex_render(sum, SHA256_BYTES, hex);
	json_key(j, "partialFingerprints");
	json_object_open(j);
	json_put_cstr(j, "vulnerablePackage/v1", hex);
	json_object_close(j);
}

static void result(struct json_out *j, const struct view *v, const struct rules *rules,
		   const struct finding *f)
{
	const struct package *p = &v->r->inventory->packages.items[f->package];
	const struct rule *rule = map_find(&rules->by_id, f->vuln->id);

	json_object_open(j);
	json_put_str(j, "ruleId", f->vuln->id);
	json_put_uint(j, "ruleIndex", rule->index);
	json_put_cstr(j, "level", level(f->severity));
	message(j, v->a, f, p);
	locations(j, v, p);
	fingerprint(j, v->a, f, p);
	json_key(j, "properties");
	json_object_open(j);
	json_key(j, "risk");
	json_double(j, (double)f->risk, 2);
	json_opt_str(j, "purl", p->purl);
	json_opt_str(j, "fixedVersion", f->fixed_version);
	json_put_cstr(j, "state", fix_state_name(f->state));
	json_object_close(j);
	if (f->ignored_by.n) {
		json_key(j, "suppressions");
		json_array_open(j);
		json_object_open(j);
		json_put_cstr(j, "kind", "external");
		json_put_cstr(j, "status", "accepted");
		json_put_str(j, "justification",
			     f->ignore_reason.n ? f->ignore_reason : f->ignored_by);
		json_object_close(j);
		json_array_close(j);
	}
	json_object_close(j);
}

static void notification(struct json_out *j, const char *kind, str text)
{
	json_object_open(j);
	json_key(j, "descriptor");
	json_object_open(j);
	json_put_cstr(j, "id", kind);
	json_object_close(j);
	json_put_cstr(j, "level", "warning");
	text_object(j, "message", text);
	json_object_close(j);
}

static void invocation(struct json_out *j, const struct view *v, size_t left_out)
{
	const struct gap_list *const lists[] = { &v->r->inventory->gaps, &v->r->gaps };

	json_key(j, "invocations");
	json_array_open(j);
	json_object_open(j);
	json_put_bool(j, "executionSuccessful", true);
	json_opt_str(j, "startTimeUtc", v->r->started);
	json_key(j, "toolExecutionNotifications");
	json_array_open(j);
	if (left_out)
		notification(j, "result-limit",
			     arena_printf(v->a,
					  "%zu findings of the lowest risk are not in this run: "
					  "code scanning takes "
					  "%d results at most; the json format holds all",
					  left_out, SARIF_MAX_RESULTS));
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct gap *g = &lists[l]->items[i];

			notification(j, gap_kind_name(g->kind),
				     arena_printf(v->a, "%s: %.*s: %.*s (%llu)",
						  words_gap_kind(LANG_EN, g->kind),
						  STR_ARG(g->place), STR_ARG(g->what),
						  (unsigned long long)g->count));
		}
	json_array_close(j);
	json_object_close(j);
	json_array_close(j);
}

static void driver(struct json_out *j, const struct view *v, const struct rules *rules)
{
	json_key(j, "tool");
	json_object_open(j);
	json_key(j, "driver");
	json_object_open(j);
	json_put_cstr(j, "name", "skep");
	json_put_str(j, "version", v->r->tool_version);
	json_put_str(j, "semanticVersion", v->r->tool_version);
	json_key(j, "rules");
	json_array_open(j);
	for (size_t i = 0; i < rules->count; i++)
		rule_render(j, v->a, rules->items[i]);
	json_array_close(j);
	json_object_close(j);
	json_object_close(j);
}

static void run_properties(struct json_out *j, const struct view *v)
{
	const struct inventory *inv = v->r->inventory;

	json_key(j, "originalUriBaseIds");
	json_object_open(j);
	json_key(j, ROOT);
	json_object_open(j);
	json_put_cstr(j, "uri", "file:///");
	json_object_close(j);
	json_object_close(j);
	json_key(j, "properties");
	json_object_open(j);
	json_put_str(j, "target", report_target(v->r));
	json_opt_str(j, "imageId", inv->image_id);
	json_opt_str(j, "manifestDigest", inv->manifest_digest);
	json_opt_str(j, "databaseBuilt", v->r->database.built);
	json_put_bool(j, "complete", !v->tally.is_partial);
	json_object_close(j);
}

int report_sarif_render(struct view *v)
{
	const struct report *r = v->r;
	const struct finding_list *const lists[] = { &r->findings, &r->ignored };
	size_t count[ARRAY_LEN(lists)];
	struct rules rules = { .by_id = map_in(v->a) };
	struct json_out j;
	size_t room = SARIF_MAX_RESULTS;

	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		count[l] = v->style->packages_only ? 0 : MIN(lists[l]->count, room);
		room -= count[l];
		for (size_t i = 0; i < count[l]; i++)
			if (rules_add(&rules, v->a, &lists[l]->items[i]) < 0)
				return -ENOMEM;
	}
	json_out_init(&j, v->out, true);
	json_object_open(&j);
	json_put_cstr(&j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_put_cstr(&j, "version", "2.1.0");
	json_key(&j, "runs");
	json_array_open(&j);
	json_object_open(&j);
	driver(&j, v, &rules);
	invocation(&j, v, r->findings.count + r->ignored.count - count[0] - count[1]);
	json_put_cstr(&j, "columnKind", "utf16CodeUnits");
	json_key(&j, "results");
	json_array_open(&j);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < count[l]; i++)
			result(&j, v, &rules, &lists[l]->items[i]);
	json_array_close(&j);
	run_properties(&j, v);
	json_object_close(&j);
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(v->out, '\n');
	return 0;
}

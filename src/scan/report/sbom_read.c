#include "scan/report/sbom_read.h"

#include "codec/json.h"
#include "scan/report/sbom_names.h"
#include "scan/report/sbom_read_priv.h"

static const char utf8_mark[] = "\xef\xbb\xbf";

static str without_mark(str text)
{
	if (str_starts(text, str_from(utf8_mark)))
		text = str_skip(text, sizeof(utf8_mark) - 1);
	return str_trim(text);
}

/* Kinds of documents people have at hand that are told from a look at their first bytes. */
static int refuse_by_look(str text, struct err *e)
{
	if (!text.n)
		return err_set(e, EBADMSG, "the file is empty: not an SBOM");
	if (text.p[0] == '<')
		return err_set(
			e, ENOTSUP,
			"XML is not read; convert the SBOM to CycloneDX JSON or SPDX 2.3 JSON");
	if (str_starts(text, S("SPDXVersion:")) || str_starts(text, S("spdxVersion:")))
		return err_set(
			e, ENOTSUP,
			"SPDX as tag-value or YAML is not read; convert the SBOM to SPDX 2.3 JSON");
	if (text.p[0] != '{')
		return err_set(e, EBADMSG, "not an SBOM: neither CycloneDX nor SPDX in JSON");
	return 0;
}

static int refuse_by_shape(const struct value *doc, struct err *e)
{
	if (value_get(doc, "@graph") || value_get(doc, "@context"))
		return err_set(e, ENOTSUP,
			       "SPDX 3 is not read; SPDX 2.3 JSON and CycloneDX JSON are");
	if (value_get(doc, "payloadType") && value_get(doc, "payload"))
		return err_set(
			e, ENOTSUP,
			"this is a signed envelope (DSSE); verify it and hand in the SBOM inside");
	if (value_get(doc, "artifacts") && value_get(doc, "descriptor"))
		return err_set(e, ENOTSUP,
			       "syft's own JSON is not read; write it with syft -o cyclonedx-json");
	if (value_get(doc, "Results") && value_get(doc, "SchemaVersion"))
		return err_set(
			e, ENOTSUP,
			"trivy's own JSON is not read; write it with trivy --format cyclonedx");
	return err_set(e, EBADMSG, "not an SBOM: the JSON has neither bomFormat nor spdxVersion");
}

/* Attestations wrap the document in "predicate" (in-toto); docker buildx prints it below "SPDX". */
static const struct value *unwrap(const struct value *doc)
{
	const struct value *inner = value_get(doc, "predicate");

	if (!inner)
		inner = value_get(doc, "SPDX");
	return inner && inner->kind == VALUE_OBJECT ? inner : doc;
}

int sbom_target_fact(struct sbom_reader *r, str key, str value)
{
	struct inventory *v = r->inventory;
	const struct {
		const char *key;
		str *at;
	} known[] = {
		{ SBOM_PREFIX "imageId", &v->image_id },
		{ SBOM_PREFIX "manifestDigest", &v->manifest_digest },
		{ SBOM_PREFIX "architecture", &v->architecture },
		{ SBOM_PREFIX "platformOs", &v->platform_os },
		{ SBOM_PREFIX "created", &v->created },
		{ "aquasecurity:trivy:ImageID", &v->image_id },
	};
	uint32_t layer;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_is(key, known[i].key))
			*known[i].at = value;
	if (str_is(key, SBOM_PREFIX "repoTag") || str_is(key, "aquasecurity:trivy:RepoTag")) {
		str *tag = ARENA_PUSH(r->a, v->repo_tags, v->repo_tag_count, r->tag_cap);

		if (!tag)
			return -ENOBUFS;
		*tag = value;
	}
	if (value.n && (str_is(key, SBOM_PREFIX SBOM_KEY_LAYER_DIFF_ID) ||
			str_is(key, "aquasecurity:trivy:DiffID")))
		return sbom_layer(r, (str){ 0 }, value, &layer);
	return 0;
}

void sbom_incomplete(struct sbom_reader *r)
{
	gap_add(&r->inventory->gaps, r->a, GAP_UNREADABLE, (str){ 0 },
		"the SBOM says that its list of packages is incomplete");
}

int sbom_read(str text, struct arena *a, const struct limits *l, struct inventory *ret,
	      struct err *e)
{
	struct inventory v = { .kind = TARGET_SBOM, .source = S("sbom") };
	struct sbom_reader r = { .a = a,
				 .limits = l,
				 .inventory = &v,
				 .layers = map_in(a),
				 .distros = map_in(a),
				 .seen = map_in(a),
				 .described = map_in(a) };
	struct value root;
	const struct value *doc;
	int result;

	text = without_mark(text);
	result = refuse_by_look(text, e);
	if (result == 0)
		result = json_parse(text, a, &root, e);
	if (result < 0)
		return result;
	doc = unwrap(&root);
	if (str_eq_nocase(value_get_str(doc, "bomFormat"), S("CycloneDX")))
		result = sbom_cyclonedx_walk(&r, doc, e);
	else if (str_starts(value_get_str(doc, "spdxVersion"), S("SPDX-")))
		result = sbom_spdx_walk(&r, doc, e);
	else
		result = refuse_by_shape(doc, e);
	if (result == 0)
		result = sbom_finish(&r, e);
	if (result == 0)
		*ret = v;
	return result;
}

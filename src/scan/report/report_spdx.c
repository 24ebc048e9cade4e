#include "codec/json_out.h"
#include "scan/report/sbom_names.h"
#include "scan/report/sbom_write.h"

#define NO_ASSERTION "NOASSERTION"
#define DOCUMENT_ID "SPDXRef-DOCUMENT"
#define TARGET_ID "SPDXRef-Target"
#define OS_ID "SPDXRef-OperatingSystem"

static str package_id(const struct view *v, size_t i)
{
	return arena_printf(v->a, "SPDXRef-Package-%zu", i + 1);
}

static void head(struct json_out *j, const struct view *v)
{
	char uuid[SBOM_UUID_BYTES];

	sbom_write_uuid(v, "spdx", uuid);
	json_put_cstr(j, "spdxVersion", "SPDX-2.3");
	json_put_cstr(j, "dataLicense", "CC0-1.0");
	json_put_cstr(j, "SPDXID", DOCUMENT_ID);
	json_put_str(j, "name", report_target(v->r));
	json_put_str(j, "documentNamespace", arena_printf(v->a, "urn:uuid:%s", uuid));
	if (v->tally.is_partial)
		json_put_cstr(j, "comment", SBOM_INCOMPLETE);
	json_key(j, "creationInfo");
	json_object_open(j);
	json_put_str(j, "created", sbom_write_time(v));
	json_key(j, "creators");
	json_array_open(j);
	json_str(j, arena_printf(v->a, "Tool: skep-%.*s", STR_ARG(v->r->tool_version)));
	json_array_close(j);
	json_object_close(j);
}

static void common(struct json_out *j, const char *purpose)
{
	json_put_cstr(j, "downloadLocation", NO_ASSERTION);
	json_put_bool(j, "filesAnalyzed", false);
	json_put_cstr(j, "licenseConcluded", NO_ASSERTION);
	json_put_cstr(j, "licenseDeclared", NO_ASSERTION);
	json_put_cstr(j, "copyrightText", NO_ASSERTION);
	json_put_cstr(j, "primaryPackagePurpose", purpose);
}

static void fact(void *ctx, const char *key, str value)
{
	json_put_str(ctx, key, value);
}

/* SPDX has no properties: the facts travel as JSON in an annotation's comment. */
static void annotation(struct json_out *j, const struct view *v, str json)
{
	json_key(j, "annotations");
	json_array_open(j);
	json_object_open(j);
	json_put_str(j, "annotationDate", sbom_write_time(v));
	json_put_cstr(j, "annotationType", "OTHER");
	json_put_str(j, "annotator",
		     arena_printf(v->a, "Tool: skep-%.*s", STR_ARG(v->r->tool_version)));
	json_put_str(j, "comment", json);
	json_object_close(j);
	json_array_close(j);
}

static void target_package(struct json_out *j, const struct view *v)
{
	const struct inventory *inv = v->r->inventory;
	OWNED_BUF facts = BUF_INIT;
	struct json_out f;

	json_object_open(j);
	json_put_cstr(j, "SPDXID", TARGET_ID);
	json_put_str(j, "name", report_target(v->r));
	json_opt_str(j, "versionInfo",
		     inv->manifest_digest.n ? inv->manifest_digest : inv->image_id);
	common(j, inv->kind == TARGET_IMAGE ? "CONTAINER" : "FILE");
	json_out_init(&f, &facts, false);
	json_object_open(&f);
	json_put_cstr(&f, "kind", target_kind_name(inv->kind));
	json_opt_str(&f, "source", inv->source);
	json_opt_str(&f, "imageId", inv->image_id);
	json_opt_str(&f, "manifestDigest", inv->manifest_digest);
	json_opt_str(&f, "architecture", inv->architecture);
	json_opt_str(&f, "platformOs", inv->platform_os);
	json_opt_str(&f, "created", inv->created);
	json_object_close(&f);
	annotation(j, v, buf_str(&facts));
	json_object_close(j);
}

static void os_package(struct json_out *j, const struct view *v)
{
	const struct os *os = &v->r->inventory->os;
	OWNED_BUF facts = BUF_INIT;
	struct json_out f;

	json_object_open(j);
	json_put_cstr(j, "SPDXID", OS_ID);
	json_put_str(j, "name", os->id);
	json_opt_str(j, "versionInfo", os->version_id);
	json_opt_str(j, "description", os->pretty_name);
	common(j, "OPERATING-SYSTEM");
	json_out_init(&f, &facts, false);
	json_object_open(&f);
	sbom_write_os(os, fact, &f);
	json_object_close(&f);
	annotation(j, v, buf_str(&facts));
	json_object_close(j);
}

static void package(struct json_out *j, const struct view *v, size_t i)
{
	const struct package *p = &v->r->inventory->packages.items[i];
	OWNED_BUF facts = BUF_INIT;
	struct json_out f;

	json_object_open(j);
	json_put_str(j, "SPDXID", package_id(v, i));
	json_put_str(j, "name", p->name);
	json_put_str(j, "versionInfo", p->version);
	if (p->vendor.n)
		json_put_str(j, "supplier",
			     arena_printf(v->a, "Organization: %.*s", STR_ARG(p->vendor)));
	common(j, "LIBRARY");
	if (p->license.n)
		json_put_str(j, "licenseComments", p->license);
	if (p->source_name.n)
		json_put_str(j, "sourceInfo",
			     arena_printf(v->a, "built package from: %.*s %.*s",
					  STR_ARG(p->source_name), STR_ARG(p->source_version)));
	if (p->purl.n) {
		json_key(j, "externalRefs");
		json_array_open(j);
		json_object_open(j);
		json_put_cstr(j, "referenceCategory", "PACKAGE-MANAGER");
		json_put_cstr(j, "referenceType", "purl");
		json_put_str(j, "referenceLocator", p->purl);
		json_object_close(j);
		json_array_close(j);
	}
	json_out_init(&f, &facts, false);
	json_object_open(&f);
	sbom_write_package(v, p, fact, &f);
	json_object_close(&f);
	annotation(j, v, buf_str(&facts));
	json_object_close(j);
}

static void relationship(struct json_out *j, const char *from, const char *type, str to)
{
	json_object_open(j);
	json_put_cstr(j, "spdxElementId", from);
	json_put_cstr(j, "relationshipType", type);
	json_put_str(j, "relatedSpdxElement", to);
	json_object_close(j);
}

int report_spdx_render(struct view *v)
{
	const struct inventory *inv = v->r->inventory;
	struct json_out j;

	json_out_init(&j, v->out, true);
	json_object_open(&j);
	head(&j, v);
	json_key(&j, "packages");
	json_array_open(&j);
	target_package(&j, v);
	if (inv->os.id.n)
		os_package(&j, v);
	for (size_t i = 0; i < inv->packages.count; i++)
		package(&j, v, i);
	json_array_close(&j);
	json_key(&j, "relationships");
	json_array_open(&j);
	relationship(&j, DOCUMENT_ID, "DESCRIBES", S(TARGET_ID));
	if (inv->os.id.n)
		relationship(&j, TARGET_ID, "CONTAINS", S(OS_ID));
	for (size_t i = 0; i < inv->packages.count; i++)
		relationship(&j, TARGET_ID, "CONTAINS", package_id(v, i));
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(v->out, '\n');
	return 0;
}

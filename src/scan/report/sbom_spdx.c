#include "base/text.h"
#include "codec/json.h"
#include "scan/report/sbom_names.h"
#include "scan/report/sbom_read_priv.h"

static str asserted(str s)
{
	return str_is(s, "NOASSERTION") || str_is(s, "NONE") ? (str){ 0 } : s;
}

static str purl_of(const struct value *package)
{
	VALUE_EACH (ref, value_get(package, "externalRefs")) {
		str type = value_get_str(ref, "referenceType");

		if (str_is(type, "purl") || str_ends(type, S("/purl")))
			return value_get_str(ref, "referenceLocator");
	}
	return (str){ 0 };
}

static bool has_purpose(const struct value *package, const char *with_dash, const char *with_line)
{
	str purpose = value_get_str(package, "primaryPackagePurpose");

	return str_is(purpose, with_dash) || str_is(purpose, with_line);
}

static bool is_os(const struct value *package)
{
	return has_purpose(package, "OPERATING-SYSTEM", "OPERATING_SYSTEM") ||
	       str_starts(value_get_str(package, "SPDXID"), S("SPDXRef-OperatingSystem"));
}

static int describe(struct sbom_reader *r, str id)
{
	void **at = id.p ? map_at(&r->described, id) : NULL;

	if (id.p && !at)
		return -ENOBUFS;
	if (at)
		*at = r;
	return 0;
}

/* What the document says it is about, in either of the two ways to say so. */
static int note_described(struct sbom_reader *r, const struct value *doc)
{
	int result = 0;

	VALUE_EACH (d, value_get(doc, "documentDescribes"))
		result |= describe(r, value_str(d));
	VALUE_EACH (relation, value_get(doc, "relationships"))
		if (str_starts(value_get_str(relation, "relationshipType"), S("DESCRIBE")) &&
		    str_is(value_get_str(relation, "spdxElementId"), "SPDXRef-DOCUMENT"))
			result |= describe(r, value_get_str(relation, "relatedSpdxElement"));
	return result;
}

/* Something that holds packages and is none: an image, a folder, trivy's lock files. */
static bool is_holder(const struct sbom_reader *r, const struct value *package)
{
	str id = value_get_str(package, "SPDXID");

	return has_purpose(package, "CONTAINER", "FILE") ||
	       str_starts(id, S("SPDXRef-Application-")) ||
	       str_starts(id, S("SPDXRef-ContainerImage")) || str_is(id, "SPDXRef-RootPackage") ||
	       map_find(&r->described, id) != NULL;
}

typedef int take_fact(void *ctx, str key, str value);

/*
 * Facts beside the standard: our own are one JSON object in an annotation; trivy's are "Key: value" in annotations or
 * attributionTexts.
 */
static int each_fact(struct sbom_reader *r, const struct value *package, const char *our_prefix,
		     take_fact *take, void *ctx)
{
	int result = 0;

	VALUE_EACH (annotation, value_get(package, "annotations")) {
		str comment = value_get_str(annotation, "comment");
		str tool = value_get_str(annotation, "annotator");
		struct value facts;

		if (!str_starts(tool, S("Tool: skep")) && str_find(comment, ':') < comment.n) {
			str key = str_cut(&comment, ':');

			result |= take(ctx,
				       arena_printf(r->a, "aquasecurity:trivy:%.*s", STR_ARG(key)),
				       str_trim(comment));
			continue;
		}
		if (json_parse(comment, r->a, &facts, NULL) < 0)
			continue;
		VALUE_MEMBERS (m, &facts)
			result |=
				take(ctx, arena_printf(r->a, "%s%.*s", our_prefix, STR_ARG(m->key)),
				     value_str(&m->value));
	}
	VALUE_EACH (text, value_get(package, "attributionTexts")) {
		str rest = value_str(text);
		str key = str_cut(&rest, ':');

		result |= take(ctx, arena_printf(r->a, "aquasecurity:trivy:%.*s", STR_ARG(key)),
			       str_trim(rest));
	}
	return result;
}

static int os_fact(void *ctx, str key, str value)
{
	sbom_os_fact(ctx, key, value);
	return 0;
}

static int item_fact(void *ctx, str key, str value)
{
	sbom_item_fact(ctx, key, value);
	return 0;
}

static int target_fact(void *ctx, str key, str value)
{
	return sbom_target_fact(ctx, key, value);
}

static int take_os(struct sbom_reader *r, const struct value *package)
{
	struct os *os = &r->inventory->os;

	if (r->os_given) {
		gap_add(&r->inventory->gaps, r->a, GAP_UNEXPECTED, value_get_str(package, "name"),
			"a second operating system in the document was not looked at");
		return 0;
	}
	r->os_given = true;
	*os = (struct os){ .id = value_get_str(package, "name"),
			   .version_id = asserted(value_get_str(package, "versionInfo")),
			   .pretty_name = value_get_str(package, "description") };
	return each_fact(r, package, SBOM_OS_PREFIX, os_fact, os);
}

/* "built package from: openssl 1:1.0.2k-16.el7" (trivy and we); "acquired package info from ...: /path" (syft). */
static void take_source_info(struct sbom_item *item, str info)
{
	static const char built[] = "built package from: ";
	size_t path = str_search(info, S(": /"));

	if (str_starts(info, str_from(built))) {
		str version = str_skip(info, sizeof(built) - 1);

		item->p.source_name = str_cut(&version, ' ');
		item->p.source_version = version;
	} else if (path < info.n) {
		str rest = str_skip(info, path + 2);

		item->p.db_path = str_cut(&rest, ',');
	}
}

/* For rpm a source package has no epoch; trivy writes the binary package's there. */
static void drop_source_epoch(struct sbom_item *item)
{
	size_t colon = str_find(item->p.source_version, ':');

	if (str_starts(item->purl, S("pkg:rpm/")) && colon < item->p.source_version.n)
		item->p.source_version = str_skip(item->p.source_version, colon + 1);
}

static int take_package(struct sbom_reader *r, const struct value *package, struct err *e)
{
	struct sbom_item item = {
		.p = { .name = value_get_str(package, "name"),
		       .version = asserted(value_get_str(package, "versionInfo")),
		       .license = asserted(value_get_str(package, "licenseDeclared")) },
		.purl = purl_of(package),
	};

	if (!item.purl.n && is_holder(r, package)) {
		if (each_fact(r, package, SBOM_PREFIX, target_fact, r) < 0)
			return err_set(e, ENOBUFS, "SBOM: memory budget spent");
		return 0;
	}
	take_source_info(&item, value_get_str(package, "sourceInfo"));
	drop_source_epoch(&item);
	each_fact(r, package, SBOM_PREFIX, item_fact, &item);
	return sbom_item_add(r, &item, e);
}

static int check_version(const struct value *doc, struct err *e)
{
	str version = value_get_str(doc, "spdxVersion");
	OWNED_BUF shown = BUF_INIT;

	if (str_is(version, "SPDX-2.2") || str_is(version, "SPDX-2.3"))
		return 0;
	text_escape(str_take(version, 32), &shown);
	return err_set(e, ENOTSUP, "%s is not read; SPDX-2.2 and SPDX-2.3 in JSON are",
		       buf_cstr(&shown));
}

int sbom_spdx_walk(struct sbom_reader *r, const struct value *doc, struct err *e)
{
	int result = check_version(doc, e);

	if (result < 0)
		return result;
	if (note_described(r, doc) < 0)
		return err_set(e, ENOBUFS, "SBOM: memory budget spent");
	r->inventory->name = value_get_str(doc, "name");
	if (str_is(value_get_str(doc, "comment"), SBOM_INCOMPLETE))
		sbom_incomplete(r);
	VALUE_EACH (package, value_get(doc, "packages")) {
		result = is_os(package) ? take_os(r, package) : take_package(r, package, e);
		if (result < 0)
			return result;
	}
	return 0;
}

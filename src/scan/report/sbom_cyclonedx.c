#include "base/text.h"
#include "base/word.h"
#include "codec/json.h"
#include "scan/report/sbom_names.h"
#include "scan/report/sbom_read_priv.h"

#define NEWEST_MINOR 7

static int check_version(struct sbom_reader *r, const struct value *doc, struct err *e)
{
	str version = value_get_str(doc, "specVersion"), rest = version;
	uint32_t major = 0, minor = 0;
	OWNED_BUF shown = BUF_INIT;

	text_escape(str_take(version, 32), &shown);
	if (str_u32(str_cut(&rest, '.'), &major) < 0 || str_u32(rest, &minor) < 0 || major != 1 ||
	    minor < 2)
		return err_set(e, ENOTSUP,
			       "CycloneDX specVersion '%s' is not read; versions 1.2 to 1.%d are",
			       buf_cstr(&shown), NEWEST_MINOR);
	if (minor > NEWEST_MINOR)
		gap_add(&r->inventory->gaps, r->a, GAP_UNSUPPORTED, S("specVersion"),
			"CycloneDX %s is newer than the newest version known (1.%d) and was read "
			"as that",
			buf_cstr(&shown), NEWEST_MINOR);
	return 0;
}

static str license_of(const struct value *component)
{
	const struct value *first = value_at(value_get(component, "licenses"), 0);
	const struct value *license = value_get(first, "license");

	if (value_get_str(license, "name").n)
		return value_get_str(license, "name");
	return value_get_str(license, "id").n ? value_get_str(license, "id")
					      : value_get_str(first, "expression");
}

static void take_os(struct sbom_reader *r, const struct value *component)
{
	struct os *os = &r->inventory->os;

	if (r->os_given) {
		gap_add(&r->inventory->gaps, r->a, GAP_UNEXPECTED, value_get_str(component, "name"),
			"a second operating system in the document was not looked at");
		return;
	}
	r->os_given = true;
	*os = (struct os){ .id = value_get_str(component, "name"),
			   .version_id = value_get_str(component, "version"),
			   .pretty_name = value_get_str(component, "description") };
	VALUE_EACH (p, value_get(component, "properties"))
		sbom_os_fact(os, value_get_str(p, "name"), value_get_str(p, "value"));
}

/* Types of components that are something installed; files, images and devices are not. */
static bool is_package(const struct value *component)
{
	static const char *const types[] = { "library", "application", "framework" };
	str type = value_get_str(component, "type");

	return value_get_str(component, "purl").n || WORD_FIND(types, type) >= 0;
}

/* trivy writes a lock file or a folder of packages as an application without a package URL. */
static bool is_group(const struct value *component)
{
	VALUE_EACH (p, value_get(component, "properties"))
		if (str_is(value_get_str(p, "name"), "aquasecurity:trivy:Class"))
			return true;
	return !value_get_str(component, "version").n && value_get(component, "components") != NULL;
}

static int take_package(struct sbom_reader *r, const struct value *component, struct err *e)
{
	struct sbom_item item = { .p = { .name = value_get_str(component, "name"),
					 .version = value_get_str(component, "version"),
					 .license = license_of(component) },
				  .purl = value_get_str(component, "purl") };
	const struct value *where = value_at(value_path(component, "evidence.occurrences"), 0);

	if (!item.purl.n && is_group(component))
		return 0;
	item.p.db_path = value_get_str(where, "location");
	VALUE_EACH (p, value_get(component, "properties"))
		sbom_item_fact(&item, value_get_str(p, "name"), value_get_str(p, "value"));
	return sbom_item_add(r, &item, e);
}

/* Components nest; the document's own depth bound is the stack's. */
static int walk_components(struct sbom_reader *r, const struct value *components, struct err *e)
{
	struct {
		const struct value *list;
		size_t next;
	} stack[JSON_MAX_DEPTH] = { { components, 0 } };
	size_t depth = 1;

	while (depth) {
		const struct value *c = value_at(stack[depth - 1].list, stack[depth - 1].next++);
		int result = 0;

		if (!c) {
			depth--;
			continue;
		}
		if (str_is(value_get_str(c, "type"), "operating-system"))
			take_os(r, c);
		else if (is_package(c))
			result = take_package(r, c, e);
		if (result < 0)
			return result;
		if (value_get(c, "components") && depth < ARRAY_LEN(stack)) {
			stack[depth].list = value_get(c, "components");
			stack[depth++].next = 0;
		}
	}
	return 0;
}

static int take_target(struct sbom_reader *r, const struct value *target, struct err *e)
{
	struct inventory *v = r->inventory;
	str version = value_get_str(target, "version");

	v->name = value_get_str(target, "name");
	if (str_starts(version, S("sha256:")))
		v->manifest_digest = version;
	if (str_is(value_get_str(target, "type"), "operating-system"))
		take_os(r, target);
	VALUE_EACH (p, value_get(target, "properties"))
		if (sbom_target_fact(r, value_get_str(p, "name"), value_get_str(p, "value")) < 0)
			return err_set(e, ENOBUFS, "SBOM: memory budget spent");
	return walk_components(r, value_get(target, "components"), e);
}

static void note_incomplete(struct sbom_reader *r, const struct value *doc)
{
	VALUE_EACH (c, value_get(doc, "compositions"))
		if (str_starts(value_get_str(c, "aggregate"), S("incomplete"))) {
			sbom_incomplete(r);
			return;
		}
}

int sbom_cyclonedx_walk(struct sbom_reader *r, const struct value *doc, struct err *e)
{
	int result = check_version(r, doc, e);

	if (result == 0)
		result = take_target(r, value_path(doc, "metadata.component"), e);
	if (result == 0)
		result = walk_components(r, value_get(doc, "components"), e);
	if (result == 0)
		note_incomplete(r, doc);
	return result;
}

/* updateinfo.xml of rpm repositories (AlmaLinux, Rocky Linux, Amazon Linux, Oracle Linux): advisories with references
 * and package lists. */
#include "codec/xml.h"
#include "scan/feed/errata.h"
#include "scan/feed/formats.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".xml")) && feed_head_has(head, "<updates") &&
	       feed_head_has(head, "<update ");
}

struct package {
	struct errata_package p;
	str module;
};

struct reader {
	const struct delivery *outer;
	struct delivery d;
	struct arena arena; /* of one advisory */
	struct errata errata;
	struct package *packages;
	size_t count, cap;
	str module;
	bool open;
	bool security;
};

static str keep(struct reader *r, str s)
{
	return arena_str(&r->arena, s);
}

static void open_update(struct reader *r, const struct xml_element *el)
{
	arena_done(&r->arena);
	arena_init(&r->arena, 64u << 20);
	r->errata = (struct errata){ .cves = { .arena = &r->arena } };
	r->packages = NULL;
	r->count = r->cap = 0;
	r->module = (str){ 0 };
	r->open = true;
	r->security = str_is(xml_attribute(el, "type"), "security");
}

static int open_package(struct reader *r, const struct xml_element *el)
{
	struct package *p = ARENA_PUSH(&r->arena, r->packages, r->count, r->cap);

	if (!p)
		return delivery_spent(&r->d);
	*p = (struct package){ .p = { .name = keep(r, xml_attribute(el, "name")),
				      .epoch = keep(r, xml_attribute(el, "epoch")),
				      .version = keep(r, xml_attribute(el, "version")),
				      .release = keep(r, xml_attribute(el, "release")),
				      .arch = keep(r, xml_attribute(el, "arch")) },
			       .module = r->module };
	return 0;
}

static int on_open(void *ctx, const struct xml_element *el, struct err *e UNUSED)
{
	struct reader *r = ctx;

	if (str_is(el->name, "update")) {
		open_update(r, el);
	} else if (!r->open) {
		return 0;
	} else if (str_is(el->name, "reference")) {
		if (str_eq_nocase(xml_attribute(el, "type"), S("cve")) &&
		    ids_scan(&r->errata.cves, xml_attribute(el, "id")) < 0)
			return delivery_spent(&r->d);
	} else if (str_is(el->name, "collection")) {
		r->module = (str){ 0 };
	} else if (str_is(el->name, "module")) {
		r->module = arena_printf(&r->arena, "%.*s:%.*s", STR_ARG(xml_attribute(el, "name")),
					 STR_ARG(xml_attribute(el, "stream")));
	} else if (str_is(el->name, "package")) {
		return open_package(r, el);
	} else if (str_is(el->name, "updated") || str_is(el->name, "issued")) {
		delivery_as_of(r->outer, str_take(xml_attribute(el, "date"), 10));
	}
	return 0;
}

static int close_update(struct reader *r)
{
	r->open = false;
	/* Bug fixes and enhancements without a CVE are no vulnerability. */
	if (r->errata.cves.count == 0 && !r->security)
		return 0;
	for (size_t i = 0; i < r->count; i++) {
		int e;

		/* The source packages are listed beside what is installed. */
		if (str_is(r->packages[i].p.arch, "src"))
			continue;
		r->errata.module = r->packages[i].module;
		e = errata_deliver(&r->d, &r->errata, &r->packages[i].p);
		if (e < 0)
			return e;
	}
	return 0;
}

static int on_close(void *ctx, str name, str text, struct err *e UNUSED)
{
	struct reader *r = ctx;

	if (!r->open)
		return 0;
	if (str_is(name, "id"))
		r->errata.id = keep(r, text);
	else if (str_is(name, "severity"))
		r->errata.severity = severity_find(text);
	else if (str_is(name, "update"))
		return close_update(r);
	return 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("updateinfo"), a, sink, e };
	struct reader r = { .outer = &d, .d = d };
	const struct xml_handler h = { &r, on_open, on_close };
	struct err why = { 0 };
	int code;

	r.d.arena = &r.arena;
	arena_init(&r.arena, 64u << 20);
	code = xml_parse(text, &h, &why);
	arena_done(&r.arena);
	if (code == -EBADMSG || code == -E2BIG) {
		delivery_unreadable(&d, (str){ 0 }, "%s", why.text);
		return 0;
	}
	if (code < 0 && !(e && e->code))
		return err_set(e, -code, "%s", why.text);
	return code;
}

const struct feed_format feed_updateinfo = {
	.name = "updateinfo",
	.title = "updateinfo.xml of rpm repositories",
	.licence = "per distribution",
	.wants = wants,
	.import = import,
};

/* OVAL 5 documents: Red Hat (v2), Oracle, SUSE, Photon, Azure Linux. Definitions come first and refer to tests, which
 * refer to objects and states behind them, so claims are made when the whole document was read. */
#include "base/map.h"
#include "codec/xml.h"
#include "scan/feed/formats.h"
#include "scan/feed/oval.h"

struct definition {
	struct oval_definition oval;
	struct definition *next;
};

struct reader {
	const struct delivery *d;
	struct definition *first, *last;
	struct oval_definition *def;    /* being read */
	struct oval_criteria *criteria; /* innermost open */
	struct oval_part *part;         /* test, object or state being read */
	struct map parts;
	str operation; /* of the evr element being read */
};

static str keep(struct reader *r, str s)
{
	return arena_str(r->d->arena, s);
}

static int open_definition(struct reader *r, const struct xml_element *el)
{
	struct definition *x = ARENA_NEW(r->d->arena, struct definition);

	if (!x)
		return delivery_spent(r->d);
	x->oval.cves.arena = r->d->arena;
	x->oval.id = keep(r, xml_attribute(el, "id"));
	x->oval.unaffected = str_search(x->oval.id, S("redhat.unaffected")) < x->oval.id.n;
	if (r->last)
		r->last->next = x;
	else
		r->first = x;
	r->last = x;
	r->def = &x->oval;
	r->criteria = NULL;
	return 0;
}

static int open_criteria(struct reader *r)
{
	struct oval_criteria *c = ARENA_NEW(r->d->arena, struct oval_criteria);

	if (!c)
		return delivery_spent(r->d);
	c->parent = r->criteria;
	r->criteria = c;
	return 0;
}

static int open_criterion(struct reader *r, const struct xml_element *el)
{
	str comment = keep(r, xml_attribute(el, "comment"));
	struct oval_leaf *leaf;

	if (!r->criteria)
		return 0;
	leaf = oval_add_leaf(r->d->arena, r->def, r->criteria, comment);
	if (!leaf)
		return delivery_spent(r->d);
	leaf->test = keep(r, xml_attribute(el, "test_ref"));
	return leaf->test.p ? 0 : delivery_spent(r->d);
}

static int open_part(struct reader *r, const struct xml_element *el)
{
	str id = keep(r, xml_attribute(el, "id"));
	void **at = id.p ? map_at(&r->parts, id) : NULL;

	r->part = at ? ARENA_NEW(r->d->arena, struct oval_part) : NULL;
	if (!r->part)
		return delivery_spent(r->d);
	*at = r->part;
	return 0;
}

static int open_in_definition(struct reader *r, const struct xml_element *el)
{
	if (str_is(el->name, "reference")) {
		str id = keep(r, xml_attribute(el, "ref_id"));

		return oval_add_reference(r->def, id) < 0 ? delivery_spent(r->d) : 0;
	}
	if (str_is(el->name, "criteria"))
		return open_criteria(r);
	if (str_is(el->name, "criterion"))
		return open_criterion(r, el);
	if (str_is(el->name, "issued"))
		r->def->published = keep(r, xml_attribute(el, "date"));
	if (str_is(el->name, "resolution"))
		r->def->state = keep(r, xml_attribute(el, "state"));
	return 0;
}

static int on_open(void *ctx, const struct xml_element *el, struct err *e UNUSED)
{
	struct reader *r = ctx;

	if (str_is(el->name, "definition"))
		return open_definition(r, el);
	if (r->def)
		return open_in_definition(r, el);
	if (str_ends(el->name, S("info_test")) || str_ends(el->name, S("info_object")) ||
	    str_ends(el->name, S("info_state")))
		return open_part(r, el);
	if (!r->part)
		return 0;
	if (str_is(el->name, "object"))
		r->part->object = keep(r, xml_attribute(el, "object_ref"));
	else if (str_is(el->name, "state"))
		r->part->state = keep(r, xml_attribute(el, "state_ref"));
	else if (str_is(el->name, "evr"))
		r->operation = keep(r, xml_attribute(el, "operation"));
	return 0;
}

static int close_in_definition(struct reader *r, str name, str text)
{
	struct oval_definition *def = r->def;

	if (str_is(name, "definition")) {
		r->def = NULL;
	} else if (str_is(name, "criteria")) {
		r->criteria = r->criteria ? r->criteria->parent : NULL;
	} else if (str_is(name, "title")) {
		def->title = keep(r, text);
		/* Photon's references do not spell its advisory; the title does: "PHSA-2020:00001 sqlite ..." */
		if (str_starts(def->title, S("PHSA-")))
			def->advisory = str_take(def->title, str_find(def->title, ' '));
	} else if (str_is(name, "description")) {
		def->description = keep(r, text);
	} else if (str_is(name, "platform")) {
		if (!def->platform.n)
			def->platform = keep(r, text);
	} else if (str_is(name, "severity")) {
		def->severity = keep(r, text);
	} else if (str_is(name, "cve")) {
		if (ids_scan(&def->cves, text) < 0)
			return delivery_spent(r->d);
	} else if (str_is(name, "cpe")) {
		if (oval_add_product(r->d->arena, def, keep(r, text)) < 0)
			return delivery_spent(r->d);
	} else if (str_is(name, "patchable")) {
		def->unaffected = str_is(text, "Not Applicable");
	}
	return 0;
}

static int on_close(void *ctx, str name, str text, struct err *e UNUSED)
{
	struct reader *r = ctx;

	if (r->def)
		return close_in_definition(r, name, text);
	if (!r->part)
		return 0;
	if (str_is(name, "name")) {
		r->part->name = keep(r, text);
	} else if (str_is(name, "arch")) {
		r->part->arch = keep(r, text);
	} else if (str_is(name, "evr")) {
		r->part->evr = keep(r, text);
		r->part->operation = r->operation;
	} else if (str_ends(name, S("info_test")) || str_ends(name, S("info_object")) ||
		   str_ends(name, S("info_state"))) {
		r->part = NULL;
	}
	return 0;
}

static bool wants(str path, str head)
{
	return str_ends(path, S(".xml")) && feed_head_has(head, "oval_definitions");
}

static str origin_of(str head)
{
	static const struct {
		const char *mark, *origin;
	} marks[] = {
		{ "com.redhat.", "redhat-oval" }, { "com.oracle.", "oracle-oval" },
		{ "com.vmware.", "photon-oval" }, { "opensuse", "suse-oval" },
		{ "suse", "suse-oval" },          { "com.microsoft.", "azure-oval" },
	};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (feed_head_has(head, marks[i].mark))
			return str_from(marks[i].origin);
	return S("oval");
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	size_t passed_over = 0;
	struct delivery d = { path, origin_of(str_take(text, 16384)), a, sink, e, &passed_over };
	struct reader r = { .d = &d, .parts = map_in(a) };
	const struct xml_handler h = { &r, on_open, on_close };
	struct err why = { 0 };
	int code = xml_parse(text, &h, &why);

	if (code == -ENOBUFS || code == -ENOMEM)
		return delivery_spent(&d);
	if (code < 0)
		delivery_unreadable(&d, (str){ 0 }, "%s", why.text);
	/* What stood before the damage counts. */
	for (struct definition *x = r.first; x; x = x->next) {
		for (struct oval_leaf *leaf = x->oval.first; leaf; leaf = leaf->next)
			oval_resolve(&r.parts, leaf);
		code = oval_deliver(&d, &x->oval);
		if (code < 0)
			return code;
	}
	delivery_tell_passed_over(&d, OVAL_PASSED_OVER);
	return 0;
}

const struct feed_format feed_oval_xml = {
	.name = "oval",
	.title = "OVAL documents of Red Hat, Oracle, SUSE, Photon and Azure Linux",
	.licence = "per distribution",
	.wants = wants,
	.import = import,
};

/* OVAL definitions as JSON, one a file, in the three spellings found in the wild: Oracle's ("Criterias"/"Criterions",
 * no ids), Red Hat's (the same with ids) and Azure Linux's ("Criterion"). The tests, objects and states beside them stand
 * in other files of the same folder; the comments say the same in fewer words: without architectures, and in Azure
 * Linux's case without the end of the version. */
#include "scan/feed/formats.h"
#include "scan/feed/oval.h"

#define MAX_CRITERIA 100000

static bool is_side_file(str path)
{
	return str_ends(path, S("/objects/objects.json")) ||
	       str_ends(path, S("/states/states.json")) || str_ends(path, S("/tests/tests.json"));
}

/* ".../rhel-8" of ".../rhel-8/definitions/2020/x.json" and of ".../rhel-8/tests/tests.json". */
static str set_of(str path)
{
	static const char *const folders[] = { "/definitions/", "/objects/", "/states/",
					       "/tests/" };

	if (feed_path_has(path, "/oval/oracle/"))
		return (str){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		size_t at = str_search(path, str_from(folders[i]));

		if (at < path.n && (i == 0 || is_side_file(path)))
			return str_take(path, at);
	}
	return (str){ 0 };
}

static bool wants(str path, str head)
{
	if (!str_ends(path, S(".json")))
		return false;
	return feed_path_has(path, "/definitions/") || is_side_file(path) ||
	       feed_path_has(path, "/oval/oracle/") ||
	       (feed_head_has(head, "\"Criteria\"") && feed_head_has(head, "\"References\""));
}

/* Criteria yet to be walked; the tree is walked without recursion. */
struct pending {
	const struct value *value;
	struct oval_criteria *parent;
};

struct walk {
	const struct delivery *d;
	struct oval_definition *def;
	struct pending *items;
	size_t count, cap, seen;
};

static int push(struct walk *w, const struct value *v, struct oval_criteria *parent)
{
	struct pending *p;

	if (++w->seen > MAX_CRITERIA)
		return 0;
	p = ARENA_PUSH(w->d->arena, w->items, w->count, w->cap);
	if (!p)
		return delivery_spent(w->d);
	*p = (struct pending){ v, parent };
	return 0;
}

static int take_leaves(struct walk *w, const struct value *list, struct oval_criteria *c)
{
	VALUE_EACH (v, list) {
		struct oval_leaf *leaf =
			oval_add_leaf(w->d->arena, w->def, c, value_get_str(v, "Comment"));

		if (!leaf)
			return delivery_spent(w->d);
		leaf->test = value_get_str(v, "TestRef");
		if (!leaf->test.n && w->def->id.n)
			delivery_unreadable(w->d, w->def->id, "a criterion names no test");
	}
	return 0;
}

static int walk_criteria(const struct delivery *d, struct oval_definition *def,
			 const struct value *root)
{
	struct walk w = { .d = d, .def = def };
	int r = push(&w, root, NULL);

	while (r == 0 && w.count) {
		struct pending p = w.items[--w.count];
		struct oval_criteria *c = ARENA_NEW(d->arena, struct oval_criteria);

		if (!c)
			return delivery_spent(d);
		c->parent = p.parent;
		r = take_leaves(&w, value_get(p.value, "Criterions"), c);
		r = r ? r : take_leaves(&w, value_get(p.value, "Criterion"), c);
		VALUE_EACH (child, value_get(p.value, "Criterias")) {
			r = r ? r : push(&w, child, c);
		}
	}
	return r;
}

static int take_references(struct oval_definition *def, const struct value *list)
{
	VALUE_EACH (ref, list) {
		str id = value_get_str(ref, "RefID");

		if (oval_add_reference(def, id.n ? id : value_get_str(ref, "ID")) < 0)
			return -ENOBUFS;
	}
	return 0;
}

/* ".../azure/3.0/definitions/...", ".../mariner/1.0/definitions/...": the versions in comments lack the release. */
static str namespace_of_path(struct arena *a, str path)
{
	static const struct {
		const char *folder, *prefix;
	} folders[] = { { "/azure/", "azurelinux" }, { "/mariner/", "mariner" } };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		str folder = str_from(folders[i].folder), rest = path;

		for (size_t at = 0; (at = str_search(rest, folder)) < rest.n;) {
			str release;

			rest = str_skip(rest, at + folder.n);
			release = str_take(rest, str_find(rest, '/'));
			if (release.n && *release.p >= '0' && *release.p <= '9')
				return arena_printf(a, "%s:%.*s", folders[i].prefix,
						    STR_ARG(release));
			/* The slash may open the next match. */
			rest.p--;
			rest.n++;
		}
	}
	return (str){ 0 };
}

static int read_definition(const struct delivery *d, const struct value *doc,
			   struct oval_definition *def)
{
	const struct value *meta = value_get(doc, "Metadata");
	const struct value *advisory = value_get(meta, "Advisory");
	const struct value *about = meta ? meta : doc;
	str cve = value_path(meta, "Reference.RefID")
			  ? value_str(value_path(meta, "Reference.RefID"))
			  : (str){ 0 };

	def->id = value_get_str(doc, "ID");
	def->title = value_get_str(about, "Title");
	def->description = value_get_str(about, "Description");
	def->severity = value_get_str(advisory ? advisory : about, "Severity");
	def->state = value_str(value_path(advisory, "Affected.Resolution.State"));
	def->unaffected = str_search(def->id, S("redhat.unaffected")) < def->id.n;
	def->namespace = namespace_of_path(d->arena, d->path);
	def->platform = value_str(value_at(value_get(doc, "Platform"), 0));
	VALUE_EACH (affected, value_get(meta, "AffectedList")) {
		if (!def->platform.n)
			def->platform = value_str(value_at(value_get(affected, "Platforms"), 0));
	}
	VALUE_EACH (cpe, value_get(advisory, "AffectedCpeList")) {
		if (oval_add_product(d->arena, def, value_str(cpe)) < 0)
			return delivery_spent(d);
	}
	if (take_references(def, value_get(about, "References")) < 0 ||
	    take_references(def, value_get(doc, "Cves")) < 0 || oval_add_reference(def, cve) < 0)
		return delivery_spent(d);
	return walk_criteria(d, def, value_get(doc, "Criteria"));
}

static int check_side_file(const struct delivery *d, const struct value *doc)
{
	if (doc->kind != VALUE_OBJECT)
		delivery_unreadable(d, (str){ 0 }, "is no list of OVAL tests, objects or states");
	/* Microsoft's tests always compare a version; Red Hat's may ask for mere presence. */
	VALUE_EACH (test, value_get(doc, "RpminfoTests")) {
		if (str_search(value_get_str(test, "ID"), S("com.microsoft.")) <
			    value_get_str(test, "ID").n &&
		    !value_path(test, "State.StateRef"))
			delivery_unreadable(d, value_get_str(test, "ID"), "a test names no state");
	}
	return 0;
}

static str origin_of(str path)
{
	if (feed_path_has(path, "/oval/oracle/"))
		return S("oracle-oval");
	return feed_path_has(path, "/azure/") || feed_path_has(path, "/mariner/")
		       ? S("azure-oval")
		       : S("redhat-oval");
}

/* @param parts of the set; NULL: the comments have to do */
static int import_definition(const struct delivery *d, const struct value *doc,
			     const struct map *parts)
{
	struct oval_definition def = { .cves = { .arena = d->arena } };
	int r = read_definition(d, doc, &def);

	if (r < 0)
		return r;
	/* Azure Linux keeps records of flaws it judged not to apply. */
	if (str_is(value_str(value_path(doc, "Metadata.Patchable")), "Not Applicable"))
		def.unaffected = true;
	for (struct oval_leaf *leaf = parts ? def.first : NULL; leaf; leaf = leaf->next)
		oval_resolve(parts, leaf);
	return oval_deliver(d, &def);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	size_t passed_over = 0;
	struct delivery d = { path, origin_of(path), a, sink, e, &passed_over };
	struct value doc;
	int r = delivery_json(&d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	if (is_side_file(path))
		return check_side_file(&d, &doc);
	r = import_definition(&d, &doc, NULL);
	delivery_tell_passed_over(&d, OVAL_PASSED_OVER);
	return r;
}

static struct oval_part *part_at(const struct delivery *d, struct map *parts, const struct value *v)
{
	str id = value_get_str(v, "ID");
	void **at = id.n ? map_at(parts, id) : NULL;

	if (at && !*at)
		*at = ARENA_NEW(d->arena, struct oval_part);
	return at ? *at : NULL;
}

/* The members of @p list with an id, to @p parts. */
static int read_parts(const struct delivery *d, struct map *parts, const struct value *list)
{
	VALUE_EACH (v, list) {
		const struct value *evr = value_get(v, "Evr");
		struct oval_part *p;

		if (value_get_str(v, "ID").n == 0)
			continue;
		p = part_at(d, parts, v);
		if (!p)
			return delivery_spent(d);
		*p = (struct oval_part){ .object = value_str(value_path(v, "Object.ObjectRef")),
					 .state = value_str(value_path(v, "State.StateRef")),
					 .name = value_get_str(v, "Name"),
					 .evr = value_get_str(evr, "Text"),
					 .operation = value_get_str(evr, "Operation"),
					 .arch = value_str(value_path(v, "Arch.Text")) };
	}
	return 0;
}

static int read_side_file(const struct delivery *d, struct map *parts, str text)
{
	static const char *const lists[] = { "RpminfoTests", "RpminfoObjects", "RpminfoState" };
	struct value doc;
	int r = delivery_json(d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	r = check_side_file(d, &doc);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(lists); i++)
		r = read_parts(d, parts, value_get(&doc, lists[i]));
	return r;
}

static int import_in_set(const struct feed_file *f, const struct map *parts,
			 const struct feed_sink *sink, size_t *passed_over, struct err *e)
{
	struct arena a;
	struct delivery d = { f->path, origin_of(f->path), &a, sink, e, passed_over };
	struct value doc;
	int r;

	arena_init(&a, parts->arena->budget_bytes);
	r = delivery_json(&d, (str){ 0 }, f->text, &doc);
	if (r > 0)
		r = import_definition(&d, &doc, parts);
	arena_done(&a);
	return r;
}

static int import_set(const struct feed_file *files, size_t count, struct arena *a,
		      const struct feed_sink *sink, struct err *e)
{
	struct map parts = map_in(a);
	size_t passed_over = 0;
	struct delivery d = { files->path, origin_of(files->path), a, sink, e, &passed_over };
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		d.path = files[i].path;
		if (is_side_file(files[i].path))
			r = read_side_file(&d, &parts, files[i].text);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		if (!is_side_file(files[i].path))
			r = import_in_set(&files[i], &parts, sink, &passed_over, e);
	d.path = set_of(files->path);
	delivery_tell_passed_over(&d, OVAL_PASSED_OVER);
	return r;
}

const struct feed_format feed_oval_json = {
	.name = "oval-json",
	.title = "OVAL definitions of Red Hat, Oracle and Azure Linux as JSON",
	.licence = "per distribution",
	.wants = wants,
	.import = import,
	.set_of = set_of,
	.import_set = import_set,
};

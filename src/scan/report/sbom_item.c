#include "scan/report/sbom_item.h"

#include "codec/purl.h"
#include "scan/report/sbom_names.h"
#include "scan/report/sbom_read_priv.h"

#define TRIVY "aquasecurity:trivy:"

static void our_fact(struct sbom_item *item, str key, str value)
{
#define TAKE_FIELD(field, name) \
	if (str_is(key, name)) \
		item->p.field = value;
	PACKAGE_FIELDS(TAKE_FIELD)
#undef TAKE_FIELD
	if (str_is(key, SBOM_KEY_LINE) && str_u32(value, &item->p.line) < 0)
		item->p.line = 0;
	else if (str_is(key, SBOM_KEY_THIRD_PARTY))
		item->p.third_party = str_is(value, "true");
	else if (str_is(key, SBOM_KEY_CONTENT_SETS))
		item->p.content_sets = value;
	else if (str_is(key, SBOM_KEY_LAYER_DIGEST))
		item->layer_digest = value;
	else if (str_is(key, SBOM_KEY_LAYER_DIFF_ID))
		item->layer_diff_id = value;
}

void sbom_item_fact(struct sbom_item *item, str key, str value)
{
	const struct {
		const char *key;
		str *at;
	} known[] = {
		{ TRIVY "SrcName", &item->p.source_name },
		{ TRIVY "SrcVersion", &item->p.source_version },
		{ TRIVY "SrcRelease", &item->source_release },
		{ TRIVY "SrcEpoch", &item->source_epoch },
		{ TRIVY "Modularitylabel", &item->p.module },
		{ TRIVY "LayerDigest", &item->layer_digest },
		{ TRIVY "LayerDiffID", &item->layer_diff_id },
		{ TRIVY "FilePath", &item->p.db_path },
		{ "syft:metadata:source", &item->p.source_name },
		{ "syft:metadata:sourceVersion", &item->p.source_version },
		{ "syft:metadata:originPackage", &item->p.source_name },
		{ "syft:metadata:sourceRpm", &item->source_rpm },
		{ "syft:metadata:modularityLabel", &item->p.module },
		{ "syft:metadata:vendor", &item->p.vendor },
		{ "syft:location:0:layerID", &item->layer_diff_id },
		{ "syft:location:0:path", &item->p.db_path },
	};

	if (str_starts(key, S(SBOM_PREFIX))) {
		our_fact(item, str_skip(key, sizeof(SBOM_PREFIX) - 1), value);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_is(key, known[i].key) && value.n && !str_is(value, "(none)"))
			*known[i].at = value;
}

/* "audit-3.0.7-104.el9.src.rpm": name, version-release. */
static void split_source_rpm(str file, struct package *p)
{
	static const char *const ends[] = { ".nosrc.rpm", ".src.rpm" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (str_ends(file, str_from(ends[i])))
			file = str_take(file, file.n - strlen(ends[i]));
	size_t release = str_find_last(file, '-');
	if (release == file.n)
		return;
	size_t version = str_find_last(str_take(file, release), '-');
	if (version == release || version == 0)
		return;
	p->source_name = str_take(file, version);
	p->source_version = str_skip(file, version + 1);
}

static void take_upstream(struct sbom_item *item, str upstream)
{
	if (!upstream.n || item->p.source_name.n)
		return;
	if (str_ends(upstream, S(".rpm"))) {
		split_source_rpm(upstream, &item->p);
		return;
	}
	item->p.source_name = str_cut(&upstream, '@');
	if (!item->p.source_version.n)
		item->p.source_version = upstream;
}

static bool has_epoch(str version)
{
	size_t colon = str_find(version, ':');
	uint32_t n;

	return colon < version.n && str_u32(str_take(version, colon), &n) == 0;
}

static str with_epoch(struct arena *a, str epoch, str version)
{
	if (!epoch.n || str_is(epoch, "0") || !version.n || has_epoch(version))
		return version;
	return arena_printf(a, "%.*s:%.*s", STR_ARG(epoch), STR_ARG(version));
}

static bool is_os_type(str type)
{
	return str_is(type, "deb") || str_is(type, "rpm") || str_is(type, "apk") ||
	       str_is(type, "alpm");
}

static void complete_source(struct arena *a, struct sbom_item *item)
{
	struct package *p = &item->p;

	if (item->source_rpm.n && !p->source_version.n)
		split_source_rpm(item->source_rpm, p);
	if (item->source_release.n && p->source_version.n)
		p->source_version = arena_printf(a, "%.*s-%.*s", STR_ARG(p->source_version),
						 STR_ARG(item->source_release));
	if (str_is(p->type, "deb"))
		p->source_version = with_epoch(a, item->source_epoch, p->source_version);
	if (!is_os_type(p->type))
		return;
	if (!p->source_name.n)
		p->source_name = p->name;
	if (!p->source_version.n)
		p->source_version = p->version;
}

/* "debian-12", "opensuse-leap-15.4", "3.16.0": the version begins behind the last '-' before a digit. */
static void split_distro(str text, str namespace, str *ret_id, str *ret_version)
{
	size_t dash = str_find_last(text, '-');

	if (dash < text.n && dash + 1 < text.n && text.p[dash + 1] >= '0' &&
	    text.p[dash + 1] <= '9') {
		*ret_id = str_take(text, dash);
		*ret_version = str_skip(text, dash + 1);
	} else if (text.n && text.p[0] >= '0' && text.p[0] <= '9') {
		*ret_id = namespace;
		*ret_version = text;
	} else {
		*ret_id = text.n ? text : namespace;
		*ret_version = (str){ 0 };
	}
}

static int note_distro(struct sbom_reader *r, const struct purl *u)
{
	str os_name = purl_get(u, "os_name"), id, version;
	struct sbom_distro **at;
	str key;

	if (os_name.n) {
		id = os_name;
		version = purl_get(u, "os_version");
	} else {
		split_distro(purl_get(u, "distro"), u->namespace, &id, &version);
	}
	key = arena_printf(r->a, "%.*s %.*s", STR_ARG(id), STR_ARG(version));
	at = key.p ? (struct sbom_distro **)map_at(&r->distros, key) : NULL;
	if (at && !*at) {
		*at = ARENA_NEW(r->a, struct sbom_distro);
		if (*at)
			**at = (struct sbom_distro){ .id = id, .version = version };
	}
	if (!at || !*at)
		return -ENOBUFS;
	(*at)->packages++;
	return 0;
}

static int complete_from_purl(struct sbom_reader *r, struct sbom_item *item, const struct purl *u)
{
	struct package *p = &item->p;

	/* With a type in so many words the document is ours, and its fields are exact. */
	bool is_ours = p->type.n && p->name.n && p->version.n;

	if (!is_ours) {
		p->type = u->type;
		p->namespace = is_os_type(u->type) ? sbom_os_id(r->a, u->namespace) : u->namespace;
		p->name = u->name;
	}
	p->arch = p->arch.n ? p->arch : purl_get(u, "arch");
	if (!is_ours && u->version.n)
		p->version = u->version;
	if (!is_ours && (str_is(u->type, "rpm") || str_is(u->type, "deb")))
		p->version = with_epoch(r->a, purl_get(u, "epoch"), p->version);
	if (!p->module.n)
		p->module = purl_get(u, "modularitylabel").n ? purl_get(u, "modularitylabel")
							     : purl_get(u, "rpmmod");
	if (!p->version.n || !p->name.n)
		return 0;
	take_upstream(item, purl_get(u, "upstream"));
	complete_source(r->a, item);
	return is_os_type(u->type) ? note_distro(r, u) : 0;
}

int sbom_layer(struct sbom_reader *r, str digest, str diff_id, uint32_t *ret)
{
	struct inventory *v = r->inventory;
	str key = diff_id.n ? diff_id : digest;
	void **at = map_at(&r->layers, key);

	if (!at)
		return -ENOBUFS;
	if (!*at) {
		struct inventory_layer *l =
			ARENA_PUSH(r->a, v->layers, v->layer_count, r->layer_cap);

		if (!l)
			return -ENOBUFS;
		*l = (struct inventory_layer){ .diff_id = diff_id };
		*at = (void *)(uintptr_t)v->layer_count;
	}
	*ret = (uint32_t)((uintptr_t)*at - 1);
	if (digest.n && !v->layers[*ret].digest.n)
		v->layers[*ret].digest = digest;
	return 0;
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOBUFS, "SBOM: memory budget spent");
}

static int add_package(struct sbom_reader *r, struct sbom_item *item, struct err *e)
{
	struct package_list *l = &r->inventory->packages;
	str key = arena_printf(r->a, "%.*s\n%.*s\n%.*s", STR_ARG(item->p.purl),
			       STR_ARG(item->p.db_path), STR_ARG(item->p.version));
	void **at = key.p ? map_at(&r->seen, key) : NULL;
	struct package *p;

	if (!at)
		return no_memory(e);
	if (*at)
		return 0;
	*at = r;
	if (l->count >= r->limits->packages)
		return err_set(e, E2BIG, "SBOM: more than %llu packages",
			       (unsigned long long)r->limits->packages);
	p = ARENA_PUSH(r->a, l->items, l->count, r->package_cap);
	if (!p)
		return no_memory(e);
	*p = item->p;
	p->layer = UINT32_MAX;
	if ((item->layer_digest.n || item->layer_diff_id.n) &&
	    sbom_layer(r, item->layer_digest, item->layer_diff_id, &p->layer) < 0)
		return no_memory(e);
	return 0;
}

/* Package URLs that name a whole image, not something installed in it. */
static bool is_container_type(str type)
{
	return str_is(type, "oci") || str_is(type, "docker");
}

int sbom_item_add(struct sbom_reader *r, struct sbom_item *item, struct err *e)
{
	struct gap_list *gaps = &r->inventory->gaps;
	struct package *p = &item->p;
	struct purl u;
	int result;

	if (!item->purl.n) {
		gap_add(gaps, r->a, GAP_UNSUPPORTED, p->name,
			"a package without a package URL cannot be identified");
		return 0;
	}
	result = purl_parse(item->purl, r->a, &u, NULL);
	if (result == -ENOBUFS)
		return no_memory(e);
	if (result < 0) {
		gap_add(gaps, r->a, GAP_MALFORMED, item->purl,
			"the package URL is malformed: the package cannot be identified");
		return 0;
	}
	if (is_container_type(u.type) || (str_is(u.type, "rpm") && str_is(u.name, "gpg-pubkey")))
		return 0;
	if (complete_from_purl(r, item, &u) < 0)
		return no_memory(e);
	if (!p->version.n) {
		gap_add(gaps, r->a, GAP_MALFORMED, item->purl,
			"a package without a version cannot be judged");
		return 0;
	}
	p->db_path = str_skip_slashes(p->db_path);
	p->purl = item->purl;
	return add_package(r, item, e);
}

void sbom_os_fact(struct os *os, str key, str value)
{
	static const char ours[] = SBOM_OS_PREFIX;

	if (str_starts(key, str_from(ours))) {
		key = str_skip(key, sizeof(ours) - 1);
#define TAKE_FIELD(field, name) \
	if (str_is(key, name)) \
		os->field = value;
		OS_FIELDS(TAKE_FIELD)
#undef TAKE_FIELD
	} else if (str_is(key, "syft:distro:id")) {
		os->id = value;
	} else if (str_is(key, "syft:distro:versionID")) {
		os->version_id = value;
	} else if (str_is(key, "syft:distro:versionCodename")) {
		os->codename = value;
	} else if (str_is(key, "syft:distro:prettyName")) {
		os->pretty_name = value;
	} else if (str_is(key, "syft:distro:variantID")) {
		os->variant_id = value;
	} else if (str_is(key, "syft:distro:idLike:0")) {
		os->id_like = value;
	}
}

str sbom_os_id(struct arena *a, str name)
{
	static const struct {
		const char *called, *id;
	} names[] = {
		{ "redhat", "rhel" },
		{ "amazon", "amzn" },
		{ "oracle", "ol" },
		{ "alma", "almalinux" },
		{ "rockylinux", "rocky" },
		{ "suse linux enterprise server", "sles" },
		{ "suse", "sles" },
		{ "opensuse.leap", "opensuse-leap" },
		{ "opensuse.tumbleweed", "opensuse-tumbleweed" },
		{ "cbl-mariner", "mariner" },
		{ "azure", "azurelinux" },
	};
	char *lower = arena_alloc(a, name.n + 1);

	for (size_t i = 0; lower && i < name.n; i++)
		lower[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] - 'A' + 'a')
								: name.p[i];
	if (lower)
		name.p = lower;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is(name, names[i].called))
			return str_from(names[i].id);
	return name;
}

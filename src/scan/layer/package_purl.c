#include "scan/layer/package_purl.h"

#include "codec/purl.h"

/* purl-spec has its own words for two vendors; all others are the os-release id. */
static str vendor_of(str id)
{
	if (str_is(id, "rhel"))
		return S("redhat");
	if (str_is(id, "sles"))
		return S("suse");
	return id;
}

static str upstream_of(const struct package *p, struct arena *a)
{
	bool same_version = !p->source_version.n || str_eq(p->source_version, p->version);

	if (!p->source_name.n)
		return (str){ NULL, 0 };
	if (str_is(p->type, "rpm"))
		return p->source_version.n
			       ? arena_printf(a, "%.*s-%.*s.src.rpm", STR_ARG(p->source_name),
					      STR_ARG(p->source_version))
			       : p->source_name;
	if (same_version)
		return str_eq(p->source_name, p->name) ? (str){ NULL, 0 } : p->source_name;
	return arena_printf(a, "%.*s@%.*s", STR_ARG(p->source_name), STR_ARG(p->source_version));
}

static str distro_of(const struct os *o, struct arena *a)
{
	if (!o->id.n || !o->version_id.n)
		return o->id.n ? o->id : (str){ NULL, 0 };
	return arena_printf(a, "%.*s-%.*s", STR_ARG(o->id), STR_ARG(o->version_id));
}

int package_purl(const struct package *p, const struct os *o, struct arena *a, str *ret,
		 struct err *e)
{
	struct purl u = { .type = p->type,
			  .namespace = vendor_of(p->namespace),
			  .name = p->name,
			  .version = p->version };
	OWNED_BUF text = BUF_INIT;
	int r;

	/* For rpm the epoch is a qualifier, for deb a part of the version. */
	if (str_is(p->type, "rpm") && str_find(u.version, ':') < u.version.n) {
		str epoch = str_cut(&u.version, ':');

		r = purl_set(&u, S("epoch"), epoch);
		assert(r == 0);
	}
	r = purl_set(&u, S("arch"), p->arch);
	if (r == 0)
		r = purl_set(&u, S("distro"), distro_of(o, a));
	if (r == 0)
		r = purl_set(&u, S("upstream"), upstream_of(p, a));
	if (r == 0)
		r = purl_set(&u, S("modularitylabel"), p->module);
	assert(r == 0);
	purl_render(&u, &text);
	*ret = buf_error(&text) ? (str){ NULL, 0 } : arena_str(a, buf_str(&text));
	return ret->p ? 0 : err_set(e, ENOBUFS, "package URL: memory budget spent");
}

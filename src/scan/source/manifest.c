#include "scan/source/manifest.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "codec/digest.h"
#include "codec/json.h"

int manifest_check_digest(str bytes, str digest, struct err *e)
{
	uint8_t sum[SHA256_BYTES];
	char text[DIGEST_TEXT_BYTES];

	sha256_of(bytes, sum);
	digest_render(sum, text);
	if (!str_is(digest, text))
		return err_set(e, EPROTO, "the document %.*s has the digest %s instead",
			       STR_ARG(str_take(digest, 100)), text);
	return 0;
}

static str own(struct arena *a, str s)
{
	return s.n ? arena_str(a, s) : (str){ NULL, 0 };
}

static bool is_attestation(const struct value *v)
{
	const struct value *notes = value_get(v, "annotations");
	str type = value_get_str(notes, "vnd.docker.reference.type");
	str os = value_get_str(value_get(v, "platform"), "os");

	return str_is(type, "attestation-manifest") || str_is(os, "unknown") ||
	       (value_get(v, "artifactType") != NULL);
}

static int descriptor_parse(const struct value *v, struct arena *a, struct manifest_descriptor *ret,
			    struct err *e)
{
	const struct value *platform = value_get(v, "platform");
	const struct value *notes = value_get(v, "annotations");
	struct manifest_descriptor d = { .media_type = own(a, value_get_str(v, "mediaType")),
					 .digest = own(a, value_get_str(v, "digest")),
					 .os = own(a, value_get_str(platform, "os")),
					 .architecture =
						 own(a, value_get_str(platform, "architecture")),
					 .variant = own(a, value_get_str(platform, "variant")),
					 .is_attestation = is_attestation(v) };
	uint8_t sum[SHA256_BYTES];
	str name = value_get_str(notes, "org.opencontainers.image.ref.name");
	int64_t bytes = value_int(value_get(v, "size"), -1);
	int r = digest_parse(d.digest, sum, e);

	if (r < 0)
		return err_wrap(e, r, "descriptor");
	if (bytes < 0)
		return err_set(e, EBADMSG, "descriptor of %.*s has no size", STR_ARG(d.digest));
	if (!name.n)
		name = value_get_str(notes, "io.containerd.image.name");
	d.ref_name = own(a, name);
	d.bytes = (uint64_t)bytes;
	*ret = d;
	return 0;
}

static int descriptors_parse(const struct value *list, const struct limits *l, struct arena *a,
			     struct manifest *m, struct err *e)
{
	size_t count = list && list->kind == VALUE_ARRAY ? list->count : 0;
	int r;

	if (count > l->layers)
		return err_set(e, E2BIG, "%zu entries are over the limit of %llu layers", count,
			       (unsigned long long)l->layers);
	m->descriptors = ARENA_ARRAY(a, count, struct manifest_descriptor);
	if (!m->descriptors)
		return err_set(e, ENOBUFS, "manifest: memory budget spent");
	for (size_t i = 0; i < count; i++) {
		r = descriptor_parse(value_at(list, i), a, &m->descriptors[i], e);
		if (r < 0)
			return err_wrap(e, r, "entry %zu of the manifest", i + 1);
	}
	m->count = count;
	return 0;
}

static enum manifest_kind kind_of(const struct value *v, str media_type)
{
	str own_type = value_get_str(v, "mediaType");
	str type = own_type.n ? own_type : media_type;

	if (value_int(value_get(v, "schemaVersion"), 0) == 1 ||
	    str_starts(type, S("application/vnd.docker.distribution.manifest.v1")))
		return MANIFEST_SCHEMA1;
	if (value_get(v, "manifests"))
		return MANIFEST_INDEX;
	if (value_get(v, "config") && value_get(v, "layers"))
		return MANIFEST_IMAGE;
	return MANIFEST_UNKNOWN;
}

int manifest_parse(str text, str media_type, const struct limits *l, struct arena *a,
		   struct manifest *ret, struct err *e)
{
	struct manifest m = { 0 };
	struct value v;
	int r;

	if (text.n > MANIFEST_MAX_BYTES)
		return err_set(e, E2BIG, "manifest of %zu bytes", text.n);
	r = json_parse(text, a, &v, e);
	if (r < 0)
		return err_wrap(e, r, "manifest");
	m.kind = kind_of(&v, media_type);
	switch (m.kind) {
	case MANIFEST_INDEX:
		r = descriptors_parse(value_get(&v, "manifests"), l, a, &m, e);
		break;
	case MANIFEST_IMAGE:
		r = descriptor_parse(value_get(&v, "config"), a, &m.config, e);
		if (r == 0)
			r = descriptors_parse(value_get(&v, "layers"), l, a, &m, e);
		break;
	case MANIFEST_SCHEMA1:
		break;
	case MANIFEST_UNKNOWN:
		r = err_set(e, EBADMSG, "the document is neither an image manifest nor an index");
		break;
	}
	if (r == 0)
		*ret = m;
	return r;
}

struct platform {
	str os, architecture, variant;
};

static struct platform this_machine(void)
{
	static const struct {
		const char *machine, *architecture, *variant;
	} names[] = {
		{ "x86_64", "amd64", "" },    { "aarch64", "arm64", "" },
		{ "armv7l", "arm", "v7" },    { "i686", "386", "" },
		{ "ppc64le", "ppc64le", "" }, { "s390x", "s390x", "" },
		{ "riscv64", "riscv64", "" },
	};
	struct platform p = { S("linux"), S("amd64"), S("") };
	struct utsname u;

	if (uname(&u) == 0)
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (str_is(str_from(u.machine), names[i].machine)) {
				p.architecture = str_from(names[i].architecture);
				p.variant = str_from(names[i].variant);
			}
	return p;
}

static struct platform platform_parse(const char *text)
{
	str rest = str_from(text);
	struct platform p;

	if (!text)
		return this_machine();
	p.os = str_cut(&rest, '/');
	p.architecture = str_cut(&rest, '/');
	p.variant = rest;
	/* "arm64" alone is as common as "linux/arm64". */
	if (!p.architecture.n) {
		p.architecture = p.os;
		p.os = S("linux");
	}
	return p;
}

static bool fits(const struct manifest_descriptor *d, const struct platform *p, bool strict)
{
	if (d->is_attestation || !str_eq(d->os, p->os) || !str_eq(d->architecture, p->architecture))
		return false;
	if (str_eq(d->variant, p->variant))
		return true;
	return !strict && (!p->variant.n || !d->variant.n ||
			   (str_is(p->architecture, "arm64") && str_is(d->variant, "v8")));
}

static int none_fits(const struct manifest *index, const struct platform *p, struct err *e)
{
	OWNED_BUF there = BUF_INIT;

	for (size_t i = 0; i < index->count && i < 20; i++) {
		const struct manifest_descriptor *d = &index->descriptors[i];

		if (!d->is_attestation)
			buf_printf(&there, "%s%.*s/%.*s%s%.*s", there.n ? ", " : "", STR_ARG(d->os),
				   STR_ARG(d->architecture), d->variant.n ? "/" : "",
				   STR_ARG(d->variant));
	}
	return err_set(
		e, ENOENT,
		"the image has no variant for %.*s/%.*s, only %s; choose one with --platform",
		STR_ARG(p->os), STR_ARG(p->architecture), buf_cstr(&there));
}

int manifest_choose(const struct manifest *index, const char *platform,
		    const struct manifest_descriptor **ret, struct err *e)
{
	struct platform p = platform_parse(platform);
	const struct manifest_descriptor *only = NULL;
	size_t images = 0;

	for (int strict = 1; strict >= 0; strict--)
		for (size_t i = 0; i < index->count; i++)
			if (fits(&index->descriptors[i], &p, strict)) {
				*ret = &index->descriptors[i];
				return 0;
			}
	for (size_t i = 0; i < index->count; i++)
		if (!index->descriptors[i].is_attestation) {
			images++;
			only = &index->descriptors[i];
		}
	if (images == 1 && !only->architecture.n) {
		*ret = only;
		return 0;
	}
	return none_fits(index, &p, e);
}

/* History has an entry for every step; those marked empty made no layer. */
static void name_layers(const struct value *history, struct arena *a, struct image_config *c)
{
	size_t i = 0;

	VALUE_EACH (step, history) {
		if (value_is_true(value_get(step, "empty_layer")))
			continue;
		if (i == c->count)
			return;
		c->created_by[i++] = own(a, value_get_str(step, "created_by"));
	}
}

int image_config_parse(str text, const struct limits *l, struct arena *a, struct image_config *ret,
		       struct err *e)
{
	struct image_config c = { 0 };
	const struct value *ids;
	struct value v;
	uint8_t sum[SHA256_BYTES];
	int r;

	if (text.n > MANIFEST_MAX_BYTES)
		return err_set(e, E2BIG, "image configuration of %zu bytes", text.n);
	r = json_parse(text, a, &v, e);
	if (r < 0)
		return err_wrap(e, r, "image configuration");
	ids = value_path(&v, "rootfs.diff_ids");
	c.count = ids && ids->kind == VALUE_ARRAY ? ids->count : 0;
	if (c.count > l->layers)
		return err_set(e, E2BIG, "%zu layers are over the limit of %llu", c.count,
			       (unsigned long long)l->layers);
	c.os = own(a, value_get_str(&v, "os"));
	c.architecture = own(a, value_get_str(&v, "architecture"));
	c.variant = own(a, value_get_str(&v, "variant"));
	c.created = own(a, value_get_str(&v, "created"));
	c.diff_ids = ARENA_ARRAY(a, c.count, str);
	c.created_by = ARENA_ARRAY(a, c.count, str);
	if (!c.diff_ids || !c.created_by)
		return err_set(e, ENOBUFS, "image configuration: memory budget spent");
	for (size_t i = 0; i < c.count; i++) {
		c.diff_ids[i] = own(a, value_str(value_at(ids, i)));
		r = digest_parse(c.diff_ids[i], sum, e);
		if (r < 0)
			return err_wrap(e, r, "image configuration: layer %zu", i + 1);
	}
	name_layers(value_get(&v, "history"), a, &c);
	*ret = c;
	return 0;
}

str image_config_architecture(const struct image_config *c, struct arena *a)
{
	if (!c->variant.n)
		return c->architecture;
	return arena_printf(a, "%.*s/%.*s", STR_ARG(c->architecture), STR_ARG(c->variant));
}

/* The archive of `docker save`: manifest.json is a list of { Config, RepoTags, Layers } with paths inside the archive.
 * Since Docker 25 the paths are blobs/sha256/HEX, before HEX.json and ID/layer.tar. */
#include "codec/digest.h"
#include "codec/json.h"
#include "scan/source/image_store.h"
#include "scan/source/manifest.h"

/* The digest a path promises, empty when it promises none. */
static str promised_digest(str path, struct arena *a)
{
	const str blobs = S("blobs/sha256/"), json = S(".json");
	uint8_t sum[SHA256_BYTES];
	str hex = path, text;

	if (str_starts(path, blobs))
		hex = str_skip(path, blobs.n);
	else if (str_ends(path, json))
		hex.n -= json.n;
	else
		return (str){ NULL, 0 };
	text = arena_printf(a, "sha256:%.*s", STR_ARG(hex));
	return digest_parse(text, sum, NULL) == 0 ? text : (str){ NULL, 0 };
}

static int take_tags(const struct value *image, struct arena *a, struct inventory *v, struct err *e)
{
	const struct value *tags = value_get(image, "RepoTags");
	size_t count = tags && tags->kind == VALUE_ARRAY ? tags->count : 0;

	v->repo_tags = ARENA_ARRAY(a, count, str);
	if (!v->repo_tags)
		return err_set(e, ENOBUFS, "manifest.json: memory budget spent");
	for (size_t i = 0; i < count; i++)
		v->repo_tags[v->repo_tag_count++] = value_str(value_at(tags, i));
	return 0;
}

static int read_config(const struct image_store *s, str path, const struct limits *l,
		       struct arena *a, struct inventory *v, struct image_config *ret,
		       struct err *e)
{
	uint8_t sum[SHA256_BYTES];
	char digest[DIGEST_TEXT_BYTES];
	str text, promised = promised_digest(path, a);
	int r = s->text(s->ctx, path, a, &text, e);

	if (r == 0 && promised.n)
		r = manifest_check_digest(text, promised, e);
	if (r == 0)
		r = image_config_parse(text, l, a, ret, e);
	if (r < 0)
		return err_wrap(e, r, "image configuration '%.*s'", STR_ARG(str_take(path, 200)));
	sha256_of(text, sum);
	digest_render(sum, digest);
	v->image_id = arena_str(a, str_from(digest));
	v->platform_os = ret->os;
	v->architecture = image_config_architecture(ret, a);
	v->created = ret->created;
	return 0;
}

static int plan_layers(const struct image_store *s, const struct value *paths,
		       const struct image_config *c, struct arena *a, struct image_plan *p,
		       struct err *e)
{
	p->jobs = ARENA_ARRAY(a, c->count, struct layer_job);
	if (!p->jobs)
		return err_set(e, ENOBUFS, "manifest.json: memory budget spent");
	for (size_t i = 0; i < c->count; i++) {
		struct layer_job *j = &p->jobs[i];
		str path = value_str(value_at(paths, i));
		struct err why = { 0 };

		*j = (struct layer_job){ .digest = promised_digest(path, a),
					 .diff_id = c->diff_ids[i],
					 .created_by = c->created_by[i],
					 .fd = -1,
					 .bytes = UINT64_MAX };
		if (s->layer(s->ctx, path, j, &why) < 0)
			image_plan_missing(p, a, j, path, why.text);
	}
	p->count = c->count;
	return 0;
}

int docker_save_plan(const struct image_store *s, const struct scan_options *o, struct arena *a,
		     struct inventory *v, struct image_plan *ret, struct err *e)
{
	struct image_config config;
	const struct value *image, *paths;
	struct value doc;
	str text;
	int r = s->text(s->ctx, S("manifest.json"), a, &text, e);

	if (r == 0)
		r = json_parse(text, a, &doc, e);
	if (r < 0)
		return err_wrap(e, r, "manifest.json");
	image = value_at(&doc, 0);
	if (!image)
		return err_set(e, EBADMSG, "manifest.json names no image");
	if (doc.count > 1)
		gap_add(&v->gaps, a, GAP_UNSUPPORTED, S("manifest.json"),
			"the archive holds %zu images; only the first was read", doc.count);
	paths = value_get(image, "Layers");
	r = read_config(s, value_get_str(image, "Config"), &o->limits, a, v, &config, e);
	if (r < 0)
		return r;
	if (!paths || paths->kind != VALUE_ARRAY || paths->count != config.count)
		return err_set(e, EBADMSG,
			       "manifest.json names %zu layers, the image configuration %zu",
			       paths ? paths->count : 0, config.count);
	r = take_tags(image, a, v, e);
	return r < 0 ? r : plan_layers(s, paths, &config, a, ret, e);
}

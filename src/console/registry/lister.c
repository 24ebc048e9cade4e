#include "console/registry/lister.h"

#include <stdio.h>

#include "base/file.h"
#include "console/registry/lister_priv.h"
#include "scan/source/manifest.h"

enum { STALL_S = 20 };
#define LIST_BYTES ((size_t)256 << 20)
#define PAGE_BYTES ((size_t)96 << 20)

int lister_tell(const struct lister *l, const struct registry_line *line)
{
	OWNED_BUF out = BUF_INIT;

	registry_line_render(line, &out);
	return buf_error(&out) ? buf_error(&out) : file_write_all(l->t->out, buf_str(&out), NULL);
}

static int trouble(const struct lister *l, int code, const struct err *e)
{
	uint64_t wait_s = l->registry ? registry_wait_s(l->registry) : 0;
	char number[16], wait[24];

	snprintf(number, sizeof(number), "%d", code < 0 ? -code : code);
	snprintf(wait, sizeof(wait), "%llu", (unsigned long long)MIN(wait_s, (uint64_t)86400 * 30));
	(void)!TELL(l, TROUBLE, str_from(number), str_from(wait), str_from(e->text));
	return 1;
}

/* ---- What a digest stands for ---- */

static int fetch(struct lister *l, str digest, struct manifest *ret, struct registry_document *doc,
		 struct err *e)
{
	int r;

	do
		r = registry_manifest(l->registry, digest, &l->page, doc, e);
	while (lister_again(l, r));
	if (r == 0)
		r = manifest_parse(doc->bytes, doc->media_type, &l->limits, &l->page, ret, e);
	return r;
}

static bool is_config(str type)
{
	return type.n == 0 || str_is(type, "application/vnd.oci.image.config.v1+json") ||
	       str_is(type, "application/vnd.docker.container.image.v1+json");
}

static bool is_layer(str type)
{
	return type.n == 0 || str_starts(type, S("application/vnd.oci.image.layer.")) ||
	       str_starts(type, S("application/vnd.docker.image.rootfs."));
}

/** What makes it none: charts are told by the type of their configuration, signatures, which have an image's, by their layers'. */
static str not_of_images(const struct manifest *m)
{
	if (m->kind != MANIFEST_IMAGE)
		return S("a manifest of another kind");
	if (!is_config(m->config.media_type))
		return m->config.media_type;
	for (size_t i = 0; i < m->count; i++)
		if (!is_layer(m->descriptors[i].media_type))
			return m->descriptors[i].media_type;
	return S("");
}

static int tell_artifact(struct lister *l, str repository, str digest, str platform, str what,
			 str manifest_digest)
{
	str why = arena_printf(&l->page, "no container image: %.*s", STR_ARG(str_take(what, 200)));

	return TELL(l, NO_IMAGE, repository, digest, platform,
		    why.p ? why : S("no container image"), manifest_digest);
}

static int tell_image(struct lister *l, str repository, str digest, str platform,
		      const struct manifest *m, str manifest_digest)
{
	const str other = not_of_images(m);
	uint64_t bytes = 0;
	char number[24];

	if (other.n)
		return tell_artifact(l, repository, digest, platform, other, manifest_digest);
	for (size_t i = 0; i < m->count; i++)
		bytes += MIN(m->descriptors[i].bytes, (uint64_t)1 << 50);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)bytes);
	return TELL(l, IMAGE, repository, digest, platform, manifest_digest, m->config.digest,
		    str_from(number));
}

/** One image of an index. @return 0, or what ends the run */
static int resolve_platform(struct lister *l, str repository, str digest,
			    const struct manifest *index, str platform)
{
	const struct manifest_descriptor *chosen;
	struct registry_document doc = { 0 };
	struct err e = { 0 };
	struct manifest m;
	str name = arena_str(&l->page, platform);
	int r = name.p ? manifest_choose(index, name.p, &chosen, &e) : -ENOBUFS;

	if (r == -ENOENT)
		return TELL(l, NO_IMAGE, repository, digest, platform, str_from(e.text), digest);
	if (r == 0)
		r = fetch(l, chosen->digest, &m, &doc, &e);
	if (r < 0 && lister_is_over(l, r))
		return trouble(l, r, &e);
	if (r < 0)
		return TELL(l, NO_IMAGE, repository, digest, platform, str_from(e.text));
	return tell_image(l, repository, digest, platform, &m, doc.digest);
}

static int resolve(struct lister *l, str repository, str digest)
{
	const struct registry_list_of *platforms = &l->t->config->platforms;
	struct registry_document doc = { 0 };
	struct err e = { 0 };
	struct manifest m;
	int r = fetch(l, digest, &m, &doc, &e);

	if (r < 0 && lister_is_over(l, r))
		return trouble(l, r, &e);
	if (r < 0)
		return TELL(l, NO_IMAGE, repository, digest, S(""), str_from(e.text));
	if (m.kind != MANIFEST_INDEX)
		return tell_image(l, repository, digest, S(""), &m, doc.digest);
	for (size_t i = 0; r == 0 && i < platforms->count; i++)
		r = resolve_platform(l, repository, digest, &m, platforms->items[i]);
	return r;
}

/* ---- Tags ---- */

static int take_tag(struct lister *l, str repository, str tag, struct map *resolved)
{
	char digest[DIGEST_TEXT_BYTES];
	struct err e = { 0 };
	OWNED_BUF key = BUF_INIT;
	void **at;
	str name;
	int r;

	do
		r = registry_digest(l->registry, tag, digest, &e);
	while (lister_again(l, r));
	if (r < 0 && lister_is_over(l, r))
		return trouble(l, r, &e);
	/* Deleted since it was listed. */
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return TELL(l, TAG, repository, tag, S(""), str_from(e.text));
	r = TELL(l, TAG, repository, tag, str_from(digest));
	buf_printf(&key, "%.*s@%s", STR_ARG(repository), digest);
	if (r < 0 || buf_error(&key) || map_find(l->t->known, buf_str(&key)))
		return r < 0 ? r : buf_error(&key);
	name = arena_str(&l->names, buf_str(&key));
	at = name.p ? map_at(resolved, name) : NULL;
	if (!at)
		return trouble(l, -ENOBUFS, &(struct err){ .text = "too many images at once" });
	if (*at)
		return 0;
	*at = l;
	r = resolve(l, repository, str_from(digest));
	arena_reset(&l->page);
	return r;
}

static int take_repository(struct lister *l, str repository, bool named, struct map *resolved)
{
	struct registry_list_of tags = { 0 };
	struct err e = { 0 };
	size_t skipped = 0;
	struct arena a;
	int r = registry_select(l->registry, repository, &e);

	arena_init(&a, PAGE_BYTES);
	if (r == 0)
		r = lister_names(l, &(struct lister_list){ .what = REGISTRY_TAGS },
				 &l->t->config->tags, LISTER_TAGS_MAX - l->tags, &a, &tags,
				 &skipped, &e);
	if (r == -ENOENT && !named)
		r = 0; /* Catalogues remember what was deleted. */
	if (r < 0) {
		bool over = lister_is_over(l, r) || r == -EHOSTUNREACH || r == -ETIMEDOUT ||
			    r == -E2BIG;

		arena_done(&a);
		return over ? trouble(l, r, &e) : TELL(l, SKIPPED, repository, str_from(e.text));
	}
	r = TELL(l, REPOSITORY, repository);
	if (r == 0)
		r = lister_tell_skipped(l, repository, skipped);
	l->tags += tags.count;
	for (size_t i = 0; r == 0 && i < tags.count; i++)
		r = take_tag(l, repository, tags.items[i], resolved);
	arena_done(&a);
	return r ? r : TELL(l, REPOSITORY_DONE, repository);
}

static int run(struct lister *l)
{
	const struct registry_options o = { .ca_file = l->t->ca_file,
					    .credential = l->t->credential,
					    .insecure = l->t->config->insecure,
					    .stall_s = STALL_S,
					    .reach = l->t->reach,
					    .gap_ms =
						    (unsigned int)(1000 / l->t->config->requests) };
	const struct reference ref = { .registry = l->t->address };
	struct registry_list_of repositories;
	struct map resolved = map_in(&l->names);
	struct err e = { 0 };
	bool named = false;
	int r = registry_new(&o, &ref, &l->registry, &e);

	if (r == 0)
		r = lister_repositories(l, &repositories, &named, &e);
	if (r < 0)
		return trouble(l, r, &e);
	for (size_t i = 0; r == 0 && i < repositories.count; i++)
		r = take_repository(l, repositories.items[i], named, &resolved);
	return r ? r : TELL(l, DONE);
}

int lister_run(const struct lister_task *t)
{
	struct lister l = { .t = t, .limits = limits_default() };
	int r;

	arena_init(&l.names, LIST_BYTES);
	arena_init(&l.page, PAGE_BYTES);
	r = run(&l);
	registry_free(l.registry);
	arena_done(&l.names);
	arena_done(&l.page);
	return r != 0;
}

#include "console/registry/lister.h"

#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "console/registry/registry_line.h"
#include "scan/source/manifest.h"
#include "wire/registry.h"

enum { TRIES = 3, AWAY_MAX = 3, STALL_S = 20 };
#define LIST_BYTES ((size_t)256 << 20)
#define PAGE_BYTES ((size_t)96 << 20)

struct lister {
	const struct lister_task *t;
	struct registry *registry;
	struct arena names, page;
	size_t tags;
	unsigned int tried, away; /* of this request; requests in a row that nobody answered */
	struct limits limits;
};

static int tell(const struct lister *l, const struct registry_line *line)
{
	OWNED_BUF out = BUF_INIT;

	registry_line_render(line, &out);
	return buf_error(&out) ? buf_error(&out) : file_write_all(l->t->out, buf_str(&out), NULL);
}

#define TELL(l, kind_, ...) \
	tell((l), \
	     &(struct registry_line){ .kind = REGISTRY_LINE_##kind_, .fields = { __VA_ARGS__ } })

static int trouble(const struct lister *l, int code, const struct err *e)
{
	uint64_t wait_s = l->registry ? registry_wait_s(l->registry) : 0;
	char number[16], wait[24];

	snprintf(number, sizeof(number), "%d", code < 0 ? -code : code);
	snprintf(wait, sizeof(wait), "%llu", (unsigned long long)MIN(wait_s, (uint64_t)86400 * 30));
	(void)!TELL(l, TROUBLE, str_from(number), str_from(wait), str_from(e->text));
	return 1;
}

/**
 * After a request that gave @p r: whether it is worth another one. What only many requests would have made is waited for; what
 * the network did not bring is not asked for again here, wire/http_retry did.
 */
static bool again(struct lister *l, int r)
{
	uint64_t wait_s = r < 0 ? registry_wait_s(l->registry) : 0;

	if (wait_s && wait_s <= LISTER_WAIT_MAX_S && ++l->tried < TRIES) {
		nanosleep(&(struct timespec){ .tv_sec = (time_t)wait_s }, NULL);
		return true;
	}
	l->tried = 0;
	l->away = r == -EHOSTUNREACH || r == -ETIMEDOUT ? l->away + 1 : 0;
	return false;
}

/* Whether nothing more is to be had of this registry now. */
static bool is_over(const struct lister *l, int r)
{
	return r < 0 && (registry_wait_s(l->registry) || l->away >= AWAY_MAX || r == -ENOMEM ||
			 r == -ENOBUFS);
}

/* ---- What a digest stands for ---- */

static int fetch(struct lister *l, str digest, struct manifest *ret, struct registry_document *doc,
		 struct err *e)
{
	int r;

	do
		r = registry_manifest(l->registry, digest, &l->page, doc, e);
	while (again(l, r));
	if (r == 0)
		r = manifest_parse(doc->bytes, doc->media_type, &l->limits, &l->page, ret, e);
	return r;
}

/* Charts, signatures and the like are told by the type of their configuration. */
static bool is_image(const struct manifest *m)
{
	str type = m->config.media_type;

	return m->kind == MANIFEST_IMAGE &&
	       (type.n == 0 || str_is(type, "application/vnd.oci.image.config.v1+json") ||
		str_is(type, "application/vnd.docker.container.image.v1+json"));
}

static int tell_image(struct lister *l, str repository, str digest, str platform,
		      const struct manifest *m, str manifest_digest)
{
	uint64_t bytes = 0;
	char number[24];

	if (!is_image(m))
		return TELL(l, NO_IMAGE, repository, digest, platform, S("no container image"));
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

	if (r == 0)
		r = fetch(l, chosen->digest, &m, &doc, &e);
	if (r < 0 && is_over(l, r))
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

	if (r < 0 && is_over(l, r))
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
	while (again(l, r));
	if (r < 0 && is_over(l, r))
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

/* All names first: while tags are asked for one by one, the list's cursor would grow old. */
static int read_list(struct lister *l, enum registry_listing what,
		     const struct registry_list_of *wanted, size_t most, struct arena *a,
		     struct registry_list_of *ret, size_t *ret_skipped, struct err *e)
{
	struct registry_list_of out = { 0 };
	size_t cap = 0, skipped = 0, pages = 0;
	str next = { 0 };

	do {
		struct registry_list list;
		int r;

		do
			r = registry_list(l->registry, what, next, a, &list, &next, e);
		while (again(l, r));
		if (r < 0)
			return r;
		skipped += list.skipped;
		for (size_t i = 0; i < list.count; i++) {
			str *one;

			if (!registry_config_wants(wanted, list.names[i]))
				continue;
			one = out.count < most ? ARENA_PUSH(a, out.items, out.count, cap) : NULL;
			if (!one)
				return err_set(e, E2BIG, "the registry holds more than %zu names",
					       most);
			*one = list.names[i];
		}
	} while (next.n && ++pages < most);
	*ret = out;
	*ret_skipped = skipped;
	return 0;
}

static int tell_skipped(struct lister *l, str place, size_t skipped)
{
	char why[80];

	snprintf(why, sizeof(why), "%zu names that no image can have", skipped);
	return skipped ? TELL(l, SKIPPED, place, str_from(why)) : 0;
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
		r = read_list(l, REGISTRY_TAGS, &l->t->config->tags, LISTER_TAGS_MAX - l->tags, &a,
			      &tags, &skipped, &e);
	if (r == -ENOENT && !named)
		r = 0; /* Catalogues remember what was deleted. */
	if (r < 0) {
		bool over = is_over(l, r) || r == -EHOSTUNREACH || r == -ETIMEDOUT || r == -E2BIG;

		arena_done(&a);
		return over ? trouble(l, r, &e) : TELL(l, SKIPPED, repository, str_from(e.text));
	}
	r = TELL(l, REPOSITORY, repository);
	if (r == 0)
		r = tell_skipped(l, repository, skipped);
	l->tags += tags.count;
	for (size_t i = 0; r == 0 && i < tags.count; i++)
		r = take_tag(l, repository, tags.items[i], resolved);
	arena_done(&a);
	return r ? r : TELL(l, REPOSITORY_DONE, repository);
}

static int list_repositories(struct lister *l, struct registry_list_of *ret, bool *ret_named,
			     struct err *e)
{
	const struct registry_list_of *wanted = &l->t->config->repositories;
	struct registry_list_of out = { 0 };
	size_t cap = 0, skipped = 0;
	int r;

	*ret_named = registry_config_is_named(l->t->config);
	if (!*ret_named) {
		r = read_list(l, REGISTRY_REPOSITORIES, wanted, LISTER_REPOSITORIES_MAX, &l->names,
			      ret, &skipped, e);
		return r < 0 ? r : tell_skipped(l, l->t->address, skipped);
	}
	for (size_t i = 0; i < wanted->count; i++) {
		str *one;

		if (!registry_config_wants(wanted, wanted->items[i]))
			continue;
		one = ARENA_PUSH(&l->names, out.items, out.count, cap);
		if (!one)
			return err_set(e, ENOBUFS, "registries: memory budget spent");
		*one = wanted->items[i];
	}
	*ret = out;
	return 0;
}

static int run(struct lister *l)
{
	const struct registry_options o = { .ca_file = l->t->ca_file,
					    .credential = l->t->credential,
					    .insecure = l->t->config->insecure,
					    .stall_s = STALL_S,
					    .gap_ms =
						    (unsigned int)(1000 / l->t->config->requests) };
	const struct reference ref = { .registry = l->t->address };
	struct registry_list_of repositories;
	struct map resolved = map_in(&l->names);
	struct err e = { 0 };
	bool named = false;
	int r = registry_new(&o, &ref, &l->registry, &e);

	if (r == 0)
		r = list_repositories(l, &repositories, &named, &e);
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

#include "scan/vuln/match_redhat.h"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "memory budget spent on products");
}

static int add_product(struct match_redhat *m, struct match_products *to, str cpe, str repository,
		       struct err *e)
{
	struct match_product x = { .text = cpe, .repository = repository }, *at;

	if (!redhat_cpe_parse(cpe, &x.cpe))
		return 0;
	for (size_t i = 0; i < to->count; i++)
		if (str_eq(to->items[i].text, cpe))
			return 0;
	at = ARENA_PUSH(m->scratch, to->items, to->count, to->cap);
	if (!at)
		return spent(e);
	*at = x;
	to->has_stream |= redhat_cpe_is_stream(&x.cpe);
	return 0;
}

/* Whether it is a stream of the very minor release the system says it is. */
static bool is_own_stream(const struct match_redhat *m, str cpe)
{
	struct redhat_cpe c;

	return redhat_cpe_parse(cpe, &c) && redhat_cpe_is_stream(&c) &&
	       str_eq(c.version, m->release);
}

/* A repository of EUS is one for all minor releases, and the database names them all: the system has its own. */
static int add_products(struct match_redhat *m, struct match_products *to, str cpes, str repository,
			struct err *e)
{
	bool has_own = false;

	for (str words = cpes; words.n;)
		has_own |= is_own_stream(m, str_cut(&words, ' '));
	while (cpes.n) {
		str cpe = str_cut(&cpes, ' ');
		struct redhat_cpe c;
		int r;

		if (has_own && redhat_cpe_parse(cpe, &c) && redhat_cpe_is_stream(&c) &&
		    !str_eq(c.version, m->release))
			continue;
		r = add_product(m, to, cpe, repository, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The products the database has for a name; `repository` is what the image says of it.
 * @return 1 when the database knows the name, 0 when not, or an error
 */
static int add_mapped(struct match_redhat *m, struct match_products *to, str namespace, str name,
		      str repository, struct err *e)
{
	struct vulndb_claim *claims = NULL;
	int n = vulndb_find(m->db, namespace, name, m->scratch, &claims, e);

	for (int i = 0; i < n; i++) {
		int r = add_products(m, to, claims[i].products, repository, e);

		if (r < 0)
			return r;
	}
	return n > 0 ? 1 : n;
}

/* "rhel-8-for-x86_64-baseos-rpms__8" is the repository before the mark; "...-eus-rpms__9_DOT_2" is one of its own. */
static str without_release(str repository)
{
	size_t at = str_search(repository, S("__"));
	uint32_t release;

	return at < repository.n && str_u32(str_skip(repository, at + 2), &release) == 0
		       ? str_take(repository, at)
		       : repository;
}

static int add_repository(struct match_redhat *m, struct match_products *to, str name,
			  struct err *e)
{
	str bare = without_release(name);
	int r;

	if (str_starts(name, S(PACKAGE_BUILD_WORD)))
		return add_mapped(m, to, S("redhat-build"),
				  str_skip(name, strlen(PACKAGE_BUILD_WORD)), name, e);
	r = add_mapped(m, to, S("redhat-repository"), name, name, e);
	if (r == 0 && bare.n < name.n)
		r = add_mapped(m, to, S("redhat-repository"), bare, name, e);
	return r;
}

/* The main stream's product beside a stream's; all of it beside none. */
static int add_main_stream(struct match_redhat *m, struct match_products *to, str channel,
			   struct err *e)
{
	str cpe = arena_printf(m->scratch, "cpe:/%c:redhat:enterprise_linux:%.*s%s%.*s",
			       channel.n && !str_is(channel, "baseos") ? 'a' : 'o',
			       STR_ARG(m->major), channel.n ? "::" : "", STR_ARG(channel));

	return cpe.p ? add_product(m, to, cpe, (str){ 0 }, e) : spent(e);
}

/* What every system of the release has; the whole main stream where the database does not know these either. */
static int add_defaults(struct match_redhat *m, struct match_products *to, struct err *e)
{
	static const struct {
		bool before_8;
		const char *end;
	} sets[] = { { true, "-server-rpms" },
		     { true, "-server-extras-rpms" },
		     { false, "-for-x86_64-baseos-rpms" },
		     { false, "-for-x86_64-appstream-rpms" } };
	bool before_8 = m->major.n == 1 && *m->major.p < '8', known = false;

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		str name;
		int r;

		if (sets[i].before_8 != before_8)
			continue;
		name = arena_printf(m->scratch, "rhel-%.*s%s", STR_ARG(m->major), sets[i].end);
		r = name.p ? add_mapped(m, to, S("redhat-repository"), name, (str){ 0 }, e)
			   : spent(e);
		if (r < 0)
			return r;
		known |= r > 0;
	}
	return known ? 0 : add_main_stream(m, to, (str){ 0 }, e);
}

static void tell_unknown(struct match_redhat *m, str name)
{
	if (vulndb_has_namespace(m->db, S("redhat-repository")))
		gap_add(m->gaps, m->gap_arena, GAP_STAND_IN, name,
			"the database does not know this repository or build of Red Hat: "
			"advisories for the "
			"plain release were used");
	else
		gap_add(m->gaps, m->gap_arena, GAP_STAND_IN, S("content sets"),
			"the database maps no repositories of Red Hat to products: advisories for "
			"the plain release were used");
}

/* Sources are not installed: nothing comes from these. */
static bool holds_packages(str repository)
{
	return repository.n && !str_ends(repository, S("-source-rpms"));
}

static int resolve(struct match_redhat *m, str sets, struct match_products *ret, struct err *e)
{
	struct match_products out = { 0 };
	bool has_unknown = false;
	int r = 0;

	while (sets.n && r >= 0) {
		str name = str_cut(&sets, ' ');

		if (!holds_packages(name))
			continue;
		r = add_repository(m, &out, name, e);
		if (r == 0) {
			tell_unknown(m, name);
			has_unknown = true;
		}
	}
	if (r >= 0 && (out.count == 0 || has_unknown))
		r = add_defaults(m, &out, e);
	/* What a stream says nothing of holds as the main stream tells it. */
	for (size_t i = 0, count = out.count; r >= 0 && i < count; i++)
		if (redhat_cpe_is_stream(&out.items[i].cpe))
			r = add_main_stream(m, &out, out.items[i].cpe.channel, e);
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}

int match_redhat_products(struct match_redhat *m, const struct package *p,
			  const struct match_products **ret, struct err *e)
{
	void **at = map_at(&m->by_sets, p->content_sets.n ? p->content_sets : S("-"));
	struct match_products *made;
	int r;

	if (!at)
		return spent(e);
	if (!*at) {
		made = ARENA_NEW(m->scratch, struct match_products);
		if (!made)
			return spent(e);
		r = resolve(m, p->content_sets, made, e);
		if (r < 0)
			return r;
		*at = made;
	}
	*ret = *at;
	return 0;
}

enum match_redhat_voice match_redhat_hears(const struct match_products *of_package, str claimed,
					   const struct match_product **ret)
{
	enum match_redhat_voice voice = claimed.n ? MATCH_REDHAT_NONE : MATCH_REDHAT_MAIN;

	while (claimed.n && voice != MATCH_REDHAT_STREAM) {
		struct redhat_cpe claim;

		if (!redhat_cpe_parse(str_cut(&claimed, ' '), &claim))
			continue;
		for (size_t i = 0; i < of_package->count; i++) {
			const struct match_product *x = &of_package->items[i];
			enum match_redhat_voice now = redhat_cpe_is_stream(&x->cpe)
							      ? MATCH_REDHAT_STREAM
							      : MATCH_REDHAT_MAIN;

			if (now > voice && redhat_cpe_covers(&claim, &x->cpe)) {
				voice = now;
				*ret = x;
			}
		}
	}
	return voice;
}

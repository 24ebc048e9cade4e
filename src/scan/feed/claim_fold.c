#include "scan/feed/claim_fold.h"

/* Longest list of words that is joined; what is beyond it stays a claim of its own. */
#define WORDS_MAX 8192

struct claim_fold claim_fold_in(const struct delivery *d)
{
	return (struct claim_fold){ .d = d, .by_rest = map_in(d->arena) };
}

static bool has_word(str words, str word)
{
	while (words.n)
		if (str_eq(str_cut(&words, ' '), word))
			return true;
	return false;
}

int claim_fold_word(struct arena *a, str *words, str word)
{
	str joined;

	if (word.n == 0 || has_word(*words, word))
		return 0;
	joined = words->n ? arena_printf(a, "%.*s %.*s", STR_ARG(*words), STR_ARG(word)) : word;
	if (!joined.p)
		return -ENOBUFS;
	*words = joined;
	return 0;
}

/* All that a claim says but one list. */
static str rest_of(struct arena *a, const struct claim *c, str list)
{
	return arena_printf(a, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s\n%d %d\n%.*s",
			    STR_ARG(c->namespace), STR_ARG(c->package), STR_ARG(c->vulnerability),
			    STR_ARG(c->advisory), STR_ARG(c->introduced), STR_ARG(c->fixed),
			    STR_ARG(c->last_affected), STR_ARG(c->module), (int)c->state,
			    (int)c->severity, STR_ARG(list));
}

int claim_fold_add(struct claim_fold *f, const struct claim *c)
{
	struct arena *a = f->d->arena;
	str rest = rest_of(a, c, c->arch);
	void **at = rest.p ? map_at(&f->by_rest, rest) : NULL;
	struct claim *known, **kept;

	if (!at)
		return delivery_spent(f->d);
	known = *at;
	if (known && known->products.n + c->products.n < WORDS_MAX)
		return claim_fold_word(a, &known->products, c->products) < 0 ? delivery_spent(f->d)
									     : 0;
	kept = ARENA_PUSH(a, f->items, f->count, f->cap);
	*at = kept ? ARENA_NEW(a, struct claim) : NULL;
	if (!*at)
		return delivery_spent(f->d);
	*kept = *at;
	**kept = *c;
	return 0;
}

int claim_fold_deliver(struct claim_fold *f)
{
	struct arena *a = f->d->arena;
	struct map by_products = map_in(a);

	for (size_t i = 0; i < f->count; i++) {
		str rest = rest_of(a, f->items[i], f->items[i]->products);
		void **at = rest.p ? map_at(&by_products, rest) : NULL;
		struct claim *known;

		if (!at)
			return delivery_spent(f->d);
		known = *at;
		if (!known || !known->arch.n || !f->items[i]->arch.n) {
			*at = f->items[i];
			continue;
		}
		if (claim_fold_word(a, &known->arch, f->items[i]->arch) < 0)
			return delivery_spent(f->d);
		f->items[i] = NULL;
	}
	for (size_t i = 0; i < f->count; i++) {
		int r = f->items[i] ? delivery_claim(f->d, f->items[i]) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

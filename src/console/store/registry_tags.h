/** @file
 * Tags of registries: which digest each points to, which it pointed to before, and what is gone.
 *
 * Functions that change things run inside the caller's transaction.
 */
#ifndef SKEP_CONSOLE_STORE_REGISTRY_TAGS_H
#define SKEP_CONSOLE_STORE_REGISTRY_TAGS_H

#include "console/store/store.h"

/** How far an image was promoted; of an image in several places the bits 1 << stage. */
enum promotion_stage { STAGE_NONE, STAGE_BASE, STAGE_TEST, STAGE_PRODUCTION, STAGE_COUNT };

/** A tag as a run finds it. */
struct registry_tag_found {
	int64_t registry, run;
	str repository, tag;
	str digest; /**< empty: it could not be told, @p why says why; what was known stays */
	str why;
	enum promotion_stage stage;
	int64_t now_ns;
};

/** @return 1 it is new or points elsewhere than before, 0, -errno */
MUST_CHECK int registry_tag_put(struct store *s, const struct registry_tag_found *t, struct err *e);
/**
 * All tags were told: those this run has not found are gone.
 *
 * @param repository empty: of all repositories
 * @return how many went, -errno
 */
MUST_CHECK int registry_tags_gone(struct store *s, int64_t registry, int64_t run, str repository,
				  int64_t now_ns, struct err *e);

/**
 * Says of each tag of a registry, also of those that are gone, at which stage it is, after the rules changed.
 *
 * @return how many are at another stage than before, -errno
 */
MUST_CHECK int registry_tags_restage(struct store *s, int64_t registry,
				     enum promotion_stage (*stage_of)(const void *ctx,
								      str repository, str tag),
				     const void *ctx, struct err *e);

struct stored_tag {
	str repository, tag, digest, why;
	enum promotion_stage stage;
	int64_t first_ns, seen_ns, changed_ns;
	int64_t gone_ns; /**< 0: it is there */
	int64_t moves;   /**< how often it pointed elsewhere since it was first seen */
};

struct registry_tag_filter {
	int64_t registry;
	str text;        /**< words of repository or tag; empty: any */
	str repository;  /**< exactly; empty: any */
	str tag;         /**< exactly; empty: any */
	bool gone;       /**< those that are gone instead of those that are there */
	int stage;       /**< negative: any */
	bool by_time;    /**< sorted by when they changed, or went; else by repository and tag */
	bool descending; /**< the other way round */
	str after_repository, after_tag; /**< empty: from the first */
	int64_t after_ns;                /**< by time: when the tag before changed, or went */
};

/** In the filter's order, @p max at most. @param a owns @p ret */
MUST_CHECK int registry_tags_page(struct store *s, const struct registry_tag_filter *f, size_t max,
				  struct arena *a, struct stored_tag **ret, size_t *ret_count,
				  struct err *e);

/** A tag came, moved or went. */
struct stored_move {
	int64_t id, at_ns;
	str repository, tag;
	str before; /**< empty: it was not there */
	str after;  /**< empty: it went */
};

/** Newest first, with ids below @p below (0: all). @param repository,tag empty: of all */
MUST_CHECK int registry_moves_page(struct store *s, int64_t registry, str repository, str tag,
				   int64_t below, size_t max, struct arena *a,
				   struct stored_move **ret, size_t *ret_count, struct err *e);

#endif

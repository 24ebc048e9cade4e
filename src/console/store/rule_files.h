/** @file
 * Rules of an operator's own: files of them, and which single rules are switched or weighed otherwise than their files say.
 */
#ifndef SKEP_CONSOLE_STORE_RULE_FILES_H
#define SKEP_CONSOLE_STORE_RULE_FILES_H

#include "console/store/store.h"

#define RULE_FILES_MAX 200

struct rule_file {
	int64_t id;
	str name, text;
	bool enabled;
	int64_t updated_ns;
	str updated_by;
	int64_t version; /**< counts the changes */
	int64_t rules;   /**< how many are in it */
};

/** All files by name. @param a owns @p ret */
MUST_CHECK int rule_files_list(struct store *s, struct arena *a, struct rule_file **ret,
			       size_t *ret_count, struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int rule_files_get(struct store *s, int64_t id, struct arena *a, struct rule_file *ret,
			      struct err *e);
/** In the caller's transaction. @param f  id and version are not read. @return 0, -EEXIST (the name), -E2BIG (too many) */
MUST_CHECK int rule_files_add(struct store *s, const struct rule_file *f, int64_t *ret_id,
			      struct err *e);
/** In the caller's transaction. @return 0, -ENOENT, -EEXIST (the name) */
MUST_CHECK int rule_files_put(struct store *s, const struct rule_file *f, struct err *e);
/** In the caller's transaction. @return 0, -ENOENT */
MUST_CHECK int rule_files_delete(struct store *s, int64_t id, struct err *e);

/** How a rule differs from its file. */
struct rule_switch {
	str rule; /**< its name */
	bool enabled;
	str priority; /**< empty: as in the file */
};

/** All of them by name. */
MUST_CHECK int rule_switches(struct store *s, struct arena *a, struct rule_switch **ret,
			     size_t *ret_count, struct err *e);
/** In the caller's transaction. */
MUST_CHECK int rule_switch_put(struct store *s, const struct rule_switch *w, struct err *e);

/**
 * The rules all agents judge by instead of those they were started with, as one text: kept once, however many agents there are.
 * In the caller's transaction.
 */
MUST_CHECK int rule_text_put(struct store *s, str etag, str text, struct err *e);
/** @param ret_etag, ret_text  in @p a @return 0, -ENOENT nobody changed any rule yet */
MUST_CHECK int rule_text_get(struct store *s, struct arena *a, str *ret_etag, str *ret_text,
			     struct err *e);
/** Its name alone; empty: nobody changed any rule yet. */
MUST_CHECK int rule_text_etag(struct store *s, struct arena *a, str *ret, struct err *e);

#endif

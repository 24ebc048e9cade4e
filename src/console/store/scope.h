/** @file
 * Where a role holds: selectors over the cluster, namespace, image, host and labels of what is shown.
 *
 * A selector is written as in Kubernetes, terms joined by commas, all of which must hold:
 *
 *     cluster=prod, namespace in (shop, pay), image!=registry.example/lab-*, label.team=red
 *
 * Operators: `=`, `==`, `!=`, `in (...)`, `notin (...)`. A value that ends in `*` stands for all that begin so. Where a
 * thing has not got what a term asks for (a host has no namespace), the term does not hold, `!=` and `notin` included:
 * who sees by namespaces never sees what is in none.
 */
#ifndef SKEP_CONSOLE_STORE_SCOPE_H
#define SKEP_CONSOLE_STORE_SCOPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define SCOPE_MAX_TEXT 4096
#define SCOPE_MAX_TERMS 32
#define SCOPE_MAX_VALUES 64

enum scope_key { SCOPE_CLUSTER, SCOPE_NAMESPACE, SCOPE_IMAGE, SCOPE_HOST, SCOPE_LABEL };

struct scope_term {
	enum scope_key key;
	str label;     /**< name, for SCOPE_LABEL; else empty */
	bool negative; /**< none of the values */
	str *values;   /**< one ending in '*' stands for all that begin so */
	size_t count;  /**< at least 1 */
};

/** Holds when all terms do. */
struct scope_selector {
	struct scope_term *terms;
	size_t count; /**< at least 1 */
};

/** Holds when any selector does; zeroed, it shows nothing. */
struct scope {
	bool everything;
	struct scope_selector *any;
	size_t count;
};

/** Shows everything, for work of the console's own. */
extern const struct scope scope_everything;

/** What is asked about; an empty span is "has none". */
struct scope_subject {
	str cluster, namespace, image, host;
	str labels; /**< ",name=value,name=value,": framed by commas; empty when there are none */
};

/**
 * Parses one selector; blank text is -EBADMSG (everything is not written as nothing).
 *
 * @return 0, -EBADMSG (the message names the column), -E2BIG (a bound above), -ENOBUFS
 */
MUST_CHECK int scope_parse(str text, struct arena *a, struct scope_selector *ret, struct err *e);

/** Writes the selector so that scope_parse() reads it back. */
void scope_render(const struct scope_selector *s, struct buf *out);

bool scope_holds(const struct scope *s, const struct scope_subject *of);

#endif

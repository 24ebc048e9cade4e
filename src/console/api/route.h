/** @file
 * The table of routes, from route.def: which handler answers which method and path, what it takes, what it answers and
 * who may ask.
 */
#ifndef SKEP_CONSOLE_API_ROUTE_H
#define SKEP_CONSOLE_API_ROUTE_H

#include "base/lang.h"
#include "console/access/permission.h"
#include "console/api/object.h"

/** X(ID) */
#define ROUTE_METHODS(X) X(GET) X(POST) X(PUT) X(PATCH) X(DELETE)

enum route_method {
#define ROUTE_METHOD_ENUM(id) METHOD_##id,
	ROUTE_METHODS(ROUTE_METHOD_ENUM)
#undef ROUTE_METHOD_ENUM
		METHOD_COUNT
};

enum route_shape { ROUTE_ONE, ROUTE_LIST, ROUTE_NOTHING, ROUTE_RAW };
enum route_effect { ROUTE_READS, ROUTE_CHANGES, ROUTE_ACTS };

struct route {
	enum route_method method;
	const char *path; /**< "/api/v1/alerts/{id}": a name in braces stands for one segment */
	const char *handler;
	enum permission permission;
	enum object_id body, query, answer; /**< OBJECT_NONE without */
	enum route_shape shape;
	int status;
	enum route_effect effect;
	struct phrase summary;
};

#define ROUTE_MAX_PARAMETERS 2

/** What a request's path is found to be. */
struct route_match {
	const struct route *route;            /**< NULL: the path exists, not with this method */
	str parameters[ROUTE_MAX_PARAMETERS]; /**< as in the path, undecoded */
	unsigned int allowed;                 /**< bits of enum route_method the path knows */
};

/** All of them. */
const struct route *route_table(size_t *ret_count);
const char *route_method_name(enum route_method m);
/** What asking for it does, in a few words: the first clause of its summary. */
str route_words(const struct route *r, enum lang lang);

/**
 * Finds the route of a path; one without parameters goes before one with.
 *
 * @return 0, -ENOENT (no such path), -EOPNOTSUPP (not with this method; @p ret tells which are), both with @p ret set
 */
MUST_CHECK int route_find(str method, str path, struct route_match *ret);

#endif

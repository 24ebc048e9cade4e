/** @file
 * What there is on this node, told once and then by its changes: a table of what was told, by kind and id.
 *
 * Collectors put what they see; a thing put again unchanged is not told, one that a whole pass did not see is told as gone. The
 * table is bounded: what does not fit is counted, for the caller to tell (census_cut_began()).
 */
#ifndef SKEP_PROG_AGENT_CENSUS_H
#define SKEP_PROG_AGENT_CENSUS_H

#include "base/err.h"
#include "codec/json_out.h"

#define CENSUS_MAX 100000
#define CENSUS_ID_MAX 400

/** X(ID, "kind") : doc/formats/agent-protocol.md */
#define CENSUS_KINDS(X) \
	X(HOST, "host") \
	X(CONTAINER, "container") \
	X(IMAGE, "image") \
	X(PROCESS, "process") \
	X(PORT, "port") \
	X(USER, "user") \
	X(VOLUME, "volume") \
	X(NETWORK, "network")

enum census_kind {
#define CENSUS_ENUM(id, name) CENSUS_##id,
	CENSUS_KINDS(CENSUS_ENUM)
#undef CENSUS_ENUM
		CENSUS_KIND_COUNT
};

struct census;

/** Tells a record. @return 0, or -errno: it will be told later */
typedef int (*census_teller)(void *ctx, const char *kind, str doc);

MUST_CHECK int census_new(census_teller tell, void *ctx, struct census **ret, struct err *e);
void census_free(struct census *c);

/** Begins a look at all there is of a kind. */
void census_begin(struct census *c, enum census_kind k);
/** @param doc an object, with members; without "time" */
void census_put(struct census *c, enum census_kind k, str id, str doc);
/** The same with what was rendered; what could not be is passed over, and told as gone when it stays so. */
void census_put_doc(struct census *c, enum census_kind k, str id, const struct buf *doc);
/** It is still there, and nobody looked closer. @return false: it was never told, look closer */
bool census_keep(struct census *c, enum census_kind k, str id);
/** What was put of it is not all there is to know: the next census_keep() is false, whatever was told. */
void census_doubt(struct census *c, enum census_kind k, str id);
/** Whether this look has seen it. */
bool census_has(struct census *c, enum census_kind k, str id);
/** It is no more, and this is the last to say of it (may be empty). */
void census_drop(struct census *c, enum census_kind k, str id, str last_doc);
/** All were looked at: the others are gone. */
void census_end(struct census *c, enum census_kind k);

/** From now on everything is told anew; after each kind's next census_end() a snapshot says that this was all. */
void census_renew(struct census *c);
/** How often a thing was put that is not told: CENSUS_MAX others are, its id is longer than CENSUS_ID_MAX, or it was not rendered. */
uint64_t census_cut(const struct census *c);
/** Whether that happened since this was asked last, and did not in the time before: true once however many passes leave things out. */
bool census_cut_began(struct census *c);

#endif

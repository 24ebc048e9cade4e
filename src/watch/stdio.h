/** @file
 * What a process's standard descriptors lead to, as last told: by STDIO events, which come before each event whose rules ask,
 * and by DUP events.
 *
 * Names lie in a text pool and are as long as paths at most; where it has no room for one, the name is not known.
 */
#ifndef SKEP_WATCH_STDIO_H
#define SKEP_WATCH_STDIO_H

#include "model/event.h"
#include "watch/text_pool.h"

#define STDIO_CLOSED UINT16_MAX /**< as a kind: it leads nowhere */

struct stdio {
	uint16_t kind[3];   /**< enum event_fd_kind; 0: not known */
	uint16_t name_n[3]; /**< 0: no name, or not known */
	uint32_t name[3];   /**< handles, where there is a name */
};

/** Takes what descriptor @p i leads to now. */
void stdio_set(struct stdio *s, struct text_pool *p, unsigned int i, const struct event_fd *f);
/** What a child begins with. @p s must be empty */
void stdio_inherit(struct stdio *s, struct text_pool *p, const struct stdio *parent);
void stdio_release(struct stdio *s, struct text_pool *p);

/** Its path, "pipe:[INODE]", or both ends of a connection as fd.name has them; lives until the next text_pool_add(). */
str stdio_name(const struct stdio *s, const struct text_pool *p, unsigned int i);

#endif

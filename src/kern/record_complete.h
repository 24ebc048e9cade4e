/** @file
 * What user space adds to an event that record_parse() gave: paths without "//", "/./" and "/../", the question in a packet to
 * a name server, and the same thing in every place where the event's family has it.
 *
 * Texts come from the kernel and hold what processes wrote there: any bytes. Pure.
 */
#ifndef SKEP_KERN_RECORD_COMPLETE_H
#define SKEP_KERN_RECORD_COMPLETE_H

#include "codec/dns.h"
#include "kern/record.h"

#define RECORD_NORMAL_BYTES (2 * RECORD_PATH_MAX + 2)

/** Texts of the event that was completed last. */
struct record_room {
	char name[DNS_NAME_BYTES]; /**< of its question */
	char paths[2][RECORD_NORMAL_BYTES];
};

/**
 * @param room holds what is not in the record; must live as long as the event
 * @return false when it is no event: what was sent to a name server's port is no question
 */
bool record_complete(struct event *v, struct record_room *room);

/** By name: links are not followed. @param to RECORD_NORMAL_BYTES, used when needed */
str record_normal_path(str path, char *to);

#endif

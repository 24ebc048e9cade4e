/** @file
 * What the agent's parts tell one another: datagrams over AF_UNIX SOCK_SEQPACKET pairs, so that each arrives whole and in
 * order, and what was sent to a part that died waits for its successor. Both ends are this program: the layout is private.
 * A part that was taken over may send anything: it can speak nonsense, and neither crash nor exhaust the other end.
 */
#ifndef SKEP_PROG_AGENT_MESSAGE_H
#define SKEP_PROG_AGENT_MESSAGE_H

#include "base/err.h"
#include "base/str.h"

#define MESSAGE_MAX_BYTES ((size_t)96 << 10)
#define MESSAGE_MAX_FDS 192 /* the kernel takes 253 */

enum message_kind {
	MESSAGE_ALIVE, /**< part to supervisor, twice a second; number: milliseconds its loop was busy since the last */
	MESSAGE_READY, /**< part to supervisor: it does its work now */
	MESSAGE_SAY,   /**< part to supervisor: text is a line for the operator */
	MESSAGE_FAIL,  /**< part to supervisor: text is why it cannot begin; it ends */
	MESSAGE_KEEP,  /**< sensor to supervisor: descriptors for a successor */
	MESSAGE_ALERT, /**< sensor (or supervisor) to uplink: number is the priority, text the line, json the document */
	MESSAGE_STATS, /**< sensor to uplink, once a second: json; number: whether it says what checks cost */
	MESSAGE_PARTS, /**< supervisor to uplink, once a second: json, what the parts cost (part_cost.h) */
	MESSAGE_ASK, /**< uplink to sensor: say so with the next figures */
	MESSAGE_RELOAD, /**< supervisor to sensor: load the rules again; uplink to supervisor: have it do so */
	MESSAGE_STOP,    /**< supervisor to part: finish what is at hand and exit */
	MESSAGE_RECORD,  /**< census or sensor to uplink: text is the record's kind, json its doc */
	MESSAGE_SCANNED, /**< scanner to uplink: text is the file in the folder of scans */
	MESSAGE_SNAPSHOT, /**< uplink to census: tell everything anew */
	MESSAGE_SCAN,     /**< uplink to scanner: text is an image's id */
	MESSAGE_READ_USERS, /**< sensor to its broker of users' files (users_broker.c): text is what to read */
	MESSAGE_KIND_COUNT
};

struct message {
	enum message_kind kind;
	uint64_t number;
	str text, json; /**< received ones live in the buffer given to message_receive() */
	int fds[MESSAGE_MAX_FDS]; /**< received ones are the receiver's to close: message_done() */
	size_t fd_count;
};

/** Two ends, close-on-exec, non-blocking, with room for some hundred alerts. @return 0 or -errno */
MUST_CHECK int message_pair(int ret[2], struct err *e);

/** @return 0, -EAGAIN (the other end is slow: keep it and try later), -EPIPE (gone), -E2BIG, -errno */
MUST_CHECK int message_send(int fd, const struct message *m);

/**
 * Takes one message.
 * @param room MESSAGE_MAX_BYTES bytes
 * @return 1, 0 (none waits), -EPIPE (the other end is closed), -EBADMSG, -errno
 */
MUST_CHECK int message_receive(int fd, char *room, struct message *ret);
/**
 * As message_receive() without descriptors, and leaves the message where it is: what a process that dies before
 * message_drop() had at hand, its successor takes again.
 */
MUST_CHECK int message_peek(int fd, char *room, struct message *ret);
/** Closes the descriptors of a message that was received. */
void message_done(struct message *m);
/** Takes away what message_peek() showed, or what is malformed. */
void message_drop(int fd);

#endif

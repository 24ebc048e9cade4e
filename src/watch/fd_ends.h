/** @file
 * Both ends of a connection as rules have them: IPv4 inside an IPv6 socket is IPv4, as for Falco, and one end called the other.
 */
#ifndef SKEP_WATCH_FD_ENDS_H
#define SKEP_WATCH_FD_ENDS_H

#include "model/event.h"
#include "policy/field.h"

struct fd_end {
	struct policy_ip ip;
	uint16_t port;
	bool there; /**< false: not bound, or not connected */
};

struct fd_ends {
	struct fd_end local, remote;
	struct fd_end client, server; /**< the same two */
	bool server_side;             /**< the local end is the server's */
};

/** "ADDRESS:PORT->ADDRESS:PORT" with its NUL, at most */
#define FD_ENDS_BYTES (2 * sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255:65535->"))

/** What it is to rules: of IPv4 inside IPv6 EVENT_FD_IPV4. */
enum event_fd_kind fd_ends_kind(const struct event_fd *f);

/** Whether the local end is the server's: as told, else the lower port is. */
bool fd_ends_serves(const struct event_fd *f);

/** @param f of kind EVENT_FD_IPV4 or EVENT_FD_IPV6 */
struct fd_ends fd_ends_of(const struct event_fd *f, bool serves);

/** Whether it is at an address; 0.0.0.0 and :: are none. */
bool fd_end_has_address(const struct fd_end *e);

/** As fd.name has them: the client first; the local end alone where there is no other; empty without either. */
str fd_ends_text(const struct fd_ends *e, char to[FD_ENDS_BYTES]);

#endif

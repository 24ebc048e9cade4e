/** @file
 * Sends syslog messages: datagrams (RFC 5426), TCP with counted octets (RFC 6587 section 3.4.1) and TLS (RFC 5425).
 *
 * Never blocks, names are resolved beside; a connection that breaks is made anew with growing pauses (1 s to 30 s). Syslog
 * has no acknowledgement: what the peer's kernel has taken counts as arrived, so messages are told again that stood in our
 * kernel's queue when a connection broke.
 */
#ifndef SKEP_WIRE_SYSLOG_H
#define SKEP_WIRE_SYSLOG_H

#include "base/err.h"
#include "base/str.h"
#include "wire/reach.h"
#include "wire/tls.h"

struct syslog;

/**
 * @param url "udp://HOST[:514]", "tcp://HOST[:601]" or "tls://HOST[:6514]"
 * @param o   for tls; its files are read now
 * @return 0, -EINVAL (the URL, or tls_context_new()), -ENOMEM
 */
MUST_CHECK int syslog_new(const char *url, const struct tls_options *o, struct syslog **ret,
			  struct err *e);
void syslog_free(struct syslog *s);
/** Addresses that may be connected to; @p r outlives @p s. */
void syslog_set_reach(struct syslog *s, const struct networks *r);

/** What to poll for. @return the descriptor, -1: none now */
int syslog_fd(const struct syslog *s, short *ret_events);
/**
 * Connects, sends what was given, lets time pass. Call when the descriptor is ready and a few times a second.
 * @param now_ns CLOCK_MONOTONIC
 * @return 0; -errno: the connection broke or could not be made, and what had not arrived is forgotten here
 */
MUST_CHECK int syslog_work(struct syslog *s, uint64_t now_ns, struct err *e);
/** Takes one message, without framing. @return 0, -EAGAIN: not now, -ENOMEM */
MUST_CHECK int syslog_send(struct syslog *s, str message);
/** Whether it is connected and all that was taken has arrived at the peer's kernel. */
bool syslog_is_idle(const struct syslog *s);
bool syslog_is_connected(const struct syslog *s);
/** Whether it is connected and has room for a message. */
bool syslog_takes(const struct syslog *s);

#endif

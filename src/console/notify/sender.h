/** @file
 * What hands notices to a receiver, one batch at a time and without ever blocking. One file each protocol: HTTP (and mail),
 * syslog, Kafka.
 */
#ifndef SKEP_CONSOLE_NOTIFY_SENDER_H
#define SKEP_CONSOLE_NOTIFY_SENDER_H

#include "console/notify/receiver.h"
#include "wire/http_flow.h"
#include "wire/outbox.h"
#include "wire/reach.h"

/** What senders share; outlives them. One thread. */
struct sender_host {
	struct http_flows *flows;
	const struct networks *reach; /**< which addresses may be spoken to */
	const char *folder;           /**< for certificates; made when it is needed */
	const char *name;             /**< of this host, as syslog wants it */
	const char *console;          /**< the console's address for people; NULL: unknown */
};

struct sender_ops {
	/**
	 * Begins to send. @p done is called once, from here or from work().
	 * @param list lives until then
	 * @return 0, -errno: as OUTBOX_AGAIN, and nothing was begun
	 */
	int (*send)(struct sender *s, const struct notice *list, size_t count, struct err *e);
	/** Lets time pass. May be NULL. */
	void (*work)(struct sender *s, uint64_t now_ns);
	/** What to poll for. @return a descriptor, -1: none. May be NULL: the host's flows wake it */
	int (*fd)(const struct sender *s, short *ret_events);
	/** What is known to be wrong while it is still tried, without secrets; "": nothing. May be NULL. */
	const char *(*trouble)(const struct sender *s);
	/** Gives up what is under way, without telling. */
	void (*close)(struct sender *s);
};

/** The head of each protocol's own struct. */
struct sender {
	const struct sender_ops *ops;
	const struct receiver *receiver;
	const struct sender_host *host;
	void (*done)(void *ctx, const struct outbox_result *r);
	void *ctx;
};

static inline void sender_tell(struct sender *s, const struct outbox_result *r)
{
	s->done(s->ctx, r);
}

static inline const char *sender_trouble(const struct sender *s)
{
	return s->ops->trouble ? s->ops->trouble(s) : "";
}

static inline void sender_close(struct sender *s)
{
	if (s)
		s->ops->close(s);
}

/**
 * Writes a PEM setting to a file of the host's folder, readable by us alone, for libraries that read files.
 * @param ret malloc'd path; NULL when the setting is empty
 */
MUST_CHECK int sender_pem_file(const struct receiver *r, const struct sender_host *host,
			       const char *setting, char **ret, struct err *e);

/** Opens the sender of a receiver. */
MUST_CHECK int sender_open(const struct receiver *r, const struct sender_host *host,
			   void (*done)(void *ctx, const struct outbox_result *r), void *ctx,
			   struct sender **ret, struct err *e);

#endif

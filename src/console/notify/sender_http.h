/** @file
 * Sends by HTTP: each kind says what a request holds and what an answer means.
 */
#ifndef SKEP_CONSOLE_NOTIFY_SENDER_HTTP_H
#define SKEP_CONSOLE_NOTIFY_SENDER_HTTP_H

#include "console/notify/sender.h"

#define HTTP_JOB_HEADERS 24

struct http_job {
	struct arena *arena; /**< owns everything */
	const char *url;
	const char *headers[HTTP_JOB_HEADERS + 1];
	size_t header_count;
	bool is_mail; /**< the body is a mail, and this its envelope */
	struct http_mail mail;
	struct buf body; /**< freed by the sender */
	uint64_t now_ns; /**< CLOCK_REALTIME */
};

struct http_kind {
	int (*build)(const struct receiver *r, const struct sender_host *host,
		     const struct notice *list, size_t count, struct http_job *ret, struct err *e);
	/** What an answer says that its status, by which @p ret was made, does not; NULL: nothing. */
	void (*judge)(int status, str answer, struct arena *a, struct outbox_result *ret);
};

/** For a receiver whose kind has one. */
MUST_CHECK int sender_http_open(const struct receiver *r, const struct sender_host *host,
				struct sender **ret, struct err *e);

/** The setting "url" with @p path behind it, unless it ends so already. */
MUST_CHECK int http_job_url(struct http_job *j, const struct receiver *r, const char *path,
			    struct err *e);
/** "Name: value" */
MUST_CHECK int http_job_header(struct http_job *j, const char *name, str value, struct err *e);
/** "Authorization: scheme secret" */
MUST_CHECK int http_job_authorize(struct http_job *j, const char *scheme, str secret,
				  struct err *e);
/** Authorization: Basic, when the receiver has a user. */
MUST_CHECK int http_job_basic(struct http_job *j, const struct receiver *r, struct err *e);

#endif

/** @file
 * The console: API, event stream and web pages over one address, and what works behind them. `skep-console` and `skep up` both
 * call console_run(); no other header here is for programs.
 */
#ifndef SKEP_CONSOLE_CONSOLE_H
#define SKEP_CONSOLE_CONSOLE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/translation.h"

#define CONSOLE_MAX_ACCOUNTS 3
#define CONSOLE_TEXT_BYTES 160

/** What there is to show when it begins to serve. Secrets are in it: wipe it after showing. */
struct console_ready {
	unsigned int port;
	bool is_tls;
	/** first accounts, when nobody had one: their passwords are shown this once */
	struct {
		char name[CONSOLE_TEXT_BYTES], password[CONSOLE_TEXT_BYTES];
	} accounts[CONSOLE_MAX_ACCOUNTS];
	size_t account_count;
	char token[CONSOLE_TEXT_BYTES]; /**< for one agent, when one was wished for */
};

struct console_options {
	const char *state;    /**< its folder, made when absent */
	const char *listen;   /**< "ADDRESS:PORT" */
	const char *database; /**< "postgresql://..."; NULL: SQLite in the state folder */
	/** PEM files; NULL: a certificate of its own authority, made at the first start and in time again */
	const char *tls_cert, *tls_key;
	const char *const *
		names; /**< by which it is called, in its own certificate; NULL-terminated, may be NULL */
	const char *ui_dir; /**< pages from this folder instead of those it carries; NULL: those */
	bool plain;         /**< no TLS: for a proxy on the same host */
	bool wants_token;   /**< make a token for one agent */
	bool replace_secret_key; /**< the store's own is lost */
	bool separate_duties;
	const char *
		sign_in_file; /**< who else vouches for users (access/sign_in_config.h); NULL: local users only */
	/** whom root becomes, once it read what it alone may read (sign_in_file); 0: it stays who it is */
	uid_t uid;
	gid_t gid;
	unsigned int workers;               /**< threads that answer; 0: 4 */
	uint32_t max_connections;           /**< 0: 8192 */
	uint32_t max_per_peer;              /**< 0: 512 */
	const char *vulnerability_database; /**< NULL: none */
	/** networks ("127.0.0.0/8") alerts may be told to, and registries be in, besides what wire/reach.h lets through; NULL-terminated, may be NULL */
	const char *const *notify_allow;
	/** proxies ("10.0.0.0/8") in front of it that are believed when they tell for whom they speak; NULL-terminated, may be NULL */
	const char *const *trusted_proxies;
	const char *proxy_tells; /**< how (wire/proxies.h); NULL: x-forwarded-for */
	/** for the operator: one line each, from any thread; escaped by the callee */
	void (*say)(void *ctx, const char *line);
	/** once, when requests are answered; also from a second start on, without accounts then */
	void (*on_ready)(void *ctx, const struct console_ready *r);
	void *ctx;
	const struct translation *zh; /**< Chinese for the API's answers; may be NULL */
};

/**
 * Serves until SIGTERM or SIGINT, then ends in order: no new requests, those begun answered, within 10 s. SIGHUP reads
 * certificates again. The caller has one thread.
 * @return 0 after an orderly end, -errno when it could not begin
 */
MUST_CHECK int console_run(const struct console_options *o, struct err *e);

#endif

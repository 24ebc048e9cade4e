#include "console/server/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/time.h"
#include "codec/certificate.h"
#include "console/access/account.h"
#include "console/server/agent_authority.h"
#include "console/server/own_certificate.h"
#include "console/store/series_index.h"

#define BODY_MAX_BYTES ((uint64_t)4 << 20)
#define HELD_MAX_BYTES ((uint64_t)96 << 20)
#define FILE_MAX_BYTES ((uint64_t)CERTIFICATE_MAX_BYTES)
#define STOP_NS (10 * SECOND_NS)

enum {
	FOLDER_MODE = 0700,
	WORKERS = 8,
	WAITING_MAX = 1024,
	CONNECTIONS = 8192,
	PER_PEER = 512,
	IDLE_S = 75,
	PAGES_MAX = 1024,
	REQUESTS_A_SECOND = 200,
	BURST = 1000,
};

void server_say(const struct server *s, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->o->say(s->o->ctx, line);
}

static void log_line(void *ctx, const char *line)
{
	const struct server *s = ctx;

	s->o->say(s->o->ctx, line);
}

/** What is asked of registries, here or of another replica: whoever leads looks at it now. */
static void hurry(struct server *s, str topic)
{
	if (s->registries && str_eq(topic, S("registries")))
		registry_service_hurry(s->registries);
}

static void publish(void *ctx, const char *topic)
{
	struct server *s = ctx;
	const str what = str_from(topic);

	server_publish(s, what);
	hurry(s, what);
	/* Where another replica fetches, it finds within a second what is due. */
	if (str_eq(what, S("rules")) || str_eq(what, S("notifications")))
		clockwork_hurry(s->fetching);
}

/* ---- Replicas ---- */

#define COMMAND "agent "

void server_publish(struct server *s, str topic)
{
	hub_publish(s->hub, topic);
	replica_tell(s->replica, topic);
}

void server_tell_command(struct server *s, const char *agent)
{
	char text[sizeof(COMMAND) + FLEET_AGENT_BYTES];

	snprintf(text, sizeof(text), COMMAND "%s", agent);
	replica_tell(s->replica, str_from(text));
}

static void on_told(void *ctx, str text)
{
	struct server *s = ctx;

	if (str_starts(text, S(COMMAND))) {
		agent_door_hurry(s->agents, str_skip(text, sizeof(COMMAND) - 1));
		return;
	}
	hub_publish(s->hub, text);
	hurry(s, text);
}

static int open_replica(struct server *s, struct err *e)
{
	struct replica_options o = { .where = s->where, .on_told = on_told, .ctx = s };

	return sql_names_postgres(s->where) ? replica_new(&o, &s->replica, e) : 0;
}

/* ---- Certificates ---- */

static void tell_times(const struct server *s, const struct certificate *c)
{
	const int64_t now_s = (int64_t)time(NULL);
	struct certificate_facts f;
	char when[TIME_TEXT_BYTES];

	certificate_read(c, &f);
	time_render(now_s < f.from_s ? f.from_s : f.to_s, when);
	if (now_s < f.from_s)
		server_say(s,
			   "the certificate in '%s' is good from %s on: browsers and agents refuse "
			   "it until then",
			   s->o->tls_cert, when);
	else if (now_s > f.to_s)
		server_say(s, "the certificate in '%s' ended at %s: browsers and agents refuse it",
			   s->o->tls_cert, when);
}

static int check_pair(const struct server *s, str certificate, str key, struct err *e)
{
	const char *cert_file = s->o->tls_cert, *key_file = s->o->tls_key;
	struct certificate *c = NULL;
	struct certificate_key *k = NULL;
	int r = certificate_parse(certificate, &c, e);

	if (r < 0)
		return err_wrap(e, -EINVAL, "--tls-cert '%s'", cert_file);
	r = certificate_key_parse(key, &k, e);
	if (r < 0 && key_file)
		r = err_wrap(e, -EINVAL, "--tls-key '%s'", key_file);
	else if (r < 0)
		r = err_set(e, EINVAL,
			    "--tls-cert '%s': no key without a password is in it: name its file by "
			    "--tls-key",
			    cert_file);
	else if (!certificate_is_of(c, k))
		r = err_set(e, EINVAL,
			    "--tls-key '%s': this is not the key of the certificate in '%s'",
			    key_file ? key_file : cert_file, cert_file);
	else
		tell_times(s, c);
	certificate_key_free(k);
	certificate_free(c);
	return r;
}

static int read_pem(const char *path, struct buf *out, struct err *e)
{
	return file_read(AT_FDCWD, path, FILE_MAX_BYTES, out, e);
}

/** The operator's. */
static int read_pair(const struct server *s, struct buf *certificate, struct buf *key,
		     struct err *e)
{
	int r;

	buf_reset(certificate);
	buf_reset(key);
	r = read_pem(s->o->tls_cert, certificate, e);
	if (r == 0)
		r = read_pem(s->o->tls_key ? s->o->tls_key : s->o->tls_cert, key, e);
	return r < 0 ? r : check_pair(s, buf_str(certificate), buf_str(key), e);
}

int server_load_tls(struct server *s, struct err *e)
{
	OWNED_BUF certificate = BUF_INIT;
	OWNED_BUF own_key = BUF_INIT;
	OWNED_BUF authority = BUF_INIT;
	struct tls_server_options t;
	int r = own_certificate_get(s->tls_folder, s->o->names, &certificate, &own_key, &authority,
				    e);

	if (r == 0 && s->o->tls_cert)
		r = read_pair(s, &certificate, &own_key, e);
	if (r < 0)
		return r;
	t = (struct tls_server_options){ .certificate = buf_str(&certificate),
					 .key = buf_str(&own_key),
					 .client_authorities = buf_str(&authority) };
	r = s->tls ? tls_server_reload(s->tls, &t, e) : tls_server_new(&t, &s->tls, e);
	if (r == 0) {
		buf_reset(&s->authority);
		buf_add(&s->authority, buf_str(&authority));
		r = buf_error(&s->authority);
	}
	return r < 0 ? err_wrap(e, r, "cannot set up TLS") : 0;
}

/* ---- Beginning ---- */

/** What to do next where the database cannot be had. @return @p r */
static int advise_database(const struct server *s, int r, struct err *e)
{
	if (!sql_names_postgres(s->where))
		return r == -EUCLEAN
			       ? err_wrap(e, r,
					  "'skep console restore' puts a copy in the store's place")
			       : r;
	if (r == -EACCES)
		return err_wrap(
			e, r,
			"--database: see that its server lets this user in from here, and by which "
			"password");
	if (r == -ENOENT)
		return err_wrap(e, r,
				"--database: make the user and the database it names (createuser, "
				"createdb), "
				"or name others");
	if (r == -EROFS)
		return err_wrap(e, r,
				"--database: its user must own the database (ALTER DATABASE ... "
				"OWNER TO ...), "
				"and its server take changes");
	return r;
}

/** The same, of what may come up anywhere in beginning. @return @p r */
static int advise(const struct server *s, int r, struct err *e)
{
	const bool is_postgres = sql_names_postgres(s->where);

	if (r == -ENOSPC && is_postgres)
		return err_wrap(e, r, "make room in '%s' and on the disk of the database's server",
				s->o->state);
	if (r == -ENOSPC)
		return err_wrap(e, r, "make room in '%s'", s->where);
	if (r == -EHOSTUNREACH && is_postgres)
		return err_wrap(
			e, r, "--database: see that its server runs and can be reached from here");
	if (r == -EUSERS)
		return err_wrap(
			e, r,
			"--database: see that its server takes more connections (max_connections)");
	return r;
}

/** Nobody sets the password of the only one who can give roles, and nobody else could give them anew. */
static int tell_givers(const struct server *s, struct sql *sql, struct err *e)
{
	int64_t givers;
	int r = s->o->separate_duties ? account_count_givers(sql, &givers, e) : 0;

	if (r < 0 || !s->o->separate_duties || givers > 1)
		return r;
	server_say(s,
		   givers == 1
			   ? "only one user can give roles, and nobody else can set that user's "
			     "password: give a second one the role security-administrator"
			   : "nobody can give roles: where duties are separated, the role "
			     "administrator gives nothing. Start once without --separate-duties, "
			     "and give users the roles system-administrator and "
			     "security-administrator");
	return 0;
}

/** The tables, the roles this version knows, and accounts where nobody has one. */
static int open_store(struct server *s, struct err *e)
{
	struct first_account accounts[FIRST_ACCOUNTS];
	OWNED_STORE *store = NULL;
	size_t count = 0;
	int r = store_prepare(s->where, e);

	if (r < 0)
		return advise_database(s, r, e);
	r = store_open(s->where, NULL, &store, e);
	if (r == 0)
		r = access_prepare(&s->access, store->sql, e);
	if (r == 0)
		r = sign_in_config_apply(&s->sign_in, store->sql, e);
	if (r == 0)
		r = access_first_password(&s->access, store->sql, accounts, &count, e);
	for (size_t i = 0; r == 0 && i < count; i++) {
		snprintf(s->ready.accounts[i].name, CONSOLE_TEXT_BYTES, "%s", accounts[i].name);
		snprintf(s->ready.accounts[i].password, CONSOLE_TEXT_BYTES, "%s",
			 accounts[i].password);
	}
	s->ready.account_count = count;
	explicit_bzero(accounts, sizeof(accounts));
	return r < 0 ? r : tell_givers(s, store->sql, e);
}

static int open_pages(struct server *s, struct err *e)
{
	if (!s->o->ui_dir)
		return web_pages_open(web_pages_carried(), &s->pages, e);
	s->ui_folder = open(s->o->ui_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->ui_folder < 0 ? err_sys(e, errno, "%s", s->o->ui_dir) : 0;
}

static int read_proxies(struct server *s, struct err *e)
{
	const char *const *p = s->o->trusted_proxies;
	int r = s->o->proxy_tells
			? proxies_tell_find(str_from(s->o->proxy_tells), &s->proxies.tell, e)
			: 0;

	if (r < 0)
		return err_wrap(e, r, "--proxy-tells");
	for (; r == 0 && p && *p; p++)
		r = networks_add(&s->proxies.trusted, str_from(*p), e);
	return r < 0 ? err_wrap(e, r, "--trusted-proxy") : 0;
}

static int open_http(struct server *s, struct err *e)
{
	struct http_server_options o = {
		.address = s->o->listen,
		.tls = s->tls,
		.on_request = door_open,
		.ctx = s,
		.max_body_bytes = BODY_MAX_BYTES,
		.max_held_bytes = HELD_MAX_BYTES,
		.idle_s = IDLE_S,
		.max_connections = s->o->max_connections ? s->o->max_connections : CONNECTIONS,
		.max_per_peer = s->o->max_per_peer ? s->o->max_per_peer : PER_PEER,
		.proxies = &s->proxies,
	};
	int r = read_proxies(s, e);

	if (r == 0) {
		r = http_server_new(&o, &s->http, e);
		if (r < 0)
			r = err_wrap(e, r, "--listen");
	}
	if (r == 0)
		r = hub_new(s->http, PAGES_MAX, &s->hub, e);
	return r < 0 ? r : agent_door_new(s, &s->agents, e);
}

static int open_api(struct server *s, struct err *e)
{
	struct worker_pool_options w = { .threads = s->o->workers >= 2 ? s->o->workers : WORKERS,
					 .max_waiting = WAITING_MAX,
					 .arena_bytes = API_MAX_BODY * 16,
					 .where = s->where,
					 .series = s->series,
					 .watch = store_health_watch(s->health),
					 .work = door_work,
					 .ctx = s };
	int r = limiter_new(REQUESTS_A_SECOND, BURST, &s->api.by_address, e);

	if (r == 0)
		r = limiter_new(REQUESTS_A_SECOND, BURST, &s->api.by_user, e);
	if (r < 0)
		return r;
	s->api.doors = &api_doors;
	s->api.access = &s->access;
	s->api.zh = s->o->zh;
	s->api.log = log_line;
	s->api.publish = publish;
	s->api.health = s->health;
	s->api.ctx = s;
	s->api.database = s->o->vulnerability_database;
	return worker_pool_new(&w, &s->pool, e);
}

/** As many descriptors as may be had: a connection is one. */
static void raise_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int open_registries(struct server *s, struct err *e)
{
	const struct registry_service_options o = {
		.where = s->where,
		.state = s->o->state,
		.networks = s->o->notify_allow,
		.say = s->o->say,
		.ctx = s->o->ctx,
	};
	int r = registry_service_new(&o, &s->registries, e);

	s->api.registries = s->registries;
	return r;
}

/**
 * One console a folder, whichever engine: keys, certificates and what notifications wait in lie there. And one a SQLite store, which may
 * lie elsewhere.
 */
static int hold(struct server *s, struct err *e)
{
	OWNED_BUF path = BUF_INIT;
	int r;

	if (s->o->database && sql_check_where(s->o->database, e) < 0)
		return err_wrap(e, -EINVAL, "--database");
	r = file_make_dirs(s->o->state, FOLDER_MODE, e);
	buf_printf(&path, "%s/console.lock", s->o->state);
	if (r == 0)
		r = buf_error(&path) < 0 ? err_set(e, ENOMEM, "no memory for the console")
					 : file_lock(buf_cstr(&path), &s->folder_lock, e);
	if (r == -EBUSY)
		return err_set(e, EBUSY,
			       "another console works in '%s': end it first, or give this one a "
			       "folder of its own (--state)",
			       s->o->state);
	if (r < 0)
		return r == -ENOSPC ? r
				    : err_wrap(e, r, "--state: name a folder that can be written");
	if (!sql_names_postgres(s->where) && !str_ends(str_from(s->where), S(".db")))
		r = file_make_dirs(s->where, FOLDER_MODE, e);
	return r < 0 ? r : store_hold(s->where, &s->store_lock, e);
}

static int begin(struct server *s, struct err *e)
{
	int r = process_signals(false, &s->signals, e);

	(void)signal(SIGPIPE, SIG_IGN);
	raise_limits();
	if (r == 0)
		r = hold(s, e);
	if (r == 0)
		r = store_health_new(log_line, s, &s->health, e);
	if (r == 0)
		r = open_pages(s, e);
	if (r == 0 && !s->o->plain)
		r = server_load_tls(s, e);
	/* A low port may take a right that is given up then; who connects now is served as soon as all is there. */
	if (r == 0)
		r = open_http(s, e);
	if (r == 0)
		r = server_confine(s, e);
	if (r == 0)
		r = open_store(s, e);
	if (r == 0 && !s->o->plain)
		r = agent_authority_share(s, e);
	if (r == 0 && s->o->wants_token)
		r = agent_authority_token(s, e);
	/* Its processes are forked before there is a thread. */
	if (r == 0)
		r = open_registries(s, e);
	if (r == 0)
		r = series_index_new(0, 0, &s->series, e);
	if (r == 0)
		r = open_replica(s, e);
	if (r == 0)
		r = server_open_notify(s, e);
	if (r == 0)
		r = open_api(s, e);
	if (r == 0)
		r = server_start_jobs(s, e);
	return r < 0 ? advise(s, r, e) : 0;
}

/* ---- Running ---- */

void server_renew_tls(void *server)
{
	struct server *s = server;
	struct err e = { 0 };

	if (s->o->plain)
		return;
	if (server_load_tls(s, &e) < 0)
		server_say(s, "the certificates stay as they were: %s", e.text);
	else
		server_say(s, "the certificates were read again");
}

static void take_signals(struct server *s)
{
	struct signalfd_siginfo i;

	while (read(s->signals, &i, sizeof(i)) == sizeof(i)) {
		if (i.ssi_signo == SIGHUP) {
			server_renew_tls(s);
			continue;
		}
		s->stopping = true;
	}
}

static void tell_registries(struct server *s)
{
	struct registry_changes c = registry_service_changed(s->registries);

	if (c.registries)
		server_publish(s, S("registries"));
	if (c.findings)
		server_publish(s, S("findings"));
	/* Who ends all ends it, too: a service's manager signals every process at once. */
	if (c.ended && !s->stopping)
		server_say(s, "registries are watched no more: start the console anew");
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

static void turn(struct server *s, int most_ms)
{
	struct pollfd fds[] = { { .fd = http_server_fd(s->http), .events = POLLIN },
				{ .fd = s->signals, .events = POLLIN },
				{ .fd = registry_service_fd(s->registries), .events = POLLIN } };
	int wait_ms = http_server_work(s->http);

	wait_ms = sooner(sooner(wait_ms, hub_work(s->hub)), most_ms);
	wait_ms = sooner(wait_ms, agent_door_work(s->agents));
	(void)poll(fds, ARRAY_LEN(fds), wait_ms);
	if (fds[1].revents)
		take_signals(s);
	if (fds[2].revents)
		tell_registries(s);
}

static void serve(struct server *s)
{
	uint64_t until_ns;

	while (!s->stopping)
		turn(s, -1);
	http_server_drain(s->http);
	until_ns = clock_ns(CLOCK_MONOTONIC) + STOP_NS;
	while (!http_server_is_idle(s->http) && clock_ns(CLOCK_MONOTONIC) < until_ns)
		turn(s, 100);
}

static void finish(struct server *s)
{
	atomic_store(&s->is_over, true);
	/* Workers answer into the server, and hurry who fetches: they end before it. */
	worker_pool_free(s->pool);
	clockwork_free(s->clock);
	clockwork_free(s->fetching);
	/* What other replicas say may be for the registries' process. */
	replica_free(s->replica);
	/* It has the store open, too: who closes it last leaves it in one file. */
	registry_service_free(s->registries);
	notify_service_free(s->notify);
	series_index_free(s->series);
	store_health_free(s->health);
	http_server_free(s->http);
	hub_free(s->hub);
	agent_door_free(s->agents);
	tls_server_free(s->tls);
	limiter_free(s->api.by_address);
	limiter_free(s->api.by_user);
	access_done(&s->access);
	arena_done(&s->sign_in_memory);
	buf_done(&s->authority);
	fd_close(&s->ui_folder);
	fd_close(&s->signals);
	/* Last: whoever waits for them finds all at rest. */
	fd_close(&s->store_lock);
	fd_close(&s->folder_lock);
	free(s);
}

int console_run(const struct console_options *o, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ENOMEM, "no memory for the console");
	s->o = o;
	arena_init(&s->sign_in_memory, (size_t)4 << 20);
	r = o->sign_in_file
		    ? sign_in_config_read(o->sign_in_file, &s->sign_in_memory, &s->sign_in, e)
		    : 0;
	/* What it says, and the files it names, are what we were told: wrong usage like an option. */
	if (r < 0 && r != -ENOBUFS)
		r = err_wrap(e, -EINVAL, "--sign-in");
	/* The port may be a low one; server_confine() takes that right, too. */
	if (r == 0 && o->uid)
		r = privilege_become(o->uid, o->gid, PRIVILEGE(CAP_NET_BIND_SERVICE), e);
	access_init(&s->access, &(struct access_options){
					.separate_duties = o->separate_duties,
					.key_folder = o->state,
					.replace_key = o->replace_secret_key,
					.ldap = s->sign_in.has_ldap ? &s->sign_in.ldap : NULL,
					.oidc = s->sign_in.has_oidc ? &s->sign_in.oidc : NULL,
				});
	s->ui_folder = s->signals = s->folder_lock = s->store_lock = -1;
	s->began_ns = clock_ns(CLOCK_MONOTONIC);
	s->where = o->database ? o->database : o->state;
	snprintf(s->tls_folder, sizeof(s->tls_folder), "%s/tls", o->state);
	if (r == 0)
		r = begin(s, e);
	if (r == 0) {
		s->ready.port = http_server_port(s->http);
		s->ready.is_tls = !o->plain;
		o->on_ready(o->ctx, &s->ready);
		explicit_bzero(s->ready.accounts, sizeof(s->ready.accounts));
		explicit_bzero(s->ready.token, sizeof(s->ready.token));
		serve(s);
	}
	finish(s);
	return r;
}

#include "console/server/server.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/word.h"
#include "console/store/store_fact.h"
#include "console/store/store.h"

/* As doc/formats/web-blob.md has it. */
#define PAGE_POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " \
	"'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"
#define DATA_POLICY "default-src 'none'; frame-ancestors 'none'"
#define TEXT "text/plain; charset=utf-8"

enum { AGAIN_MS = 1000 };

enum kind { KIND_API, KIND_STREAM, KIND_AGENT, KIND_ERRAND, KIND_READY };

/** A request on its way through a worker and back. */
struct job {
	struct server *server;
	struct http_server_exchange *x;
	enum kind kind;
	int status;
	const char *type;
	struct buf body;
	struct buf texts; /* the values of `fields`, one behind the other */
	struct {
		const char *name;
		size_t at;
	} fields[API_MAX_HEADERS];
	size_t field_count;
	bool stream; /* the caller may listen */
	/* KIND_AGENT, KIND_ERRAND */
	int64_t came_ns; /* CLOCK_REALTIME when the request was here */
	bool commands;   /* the answer is a stream of commands */
	char agent[FLEET_AGENT_BYTES];
	int64_t after;
	void *errand;
};

static void add(struct http_server_reply *r, const char *name, const char *value)
{
	assert(r->field_count < HTTP_SERVER_MAX_FIELDS);
	r->fields[r->field_count++] = (struct http_server_field){ name, value };
}

static bool has_field(const struct http_server_reply *r, const char *name)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (str_eq_nocase(str_from(r->fields[i].name), str_from(name)))
			return true;
	return false;
}

/* What every answer carries, whoever made it. */
static void secure(const struct server *s, struct http_server_reply *r, const char *policy)
{
	add(r, "Content-Security-Policy", policy);
	add(r, "X-Content-Type-Options", "nosniff");
	add(r, "Referrer-Policy", "no-referrer");
	add(r, "Cross-Origin-Opener-Policy", "same-origin");
	add(r, "Cross-Origin-Resource-Policy", "same-origin");
	/* With a certificate of our own nobody could go on past its warning any more (RFC 6797 section 12.1). */
	if (s->o->tls_cert)
		add(r, "Strict-Transport-Security", "max-age=31536000");
	if (!has_field(r, "Cache-Control"))
		add(r, "Cache-Control", "no-store");
}

static void answer_text(struct server *s, struct http_server_exchange *x, int status, str text)
{
	struct http_server_reply r = { .status = status, .type = TEXT, .body = text };

	if (status == 503)
		add(&r, "Retry-After", "1");
	secure(s, &r, DATA_POLICY);
	http_server_answer(x, &r);
}

static void free_job(struct job *j)
{
	buf_done(&j->body);
	buf_done(&j->texts);
	free(j);
}

/* ---- On a worker's thread ---- */

static str header_of(const void *head, const char *name)
{
	const struct http_head *h = head;

	return http_head_field(h, name);
}

static struct api_request request_of(const struct http_server_request *q)
{
	return (struct api_request){ .method = q->head.method,
				     .path = q->head.path,
				     .query = q->head.query,
				     .body = q->body,
				     .peer = str_from(q->peer),
				     .tls = q->is_tls,
				     .headers = &q->head,
				     .header = header_of };
}

static void keep_reply(struct job *j, const struct api_reply *r)
{
	j->status = r->status;
	j->type = r->type;
	buf_add(&j->body, r->body);
	for (size_t i = 0; i < r->header_count; i++) {
		j->fields[i].name = r->headers[i].name;
		j->fields[i].at = j->texts.n;
		buf_add(&j->texts, r->headers[i].value);
		buf_byte(&j->texts, '\0');
	}
	j->field_count = r->header_count;
	if (buf_error(&j->body) || buf_error(&j->texts))
		j->status = 503;
}

/** What pages hear of when a request changed something, by the first word of its path. */
static const struct {
	str word;
	const char *topic;
} changes[] = {
	{ { "alerts", 6 }, "alerts" },
	{ { "acceptances", 11 }, "findings" },
	{ { "vulnerabilities", 15 }, "findings" },
	{ { "images", 6 }, "findings" },
	{ { "agents", 6 }, "agents" },
	{ { "rules", 5 }, "rules" },
	{ { "rule-files", 10 }, "rules" },
	{ { "notifications", 13 }, "notifications" },
	{ { "intelligence", 12 }, "notifications" },
	{ { "users", 5 }, "users" },
	{ { "roles", 5 }, "users" },
	{ { "settings", 8 }, "settings" },
};

/* What is new gives; what is changed or taken away may end what somebody listens by. */
static bool changes_callers(const struct http_head *h, str word)
{
	static const char *const words[] = { "session", "sessions", "users", "roles", "tokens" };

	return WORD_FIND(words, word) >= 0 &&
	       (!str_is(h->method, "POST") || str_ends(h->path, S("/password")));
}

static void tell_change(struct server *s, const struct http_head *h)
{
	str rest = str_skip(h->path, sizeof("/api/v1/") - 1), word = str_cut(&rest, '/');

	if (str_is(h->method, "GET") || str_is(h->method, "HEAD"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (str_eq(word, changes[i].word))
			server_publish(s, str_from(changes[i].topic));
	if (changes_callers(h, word))
		server_publish(s, S(HUB_CALLERS));
}

/* A connection that was lost while nobody asked is found out by the next request, and made anew by the one after: reading may as
 * well be that one. */
static void ask_api(struct server *s, struct worker *w, const struct api_request *q,
		    struct api_reply *ret)
{
	uint64_t began_ms = clock_ms(CLOCK_MONOTONIC);

	api_answer(&s->api, w->store, &w->arena, q, ret);
	if (ret->status == 503 && str_is(q->method, "GET") &&
	    clock_ms(CLOCK_MONOTONIC) - began_ms < AGAIN_MS)
		api_answer(&s->api, w->store, &w->arena, q, ret);
}

static void work_api(struct job *j, struct worker *w)
{
	struct api_request q = request_of(http_server_request(j->x));
	struct api_reply r;

	ask_api(j->server, w, &q, &r);
	keep_reply(j, &r);
	if (r.status < 300)
		tell_change(j->server, &http_server_request(j->x)->head);
}

/* Who may see a session of theirs may listen: what is told is no more than that something changed. */
static void work_stream(struct job *j, struct worker *w)
{
	struct api_request q = request_of(http_server_request(j->x));
	struct api_reply r;

	q.path = S("/api/v1/session");
	q.query = (str){ 0 };
	ask_api(j->server, w, &q, &r);
	j->stream = r.status == 200;
	if (!j->stream)
		keep_reply(j, &r);
}

/** Why nobody should be sent here; NULL: they may be. */
static const char *why_not_ready(int answer, int fault)
{
	switch (fault) {
	case 0:
		return answer < 0 ? "the database does not answer\n" : NULL;
	case ENOSPC:
		return "the store is full: nothing can be written\n";
	case EBADFD:
		return "the store's file was moved away, deleted or replaced\n";
	case EUCLEAN:
		return "the store is damaged\n";
	default:
		return "the store cannot be written\n";
	}
}

static void work_ready(struct job *j, struct worker *w)
{
	struct err e = { 0 };
	const char *why, *but = "";
	int64_t days = 0;
	int r = -EIO, fault;

	/* Twice, for the same reason. */
	for (int i = 0; i < 2 && r < 0; i++)
		r = store_clock_ahead(w->store->sql, store_now(), &days, &e);
	fault = store_health_look(j->server->health, w->store->sql);
	/* A page that PostgreSQL cannot read is no reason to send nobody to any of the replicas, which all have it. */
	if (fault == EUCLEAN && sql_is_postgres(w->store->sql)) {
		fault = 0;
		but = "a part of the database is damaged: see the log\n";
	}
	why = why_not_ready(r, fault);
	j->status = why ? 503 : 200;
	j->type = TEXT;
	buf_printf(&j->body, "%s%s", why ? why : "ready\n", why ? "" : but);
	if (r > 0 && !why)
		buf_printf(&j->body,
			   "the clock is %" PRId64 " days ahead: nothing old is thrown away by it "
			   "yet\n",
			   days);
}

static void work_agent(struct job *j, struct worker *w)
{
	struct fleet_reply r;
	char number[16];

	agent_door_answer(j->server->agents, w, http_server_request(j->x), j->came_ns, &r);
	j->status = r.status;
	j->type = r.type;
	buf_add(&j->body, r.body);
	j->commands = r.is_stream;
	memcpy(j->agent, r.agent, sizeof(j->agent));
	j->after = r.after;
	if (r.retry_after_s || r.tells_protocol) {
		snprintf(number, sizeof(number), "%u",
			 r.retry_after_s ? r.retry_after_s : FLEET_PROTOCOL);
		j->fields[0].name = r.retry_after_s ? "Retry-After" : "Skep-Agent-Protocol";
		buf_add(&j->texts, str_from(number));
		buf_byte(&j->texts, '\0');
		j->field_count = 1;
	}
	if (buf_error(&j->body) || buf_error(&j->texts)) {
		j->status = 503;
		j->commands = false;
		j->field_count = 0;
	}
}

static void deliver(void *arg);

void door_work(void *ctx, struct worker *w, void *arg)
{
	struct server *s = ctx;
	struct job *j = arg;

	switch (j->kind) {
	case KIND_API:
		work_api(j, w);
		break;
	case KIND_STREAM:
		work_stream(j, w);
		break;
	case KIND_READY:
		work_ready(j, w);
		break;
	case KIND_AGENT:
		work_agent(j, w);
		break;
	case KIND_ERRAND:
		agent_door_do(s->agents, w, j->errand);
		free_job(j);
		return;
	}
	/* Only memory can be missing; the next try has it. */
	while (http_server_post(s->http, deliver, j) < 0)
		usleep(1000);
}

/* ---- On the loop's thread ---- */

static void deliver_stream(struct job *j)
{
	struct http_server_reply r = { .status = 200,
				       .type = "text/event-stream",
				       .body = S("retry: 3000\n\n") };

	add(&r, "X-Accel-Buffering", "no");
	secure(j->server, &r, DATA_POLICY);
	if (j->server->stopping)
		answer_text(j->server, j->x, 503, S("the console is ending\n"));
	else
		hub_open(j->server->hub, j->x, &r);
}

static void deliver(void *arg)
{
	struct job *j = arg;
	struct http_server_reply r = { .status = j->status,
				       .type = j->type,
				       .body = buf_str(&j->body) };

	if (j->stream) {
		deliver_stream(j);
		free_job(j);
		return;
	}
	for (size_t i = 0; i < j->field_count; i++)
		add(&r, j->fields[i].name, buf_cstr(&j->texts) + j->fields[i].at);
	secure(j->server, &r, DATA_POLICY);
	if (j->commands && !j->server->stopping)
		agent_door_open(j->server->agents, j->x, &r, j->agent, j->after);
	else
		http_server_answer(j->x, &r);
	free_job(j);
}

int server_give_errand(struct server *s, void *errand)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return -EAGAIN;
	*j = (struct job){ .server = s, .kind = KIND_ERRAND, .errand = errand };
	if (worker_pool_give(s->pool, WORKER_AGENTS, j) == 0)
		return 0;
	free(j);
	return -EAGAIN;
}

static void give(struct server *s, struct http_server_exchange *x, enum kind kind)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j)
		*j = (struct job){
			.server = s, .x = x, .kind = kind, .came_ns = store_now(), .status = 500
		};
	if (j &&
	    worker_pool_give(s->pool, kind == KIND_AGENT ? WORKER_AGENTS : WORKER_PEOPLE, j) == 0)
		return;
	free(j);
	answer_text(s, x, 503, S("too much is asked at once\n"));
}

static void answer_page(struct server *s, struct http_server_exchange *x, const struct web_page *p,
			bool stays)
{
	const struct http_head *h = &http_server_request(x)->head;
	struct http_server_reply r = { .status = 200, .body = p->body, .body_stays = stays };
	OWNED_BUF texts = BUF_INIT;
	size_t etag;

	buf_printf(&texts, "%.*s%c%.*s", STR_ARG(p->type), 0, STR_ARG(p->etag));
	etag = p->type.n + 1;
	r.type = buf_cstr(&texts);
	if (p->etag.n) {
		add(&r, "ETag", buf_cstr(&texts) + etag);
		add(&r, "Vary", "Accept-Encoding");
	}
	if (p->encoding)
		add(&r, "Content-Encoding", p->encoding);
	add(&r, "Cache-Control", p->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	secure(s, &r, PAGE_POLICY);
	if (p->etag.n && str_eq(http_head_field(h, "if-none-match"), p->etag))
		r.status = 304, r.body = (str){ 0 };
	http_server_answer(x, &r);
}

static void serve_page(struct server *s, struct http_server_exchange *x)
{
	const struct http_head *h = &http_server_request(x)->head;
	struct web_page page;
	struct arena a;
	bool found;

	if (s->ui_folder < 0) {
		if (web_pages_find(&s->pages, h->path, http_head_field(h, "accept-encoding"),
				   &page))
			answer_page(s, x, &page, true);
		else
			answer_text(s, x, 404, S("there is no such page\n"));
		return;
	}
	arena_init(&a, (size_t)64 << 20);
	found = web_pages_load(s->ui_folder, h->path, &a, &page, NULL) == 0;
	if (found)
		answer_page(s, x, &page, false);
	else
		answer_text(s, x, 404, S("there is no such page\n"));
	arena_done(&a);
}

/** Somebody on this host, and not by way of a proxy. */
static bool is_local(const struct http_server_request *q)
{
	return (strncmp(q->peer, "127.", 4) == 0 || strcmp(q->peer, "::1") == 0) &&
	       !q->is_proxied && !http_head_field(&q->head, "forwarded").p &&
	       !http_head_field(&q->head, "x-forwarded-for").p;
}

static void serve_metrics(struct server *s, struct http_server_exchange *x)
{
	struct http_server_reply r = { .status = 200,
				       .type = "text/plain; version=0.0.4; charset=utf-8" };
	OWNED_BUF text = BUF_INIT;

	if (!is_local(http_server_request(x))) {
		answer_text(s, x, 403, S("figures are told on this host alone\n"));
		return;
	}
	server_metrics(s, &text);
	r.body = buf_str(&text);
	secure(s, &r, DATA_POLICY);
	http_server_answer(x, &r);
}

void door_open(void *ctx, struct http_server_exchange *x)
{
	struct server *s = ctx;
	const struct http_head *h = &http_server_request(x)->head;
	bool gets = str_is(h->method, "GET") || str_is(h->method, "HEAD");

	if (str_starts(h->path, S("/agent/")))
		give(s, x, KIND_AGENT);
	else if (gets && str_is(h->path, "/api/v1/events"))
		give(s, x, KIND_STREAM);
	else if (str_starts(h->path, S("/api/")))
		give(s, x, KIND_API);
	else if (!gets)
		answer_text(s, x, 405, S("only GET\n"));
	else if (str_is(h->path, "/healthz"))
		answer_text(s, x, 200, S("ok\n"));
	else if (str_is(h->path, "/readyz"))
		give(s, x, KIND_READY);
	else if (str_is(h->path, "/metrics"))
		serve_metrics(s, x);
	else
		serve_page(s, x);
}

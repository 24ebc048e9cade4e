#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "codec/digest.h"
#include "prog/agent/output.h"
#include "wire/spool.h"
#include "wire/http_flow.h"
#include "wire/url.h"

/* Alerts wait on disk as JSON; one request at a time takes a batch, and what is answered by 2xx is forgotten. */
#define PAUSE_MOST_NS (60 * SECOND_NS)
enum {
	BATCH_BYTES = 1 << 20,
	HEADERS_MAX = 32,
	HEADERS_MAX_BYTES = 64 << 10,
	ANSWER_MAX = 1 << 20,
	ANSWER_S = 30
};

struct hook {
	struct output head;
	struct http_options http;
	const char *url;
	char *origin; /* of the URL; its path may be a secret */
	const char *folder, *ca_file;
	struct arena arena;
	const char *headers[HEADERS_MAX + 2];
	struct http_flows *flows;
	struct http_flow *flow;
	struct spool *spool;
	struct buf body;
	size_t batch_max, batch; /* alerts a request may hold, and holds */
	size_t careful;          /* so many are told one by one: together they were refused */
	uint64_t pause_ns, next_ns, synced_ns, now_ns, spool_lost;
};

static void close_hook(struct output *o)
{
	struct hook *h = (struct hook *)o;

	http_flow_stop(h->flow);
	http_flows_free(h->flows);
	spool_close(h->spool);
	buf_done(&h->body);
	arena_done(&h->arena);
	free(h->origin);
	free(h);
}

/** "Name: value" lines; empty ones and those that begin with '#' are passed over. */
static int read_headers(struct hook *h, const char *path, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	size_t n = 0;
	str rest, all;
	int r;

	h->headers[n++] = "Content-Type: application/json";
	if (!path)
		return 0;
	r = file_read(AT_FDCWD, path, HEADERS_MAX_BYTES, &text, e);
	if (r < 0)
		return r;
	all = arena_str(&h->arena, buf_str(&text));
	if (text.n && !all.p)
		return err_sys(e, ENOMEM, "'%s'", path);
	for (rest = all; rest.n;) {
		str line = str_trim(str_line(&rest));

		if (line.n == 0 || line.p[0] == '#')
			continue;
		/* Never the line itself: it is a secret. */
		if (str_find(line, ':') == line.n || n > HEADERS_MAX)
			return err_set(e, EINVAL,
				       "'%s': \"Name: value\" is expected on each line, at most %d",
				       path, HEADERS_MAX);
		h->headers[n] = arena_str(&h->arena, line).p;
		if (!h->headers[n++])
			return err_sys(e, ENOMEM, "'%s'", path);
	}
	return 0;
}

static int take_url(struct hook *h, const char *url, struct err *e)
{
	struct url u;

	if (!url_split(str_from(url), &u) ||
	    !(str_eq_nocase(u.scheme, S("https")) || str_eq_nocase(u.scheme, S("http"))))
		return err_set(e, EINVAL, "--webhook wants https://HOST/PATH");
	if (asprintf(&h->origin, "%.*s://%.*s%s%.*s", STR_ARG(u.scheme), STR_ARG(u.host),
		     u.port.n ? ":" : "", STR_ARG(u.port)) < 0) {
		h->origin = NULL;
		return err_sys(e, ENOMEM, "webhook");
	}
	h->url = url;
	return 0;
}

static int open_one(struct output **list, const struct option_set *o, const char *url,
		    struct err *e)
{
	struct hook *h = calloc(1, sizeof(*h));
	uint8_t sum[SHA256_BYTES];
	char name[32] = "webhook-";
	int r;

	if (!h)
		return err_sys(e, ENOMEM, "webhook");
	arena_init(&h->arena, (size_t)1 << 20);
	sha256_of(str_from(url), sum);
	hex_render(sum, 8, name + strlen(name));
	h->batch_max = (size_t)MAX(option_number(o, "webhook-batch", 100), 1);
	h->folder = option_text(o, "spool");
	h->ca_file = h->http.ca_file = option_text(o, "webhook-ca");
	h->http.stall_s = ANSWER_S;
	r = take_url(h, url, e);
	if (r == 0)
		r = read_headers(h, option_text(o, "webhook-headers"), e);
	if (r == 0)
		r = http_flows_new(&h->flows, e);
	if (r == 0)
		r = spool_open(h->folder, name, option_number(o, "spool-size", 0), &h->spool, e);
	if (r < 0) {
		close_hook(&h->head);
		return r;
	}
	output_add(list, &h->head, &output_webhook, h->origin);
	return 0;
}

static int open_hooks(struct output **list, const struct option_set *o, struct err *e)
{
	int r = 0;

	for (const char *const *u = option_list(o, "webhook", NULL); *u && r == 0; u++)
		r = open_one(list, o, *u, e);
	return r;
}

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	return spool_add(((struct hook *)o)->spool, a->json, e);
}

/** Takes a batch into the body: one object, or an array when more than one may go at once. */
static int fill(struct hook *h, struct err *e)
{
	size_t most = h->careful ? 1 : h->batch_max;
	bool is_array = h->batch_max > 1;
	int r = 0;

	buf_reset(&h->body);
	h->batch = 0;
	while (h->batch < most && h->body.n < BATCH_BYTES) {
		str line = { 0 };

		r = spool_next(h->spool, &line, e);
		if (r <= 0)
			break;
		if (is_array)
			buf_byte(&h->body, h->batch ? ',' : '[');
		buf_add(&h->body, line);
		h->batch++;
	}
	if (is_array && h->batch)
		buf_byte(&h->body, ']');
	return r < 0 ? r : buf_error(&h->body);
}

static void retry(struct hook *h, const char *why)
{
	spool_back(h->spool);
	output_fails(&h->head, why);
	h->pause_ns = h->pause_ns ? MIN(2 * h->pause_ns, PAUSE_MOST_NS) : SECOND_NS;
	h->next_ns = h->now_ns + h->pause_ns;
}

/** The receiver will never take this; alone, it is given up. */
static void refused(struct hook *h, int status)
{
	char why[80];

	snprintf(why, sizeof(why), "it refuses an alert (%d)", status);
	if (h->batch > 1) {
		h->careful = h->batch;
		spool_back(h->spool);
		return;
	}
	h->head.lost++;
	output_fails(&h->head, why);
	(void)spool_ack(h->spool, NULL);
	h->careful -= h->careful > 0;
}

static void on_end(void *ctx, int result, int status)
{
	struct hook *h = ctx;
	char why[120];

	h->flow = NULL;
	if (result == 0 && status / 100 == 2) {
		(void)spool_ack(h->spool, NULL);
		h->head.told += h->batch;
		h->careful -= MIN(h->careful, h->batch);
		h->pause_ns = 0;
		output_works(&h->head);
	} else if (result == 0 &&
		   (status == 400 || status == 413 || status == 415 || status == 422)) {
		refused(h, status);
	} else {
		if (result < 0)
			snprintf(why, sizeof(why), "%s; trying again", http_flow_failure(result));
		else
			snprintf(why, sizeof(why), "it answers %d; trying again", status);
		retry(h, why);
	}
	h->batch = 0;
}

static void start(struct hook *h)
{
	struct http_flow_request q = { .url = h->url,
				       .headers = h->headers,
				       .max_body = ANSWER_MAX,
				       .total_s = ANSWER_S,
				       .on_end = on_end,
				       .ctx = h };
	struct err e = { 0 };
	int r = fill(h, &e);

	if (r == 0 && h->batch == 0)
		return;
	q.body = buf_str(&h->body);
	if (r == 0)
		r = http_flow_start(h->flows, &h->http, &q, &h->flow, &e);
	if (r < 0)
		retry(h, e.text[0] ? e.text : strerror(-r));
}

static void tick(struct output *o, uint64_t now_ns)
{
	struct hook *h = (struct hook *)o;

	h->now_ns = now_ns;
	http_flows_work(h->flows);
	if (!h->flow && now_ns >= h->next_ns)
		start(h);
	o->lost += spool_lost(h->spool) - h->spool_lost;
	h->spool_lost = spool_lost(h->spool);
	o->waiting = spool_waiting(h->spool);
	if (now_ns - h->synced_ns > SECOND_NS) {
		h->synced_ns = now_ns;
		spool_sync(h->spool);
	}
}

static int fd(const struct output *o, short *ret_events)
{
	*ret_events = POLLIN;
	return http_flows_fd(((const struct hook *)o)->flows);
}

static void places(const struct output *o, struct output_places *p)
{
	output_place(p, ((const struct hook *)o)->ca_file, false);
	output_place(p, ((const struct hook *)o)->folder, true);
}

const struct output_kind output_webhook = {
	.name = "webhook",
	.open = open_hooks,
	.tell = tell,
	.tick = tick,
	.fd = fd,
	.places = places,
	.close = close_hook,
};

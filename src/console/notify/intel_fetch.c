#include "console/notify/intel_fetch.h"

#include <poll.h>

#include "base/buf.h"
#include "base/clock.h"
#include "codec/json.h"
#include "codec/mac.h"
#include "wire/http_flow.h"
#include "wire/url.h"

enum { TOTAL_S = 120, CONNECT_WAIT_S = 15, POLL_MS = 200, REDIRECTS = 5 };

#define TAXII "application/taxii+json"
#define ACCEPT "Accept: " TAXII ";version=2.1, application/json;q=0.9, text/plain;q=0.8, */*;q=0.5"

/* One exchange. */
struct exchange {
	struct buf body;
	struct buf etag, modified, type, added;
	bool done;
	int result, status;
};

static void free_exchange(struct exchange *x)
{
	buf_done(&x->body);
	buf_done(&x->etag);
	buf_done(&x->modified);
	buf_done(&x->type);
	buf_done(&x->added);
}

int intel_fetch_check(str url, struct err *e)
{
	struct url u;

	if (!url_split(url, &u) || !str_eq_nocase(u.scheme, S("https")) || !u.host.n)
		return err_set(e, EINVAL, "a feed is fetched by https only");
	if (u.user.n)
		return err_set(e, EINVAL,
			       "a feed's URL names no user: give `authorization` instead");
	return 0;
}

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
}

static int on_body(void *ctx, str bytes)
{
	struct exchange *x = ctx;

	buf_add(&x->body, bytes);
	return buf_error(&x->body);
}

static void on_header(void *ctx, str name, str value)
{
	struct exchange *x = ctx;
	struct buf *to = str_eq_nocase(name, S("etag"))                      ? &x->etag
			 : str_eq_nocase(name, S("last-modified"))           ? &x->modified
			 : str_eq_nocase(name, S("content-type"))            ? &x->type
			 : str_eq_nocase(name, S("x-taxii-date-added-last")) ? &x->added
									     : NULL;

	if (!to || value.n >= INTEL_FETCH_TAG_BYTES)
		return;
	buf_reset(to);
	buf_add(to, value);
}

static void on_end(void *ctx, int result, int status)
{
	struct exchange *x = ctx;

	x->done = true;
	x->result = result;
	x->status = status;
}

static int judge(const struct exchange *x, struct err *e)
{
	if (x->result == -E2BIG)
		return err_set(e, E2BIG, "the feed has more than %u bytes", INTEL_FETCH_MAX_BYTES);
	if (x->result < 0)
		return err_set(e, EPROTO, "%s", http_flow_failure(x->result));
	if (x->status != 200 && x->status != 304)
		return err_set(e, EPROTO, "it answers %d", x->status);
	return 0;
}

static int wait_for(const struct intel_fetch *f, struct http_flows *flows, struct exchange *x,
		    struct err *e)
{
	while (!x->done) {
		struct pollfd p = { .fd = http_flows_fd(flows), .events = POLLIN };

		if (f->is_over && f->is_over(f->ctx))
			return err_set(e, ECANCELED, "the console is ending");
		(void)!poll(&p, 1, POLL_MS);
		http_flows_work(flows);
	}
	return judge(x, e);
}

/** @param tagged ask only for what is not there already */
static int exchange(const struct intel_fetch *f, struct http_flows *flows, const char *url,
		    bool tagged, uint64_t left, struct arena *a, struct exchange *x, struct err *e)
{
	const char *headers[5] = { ACCEPT };
	struct http_options o = { .ca_file = f->ca_file, .max_redirects = REDIRECTS };
	struct http_flow_request q = { .url = url,
				       .headers = headers,
				       .reach = f->reach,
				       .max_body = left,
				       .total_s = TOTAL_S,
				       .connect_s = CONNECT_WAIT_S,
				       .on_header = on_header,
				       .on_body = on_body,
				       .on_end = on_end,
				       .ctx = x };
	struct http_flow *flow;
	size_t n = 1;
	int r;

	if (f->authorization.n)
		headers[n++] = arena_printf(a, "Authorization: %.*s", STR_ARG(f->authorization)).p;
	if (tagged && f->etag.n)
		headers[n++] = arena_printf(a, "If-None-Match: %.*s", STR_ARG(f->etag)).p;
	if (tagged && f->modified.n)
		headers[n++] = arena_printf(a, "If-Modified-Since: %.*s", STR_ARG(f->modified)).p;
	for (size_t i = 0; i < n; i++)
		if (!headers[i])
			return spent(e);
	r = http_flow_start(flows, &o, &q, &flow, e);
	return r < 0 ? r : wait_for(f, flows, x, e);
}

/* Appends @p url without what it says of @p name, or of another page. */
static void put_without(struct buf *out, str url, str name)
{
	char sep = '?';

	url = str_take(url, str_find(url, '#'));
	buf_add(out, str_cut(&url, '?'));
	while (url.n) {
		str part = str_cut(&url, '&'), key = part;

		key = str_cut(&key, '=');
		if (!part.n || str_eq(key, name) || str_is(key, "next"))
			continue;
		buf_byte(out, sep);
		buf_add(out, part);
		sep = '&';
	}
	buf_byte(out, sep);
}

/**
 * Where the page after the one at @p at is: servers say it, or when what they gave was added (section 3.4).
 *
 * @param ret_url NULL: this was the last
 * @param ret_gap what is not there, where more is and nothing says how to ask for it
 */
static int next_page(const char *at, str page, str added, struct arena *a, const char **ret_url,
		     str *ret_gap, struct err *e)
{
	OWNED_BUF url = BUF_INIT;
	struct value v = { 0 };
	struct err gap = { 0 };
	int r = json_parse(page, a, &v, e);
	str next, name;

	*ret_url = NULL;
	if (r < 0)
		return r;
	next = value_get_str(&v, "next");
	if (!value_is_true(value_get(&v, "more")))
		return 0;
	if (!next.n && !added.n) {
		(void)!err_set(&gap, EPROTO,
			       "the feed has more than was read, and does not say where");
		*ret_gap = arena_str(a, str_from(gap.text));
		return ret_gap->p ? 0 : spent(e);
	}
	name = next.n ? S("next") : S("added_after");
	put_without(&url, str_from(at), name);
	buf_add(&url, name);
	buf_byte(&url, '=');
	url_escape(&url, next.n ? next : added);
	*ret_url = arena_str(a, buf_str(&url)).p;
	return buf_error(&url) || !*ret_url ? spent(e) : 0;
}

/** What was asked for before would be told again, and what it leads to, without end. */
static int check_new(const char *url, const char *const *read, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(url, read[i]) == 0)
			return err_set(e, EPROTO,
				       "the feed has a page that leads to one that was read");
	return 0;
}

static int keep_page(struct exchange *x, struct arena *a, struct intel_fetched *to, struct err *e)
{
	to->pages[to->count] = arena_str(a, buf_str(&x->body));
	if (!to->pages[to->count++].p)
		return spent(e);
	return 0;
}

static int fetch_pages(const struct intel_fetch *f, struct http_flows *flows, struct arena *a,
		       struct intel_fetched *to, struct err *e)
{
	const char *url = arena_str(a, f->url).p, *read[INTEL_FETCH_MAX_PAGES];
	uint64_t left = INTEL_FETCH_MAX_BYTES;
	int r = url ? 0 : spent(e);

	while (r == 0 && url) {
		CLEANUP(free_exchange) struct exchange x = { 0 };
		const char *at = url;

		if (to->count == INTEL_FETCH_MAX_PAGES)
			return err_set(e, E2BIG, "the feed has more than %d pages",
				       INTEL_FETCH_MAX_PAGES);
		read[to->count] = at;
		r = exchange(f, flows, at, to->count == 0, left, a, &x, e);
		url = NULL;
		if (r < 0)
			break;
		to->is_unchanged = x.status == 304 && to->count == 0;
		if (to->is_unchanged)
			break;
		r = keep_page(&x, a, to, e);
		left -= MIN(left, x.body.n);
		if (r == 0 && str_starts(buf_str(&x.type), S(TAXII)))
			r = next_page(at, to->pages[to->count - 1], str_trim(buf_str(&x.added)), a,
				      &url, &to->gap, e);
		if (r == 0 && url)
			r = check_new(url, read, to->count, e);
		if (r == 0 && url && left == 0)
			return err_set(e, E2BIG, "the feed has more than %u bytes",
				       INTEL_FETCH_MAX_BYTES);
		/* Of many pages the first one's tag says nothing about the others, and what is not whole is asked for anew. */
		if (r == 0 && !url && to->count == 1 && !to->gap.n) {
			to->etag = arena_str(a, buf_str(&x.etag));
			to->modified = arena_str(a, buf_str(&x.modified));
		}
	}
	return r;
}

int intel_fetch(const struct intel_fetch *f, struct arena *a, struct intel_fetched *ret,
		struct err *e)
{
	struct intel_fetched got = { .etag = S(""), .modified = S(""), .gap = S("") };
	struct http_flows *flows;
	int r = intel_fetch_check(f->url, e);

	got.pages = ARENA_ARRAY(a, INTEL_FETCH_MAX_PAGES, str);
	if (r == 0 && !got.pages)
		r = spent(e);
	if (r == 0)
		r = http_flows_new(&flows, e);
	if (r < 0)
		return r;
	r = fetch_pages(f, flows, a, &got, e);
	http_flows_free(flows);
	if (r < 0)
		return r;
	*ret = got;
	return 0;
}

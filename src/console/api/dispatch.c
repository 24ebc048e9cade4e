#include "console/api/dispatch.h"

#include "base/clock.h"
#include "base/text.h"
#include "codec/json.h"
#include "console/access/session.h"
#include "console/api/problem.h"

/* As many times as a transaction is tried that another one was in the way of. */
#define TRIES 5
#define MAX_ID_BYTES 512

static const api_handler handlers[] = {
#define X(m, p, handler, who, b, q, s, a, code, ef, en, zh) api_##handler,
#include "console/api/route.def"
#undef X
};

static api_handler handler_of(const struct route *r)
{
	size_t count;

	return handlers[r - route_table(&count)];
}

static str header(const struct call *c, const char *name)
{
	return c->request->header(c->request->headers, name);
}

/* What is answered when even the problem does not fit in memory. */
static void answer_nothing(struct api_reply *ret)
{
	*ret = (struct api_reply){
		.status = 503,
		.type = "application/problem+json",
		.body = S(
			"{\"type\":\"about:blank\",\"title\":\"Not now; try again\",\"status\":503,"
			"\"code\":\"unavailable\",\"detail\":\"out of memory\",\"instance\":\"\"}"),
	};
}

static void finish(struct call *c, int status, const char *type, struct api_reply *ret)
{
	str body = arena_str(c->arena, buf_str(&c->out));

	if (buf_error(&c->out) || !body.p) {
		answer_nothing(ret);
		return;
	}
	*ret = (struct api_reply){ .status = status, .type = body.n ? type : NULL, .body = body };
	memcpy(ret->headers, c->headers, c->header_count * sizeof(c->headers[0]));
	ret->header_count = c->header_count;
}

static void refuse(struct call *c, enum problem_id id, str detail, const struct fault_list *faults,
		   struct api_reply *ret)
{
	struct problem p = { .id = id, .code = c->code, .detail = detail, .faults = faults };
	OWNED_BUF instance = BUF_INIT;
	char seconds[16];

	c->header_count = 0;
	if (c->retry_after_s) {
		snprintf(seconds, sizeof(seconds), "%u", c->retry_after_s);
		if (call_header(c, "Retry-After", str_from(seconds)) < 0)
			c->header_count = 0;
	}
	if (id == PROBLEM_UNAUTHENTICATED)
		c->headers[c->header_count++] =
			(struct api_header){ "WWW-Authenticate", S("Bearer realm=\"skep\"") };
	c->headers[c->header_count++] = (struct api_header){ "Cache-Control", S("no-store") };
	text_escape(str_take(c->request->path, 256), &instance);
	p.instance = buf_str(&instance);
	buf_reset(&c->out);
	problem_render(&p, c->lang, &c->out);
	finish(c, problem_row(id)->status, "application/problem+json", ret);
}

/* A failure of ours is told in full to the log alone: its words may name what a caller should not see. */
static void refuse_error(struct call *c, int error, const struct err *e, struct api_reply *ret)
{
	enum problem_id id = problem_of(error);
	int status = problem_row(id)->status;

	if (id == PROBLEM_UNAVAILABLE && !c->retry_after_s)
		c->retry_after_s = 1;
	if (status >= 500 && c->api->log && store_health_fault(c->api->health) != -error) {
		char line[ERR_TEXT_BYTES + 256];

		snprintf(line, sizeof(line), "%s %s: %s", route_method_name(c->route->method),
			 c->route->path, e->code ? e->text : strerror(-error));
		c->api->log(c->api->ctx, line);
	}
	refuse(c, id, status < 500 && e->code ? str_from(e->text) : (str){ 0 }, NULL, ret);
}

/* The first language of Accept-Language (RFC 9110, 12.5.4) that we speak; weights are passed over, as browsers send
 * the languages in their order. */
static enum lang read_language(str accepted)
{
	enum lang lang;

	while (accepted.n) {
		str range = str_cut(&accepted, ',');

		if (lang_find(str_trim(str_cut(&range, ';')), &lang) == 0)
			return lang;
	}
	return LANG_EN;
}

static bool limited(struct call *c, struct limiter *l, str name, struct api_reply *ret)
{
	unsigned int wait_s = l ? limiter_take(l, name, clock_ns(CLOCK_MONOTONIC)) : 0;

	if (wait_s == 0)
		return false;
	c->retry_after_s = wait_s;
	refuse(c, PROBLEM_TOO_MANY, (str){ 0 }, NULL, ret);
	return true;
}

static bool find_route(struct call *c, struct api_reply *ret)
{
	str method = c->request->method;
	struct route_match m;
	OWNED_BUF allow = BUF_INIT;
	int r = route_find(str_is(method, "HEAD") ? S("GET") : method, c->request->path, &m);

	if (r == -ENOENT) {
		refuse(c, PROBLEM_NOT_FOUND, (str){ 0 }, NULL, ret);
		return false;
	}
	if (r < 0) {
		refuse(c, PROBLEM_METHOD, (str){ 0 }, NULL, ret);
		for (int i = 0; i < METHOD_COUNT; i++)
			if (m.allowed & 1U << i)
				buf_printf(&allow, "%s%s", allow.n ? ", " : "",
					   route_method_name((enum route_method)i));
		ret->headers[ret->header_count].name = "Allow";
		ret->headers[ret->header_count].value = arena_str(c->arena, buf_str(&allow));
		if (!buf_error(&allow) && ret->headers[ret->header_count].value.p)
			ret->header_count++;
		return false;
	}
	c->route = m.route;
	c->status = m.route->status;
	if (percent_decode(m.parameters[0], false, c->arena, &c->id) < 0 ||
	    percent_decode(m.parameters[1], false, c->arena, &c->id2) < 0 ||
	    c->id.n > MAX_ID_BYTES || c->id2.n > MAX_ID_BYTES) {
		refuse(c, PROBLEM_NOT_FOUND, (str){ 0 }, NULL, ret);
		return false;
	}
	return true;
}

static bool know_caller(struct call *c, struct err *e, struct api_reply *ret)
{
	int r = c->api->doors->identify(c, e);

	if (r == -EACCES)
		c->who = (struct caller){ .how = CALLER_NONE };
	c->who.address = c->request->peer;
	if (r < 0 && r != -EACCES) {
		refuse_error(c, r, e, ret);
		return false;
	}
	if (c->who.how == CALLER_NONE && c->route->permission != PERMISSION_PUBLIC) {
		refuse(c, PROBLEM_UNAUTHENTICATED, (str){ 0 }, NULL, ret);
		return false;
	}
	return true;
}

/* A page of another site can make a browser send the cookie, but not this header. */
static bool forged(const struct call *c)
{
	return c->route->method != METHOD_GET && c->route->permission != PERMISSION_PUBLIC &&
	       !session_csrf_holds(&c->who, header(c, "X-Skep-Csrf"));
}

static bool read_query(struct call *c, struct api_reply *ret)
{
	enum object_id ids[3] = { 0 };
	struct fault_list faults;
	size_t n = 0;

	if (c->route->query != OBJECT_NONE)
		ids[n++] = c->route->query;
	if (c->route->shape == ROUTE_LIST)
		ids[n++] = OBJECT_PAGE_QUERY;
	if (query_parse(c->request->query, ids, c->arena, &c->query, &faults) < 0) {
		answer_nothing(ret);
		return false;
	}
	if (faults.count) {
		refuse(c, PROBLEM_INVALID, (str){ 0 }, &faults, ret);
		return false;
	}
	c->limit = (uint64_t)value_int(value_get(&c->query, "limit"), 100);
	c->cursor = call_query(c, "cursor");
	return true;
}

static bool is_json(str type)
{
	return str_eq_nocase(str_trim(str_cut(&type, ';')), S("application/json"));
}

static bool read_body(struct call *c, struct err *e, struct api_reply *ret)
{
	struct fault_list faults = { 0 };
	str body = c->request->body;
	int r;

	c->body = (struct value){ .kind = VALUE_OBJECT };
	if (c->route->body == OBJECT_NONE) {
		if (str_trim(body).n == 0)
			return true;
		refuse_error(c, err_set(e, EINVAL, "this takes no body"), e, ret);
		return false;
	}
	if (!is_json(header(c, "Content-Type"))) {
		refuse(c, PROBLEM_MEDIA_TYPE, (str){ 0 }, NULL, ret);
		return false;
	}
	if (body.n > API_MAX_BODY) {
		refuse(c, PROBLEM_TOO_LARGE, (str){ 0 }, NULL, ret);
		return false;
	}
	r = json_parse_unique(body, c->arena, &c->body, e);
	if (r == 0)
		r = object_check(c->route->body, &c->body, c->arena, &faults);
	if (r < 0)
		refuse_error(c, r, e, ret);
	else if (faults.count)
		refuse(c, PROBLEM_INVALID, (str){ 0 }, &faults, ret);
	return r == 0 && faults.count == 0;
}

/* Everything before the handler. */
static bool admit(struct call *c, struct err *e, struct api_reply *ret)
{
	char user[32];

	if (!find_route(c, ret) ||
	    limited(c, c->api->by_address, limiter_address(c->request->peer), ret) ||
	    !know_caller(c, e, ret))
		return false;
	snprintf(user, sizeof(user), "%lld", (long long)c->who.user);
	if (c->who.how != CALLER_NONE && limited(c, c->api->by_user, str_from(user), ret))
		return false;
	if (forged(c)) {
		refuse(c, PROBLEM_CSRF, (str){ 0 }, NULL, ret);
		return false;
	}
	if (caller_narrow(&c->who, c->route->permission, c->arena, e) < 0) {
		if (c->who.must_change_password)
			c->code = "password-change-required";
		refuse_error(c, -EACCES, e, ret);
		return false;
	}
	return read_query(c, ret) && read_body(c, e, ret);
}

static void begin_answer(struct call *c)
{
	buf_reset(&c->out);
	c->header_count = 0;
	c->status = c->route->status;
	c->code = NULL;
	c->retry_after_s = 0;
	c->type = NULL;
	c->topic = NULL;
	json_out_init(&c->json, &c->out, false);
}

static int run_handler(struct call *c, struct err *e)
{
	int r;

	begin_answer(c);
	r = handler_of(c->route)(c, e);
	if (r >= 0 && buf_error(&c->out))
		r = err_set(e, ENOBUFS, "the answer does not fit in memory");
	return r;
}

/* What failed is told, too; the entry is of its own then, as the transaction is gone. */
static void audit_failure(struct call *c, int error)
{
	const struct api_doors *d = c->api->doors;
	const char *code = c->code ? c->code : problem_row(problem_of(error))->code;
	struct err e = { 0 };
	int r = d->begin(c->store, &e);

	if (r == 0) {
		r = d->audit(c, code, &e);
		if (r == 0)
			r = d->commit(c->store, &e);
		if (r < 0)
			d->rollback(c->store);
	}
	if (r < 0 && c->api->log)
		c->api->log(c->api->ctx, e.text);
}

static int change_once(struct call *c, struct err *e)
{
	const struct api_doors *d = c->api->doors;
	int r = d->begin(c->store, e);

	if (r < 0)
		return r;
	r = run_handler(c, e);
	if (r >= 0)
		r = d->audit(c, "done", e);
	if (r >= 0)
		r = d->commit(c->store, e);
	if (r < 0)
		d->rollback(c->store);
	return r;
}

static int act(struct call *c, struct err *e)
{
	const struct api_doors *d = c->api->doors;
	int r = run_handler(c, e);

	if (r < 0)
		return r;
	r = d->begin(c->store, e);
	if (r < 0)
		return r;
	r = d->audit(c, "done", e);
	if (r == 0)
		r = d->commit(c->store, e);
	if (r < 0)
		d->rollback(c->store);
	return r;
}

static int run(struct call *c, struct err *e)
{
	int r = -EAGAIN;

	if (c->route->effect == ROUTE_READS)
		return run_handler(c, e);
	if (c->route->effect == ROUTE_ACTS)
		r = act(c, e);
	for (int i = 0; i < TRIES && r == -EAGAIN && c->route->effect == ROUTE_CHANGES; i++)
		r = change_once(c, e);
	if (r < 0)
		audit_failure(c, r);
	return r;
}

static bool matches_etag(str list, str etag)
{
	while (list.n) {
		str one = str_trim(str_cut(&list, ','));

		if (str_starts(one, S("W/")))
			one = str_skip(one, 2);
		if (str_eq(one, etag) || str_is(one, "*"))
			return true;
	}
	return false;
}

/* The answer's own bytes name its state; a handler may have named it by what it knows of versions. */
static int tag_answer(struct call *c, bool *ret_same)
{
	char hex[CALL_ETAG_BYTES];
	str etag = { 0 };
	int r;

	*ret_same = false;
	for (size_t i = 0; i < c->header_count; i++)
		if (strcmp(c->headers[i].name, "ETag") == 0)
			etag = c->headers[i].value;
	if (!etag.n) {
		call_etag(buf_str(&c->out), hex);
		etag = str_from(hex);
		r = call_header(c, "ETag", etag);
		if (r < 0)
			return r;
	}
	*ret_same = matches_etag(header(c, "If-None-Match"), etag);
	return call_header(c, "Cache-Control", S("private, no-cache"));
}

static void succeed(struct call *c, struct api_reply *ret)
{
	const char *type = c->type ? c->type : "application/json";
	bool same = false;
	int r;

	if (c->route->method == METHOD_GET && c->status == 200)
		r = tag_answer(c, &same);
	else
		r = call_header(c, "Cache-Control", S("no-store"));
	if (r < 0) {
		answer_nothing(ret);
		return;
	}
	if (same)
		buf_reset(&c->out);
	finish(c, same ? 304 : c->status, type, ret);
}

void api_answer(const struct api *api, struct store *s, struct arena *a,
		const struct api_request *r, struct api_reply *ret)
{
	struct call c = { .api = api,
			  .request = r,
			  .store = s,
			  .arena = a,
			  .now_ns = (int64_t)clock_ns(CLOCK_REALTIME) };
	struct err e = { 0 };
	int result;

	c.lang = read_language(header(&c, "Accept-Language"));
	if (c.lang == LANG_ZH && api->zh)
		e.translate = api->zh->format;
	if (!s) {
		c.retry_after_s = 1;
		refuse(&c, PROBLEM_UNAVAILABLE, (str){ 0 }, NULL, ret);
		buf_done(&c.out);
		return;
	}
	if (admit(&c, &e, ret)) {
		result = run(&c, &e);
		if (result < 0)
			refuse_error(&c, result, &e, ret);
		else
			succeed(&c, ret);
		if (result >= 0 && c.topic && api->publish)
			api->publish(api->ctx, c.topic);
	} else if (c.route && c.route->method != METHOD_GET && ret->status == 403) {
		audit_failure(&c, -EACCES);
	}
	buf_done(&c.out);
}

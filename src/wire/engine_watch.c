#include "wire/engine_watch.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/word.h"
#include "codec/json.h"
#include "wire/engine_priv.h"

#define PAUSE_MIN_NS (100 * MS_NS)
#define PAUSE_MAX_NS (10000 * MS_NS)
#define ABSENT_NS (1000 * MS_NS)
#define LIST_NS (60000 * MS_NS)
#define ANSWER_S 10
#define LIST_MAX (16u << 20)
#define INSPECT_MAX (2u << 20)
#define EVENT_MAX (256u << 10)
#define LIST_MEMORY (64u << 20)
#define PARSE_MEMORY (8u << 20)
#define QUEUE 1024
#define PAGE (QUEUE / 2) /* of a list at once: events keep their room */
#define ID_MAX 64
#define AT_ONCE 2
/* How far back events are asked for, so that none falls between the list and the stream. */
#define OVERLAP_S 5

/* An exchange with its collected body. */
struct inquiry {
	struct engine_watch *watch;
	struct http_flow *flow;
	struct buf body;
};

struct engine_watch {
	struct engine *engine;
	struct http_flows *flows;
	struct engine_watch_calls calls;
	struct inquiry events, list, inspects[AT_ONCE];
	char queue[QUEUE][ID_MAX + 1]; /* ids to ask for, oldest at `first` */
	size_t first, waiting;
	/* In the order of ids, so far the list's containers were asked for; empty: all of them, or none yet. */
	char asked_to[ID_MAX + 1];
	bool is_up, listed, overflowed;
	uint64_t now_ns, next_try_ns, next_list_ns, pause_ns;
	uint64_t errors;
};

int engine_watch_new(enum engine_kind kind, const char *host, struct http_flows *flows,
		     const struct engine_watch_calls *calls, struct engine_watch **ret,
		     struct err *e)
{
	struct engine_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(e, ENOMEM, "no memory for an engine client");
	r = engine_new(kind, host, ANSWER_S, &w->engine, e);
	if (r < 0) {
		free(w);
		return r;
	}
	w->flows = flows;
	w->calls = *calls;
	w->pause_ns = PAUSE_MIN_NS;
	w->events.watch = w->list.watch = w;
	w->events.body.max = EVENT_MAX;
	for (size_t i = 0; i < AT_ONCE; i++)
		w->inspects[i].watch = w;
	*ret = w;
	return 0;
}

static void stop(struct inquiry *q)
{
	http_flow_stop(TAKE(&q->flow));
	buf_reset(&q->body);
}

void engine_watch_free(struct engine_watch *w)
{
	if (!w)
		return;
	stop(&w->events);
	stop(&w->list);
	buf_done(&w->events.body);
	buf_done(&w->list.body);
	for (size_t i = 0; i < AT_ONCE; i++) {
		stop(&w->inspects[i]);
		buf_done(&w->inspects[i].body);
	}
	engine_free(w->engine);
	free(w);
}

/* Everything begins anew after a pause: what was asked for comes back with the next list. */
static void go_down(struct engine_watch *w, int why)
{
	bool absent = why == -ENOENT || (why == -EHOSTUNREACH && !w->is_up);

	w->errors += !absent;
	w->is_up = w->listed = w->overflowed = false;
	w->waiting = 0;
	w->asked_to[0] = '\0';
	stop(&w->events);
	stop(&w->list);
	for (size_t i = 0; i < AT_ONCE; i++)
		stop(&w->inspects[i]);
	w->next_try_ns = w->now_ns + (absent ? ABSENT_NS : w->pause_ns);
	if (!absent)
		w->pause_ns = MIN(w->pause_ns * 2, PAUSE_MAX_NS);
}

static bool is_id(str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f')))
			return false;
	return id.n > 0 && id.n <= ID_MAX;
}

void engine_watch_ask(struct engine_watch *w, str id)
{
	if (!is_id(id) || !w->is_up)
		return;
	for (size_t i = 0; i < w->waiting; i++)
		if (str_is(id, w->queue[(w->first + i) % QUEUE]))
			return;
	if (w->waiting == QUEUE) {
		w->overflowed = true;
		return;
	}
	snprintf(w->queue[(w->first + w->waiting++) % QUEUE], ID_MAX + 1, "%.*s", STR_ARG(id));
}

static int collect(void *ctx, str bytes)
{
	struct inquiry *q = ctx;

	buf_add(&q->body, bytes);
	return buf_error(&q->body);
}

static int start(struct engine_watch *w, struct inquiry *q, const struct http_flow_request *like,
		 const char *path)
{
	struct http_flow_request r = *like;
	OWNED_BUF url = BUF_INIT;

	buf_printf(&url, "%.*s%s", STR_ARG(w->engine->base), path);
	r.url = buf_cstr(&url);
	r.ctx = q;
	buf_reset(&q->body);
	return buf_error(&url) ? -ENOMEM
			       : http_flow_start(w->flows, &w->engine->http, &r, &q->flow, NULL);
}

/* Parses what came in an arena of its own and hands it on. */
static bool with_document(struct engine_watch *w, str text, size_t memory,
			  void (*fn)(struct engine_watch *w, const struct value *v))
{
	struct arena a;
	struct value v;
	bool ok;

	arena_init(&a, memory);
	ok = json_parse(text, &a, &v, NULL) == 0;
	if (ok)
		fn(w, &v);
	else
		w->errors++;
	arena_done(&a);
	return ok;
}

static void take_inspect(struct engine_watch *w, const struct value *v)
{
	w->calls.on_container(w->calls.ctx, w->engine->kind, v);
}

static void on_inspect_end(void *ctx, int result, int status)
{
	struct inquiry *q = ctx;
	struct engine_watch *w = q->watch;

	q->flow = NULL;
	/* 404: it went before we could ask. */
	if (result == 0 && status == 200)
		with_document(w, buf_str(&q->body), PARSE_MEMORY, take_inspect);
	else if (result < 0 || status != 404)
		w->errors++;
	/* An engine may hang over one container and answer for all others; whether it answers at all the next list shows. */
	buf_reset(&q->body);
}

/* Of its containers some were not asked for yet. */
static bool is_owed_list(const struct engine_watch *w)
{
	return w->overflowed || w->asked_to[0];
}

static void ask_next(struct engine_watch *w)
{
	const struct http_flow_request like = { .max_body = INSPECT_MAX,
						.total_s = ANSWER_S,
						.on_body = collect,
						.on_end = on_inspect_end };

	for (size_t i = 0; i < AT_ONCE && w->waiting; i++) {
		char path[ID_MAX + 32];

		if (w->inspects[i].flow)
			continue;
		snprintf(path, sizeof(path), "/containers/%s/json", w->queue[w->first]);
		w->first = (w->first + 1) % QUEUE;
		w->waiting--;
		if (start(w, &w->inspects[i], &like, path) < 0)
			w->errors++;
	}
	/* Too many at once to remember: the list names them again. */
	if (is_owed_list(w) && !w->waiting)
		w->next_list_ns = w->now_ns;
}

/*
 * Those of a list that are next by their ids: an order that holds whatever comes and goes between two lists, so none is
 * passed over and none keeps the others waiting.
 */
static size_t next_page(str asked_to, const struct value *list, str page[PAGE], bool *ret_more)
{
	size_t n = 0;

	*ret_more = false;
	VALUE_EACH (c, list) {
		str id = value_get_str(c, "Id");
		size_t at = 0, end = n;

		if (!is_id(id) || str_cmp(id, asked_to) <= 0)
			continue;
		while (at < end) {
			size_t middle = (at + end) / 2;

			if (str_cmp(page[middle], id) < 0)
				at = middle + 1;
			else
				end = middle;
		}
		if (at < n && str_eq(page[at], id))
			continue;
		*ret_more |= n == PAGE;
		if (at == PAGE)
			continue;
		n = MIN(n, (size_t)PAGE - 1);
		memmove(page + at + 1, page + at, (n - at) * sizeof(*page));
		page[at] = id;
		n++;
	}
	return n;
}

static void take_list(struct engine_watch *w, const struct value *v)
{
	str page[PAGE];
	bool more;
	size_t n = next_page(str_from(w->asked_to), v, page, &more);

	/* From the first on it names whatever found no room before. */
	if (!w->asked_to[0])
		w->overflowed = false;
	w->asked_to[0] = '\0';
	for (size_t i = 0; i < n; i++)
		engine_watch_ask(w, page[i]);
	if (more)
		snprintf(w->asked_to, sizeof(w->asked_to), "%.*s", STR_ARG(page[n - 1]));
}

static void on_list_end(void *ctx, int result, int status)
{
	struct engine_watch *w = ((struct inquiry *)ctx)->watch;

	w->list.flow = NULL;
	if (result == 0 && status != 200)
		result = -EPROTO;
	if (result == 0) {
		w->is_up = true;
		if (!with_document(w, buf_str(&w->list.body), LIST_MEMORY, take_list))
			result = -EBADMSG;
	}
	/* Lists may be long and are rare. */
	buf_done(&w->list.body);
	if (result < 0) {
		go_down(w, result);
		return;
	}
	w->listed = true;
	w->pause_ns = PAUSE_MIN_NS;
	w->next_list_ns = w->now_ns + LIST_NS;
	ask_next(w);
}

static void ask_list(struct engine_watch *w)
{
	const struct http_flow_request like = {
		.max_body = LIST_MAX, .total_s = ANSWER_S, .on_body = collect, .on_end = on_list_end
	};

	w->next_list_ns = w->now_ns + LIST_NS;
	if (!w->list.flow && start(w, &w->list, &like, "/containers/json") < 0)
		go_down(w, -ENOMEM);
}

static void take_event(struct engine_watch *w, const struct value *v)
{
	static const char *const told_again[] = { "create", "start", "rename", "update" };
	str action = value_get_str(v, "Action");
	str id = value_get_str(value_get(v, "Actor"), "ID");

	if (!str_is(value_get_str(v, "Type"), "container") || !is_id(id))
		return;
	if (WORD_FIND(told_again, action) >= 0)
		engine_watch_ask(w, id);
	w->calls.on_event(w->calls.ctx, w->engine->kind, action, id);
}

/* One document a line; Docker does not promise the newline, but each engine writes it. */
static int on_events(void *ctx, str bytes)
{
	struct inquiry *q = ctx;
	str rest;

	buf_add(&q->body, bytes);
	if (buf_error(&q->body))
		return -E2BIG;
	rest = buf_str(&q->body);
	while (str_find(rest, '\n') < rest.n) {
		str line = str_trim(str_cut(&rest, '\n'));

		if (line.n)
			with_document(q->watch, line, PARSE_MEMORY, take_event);
	}
	if (rest.n)
		memmove(q->body.p, rest.p, rest.n);
	q->body.n = rest.n;
	return 0;
}

static void on_events_end(void *ctx, int result, int status)
{
	struct engine_watch *w = ((struct inquiry *)ctx)->watch;

	(void)status;
	w->events.flow = NULL;
	go_down(w, result < 0 ? result : -EPROTO);
}

/* {"type":["container"],"event":["create",...]}: healthchecks make many events of other kinds. */
#define FILTERS \
	"%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%2C%22start%22%2C%" \
	"22die%22%2C" \
	"%22destroy%22%2C%22rename%22%2C%22update%22%5D%7D"

static void connect_again(struct engine_watch *w)
{
	const struct http_flow_request like = { .on_body = on_events, .on_end = on_events_end };
	char path[sizeof(FILTERS) + 64];

	if (w->engine->http.unix_socket && access(w->engine->http.unix_socket, F_OK) < 0) {
		go_down(w, -ENOENT);
		return;
	}
	snprintf(path, sizeof(path), "/events?since=%lld&filters=%s",
		 (long long)time(NULL) - OVERLAP_S, FILTERS);
	if (start(w, &w->events, &like, path) < 0)
		go_down(w, -ENOMEM);
	else
		ask_list(w);
}

void engine_watch_tick(struct engine_watch *w, uint64_t now_ns)
{
	w->now_ns = now_ns;
	if (!w->events.flow && now_ns >= w->next_try_ns)
		connect_again(w);
	else if (w->is_up && now_ns >= w->next_list_ns)
		ask_list(w);
	ask_next(w);
}

void engine_watch_state(const struct engine_watch *w, struct engine_watch_state *ret)
{
	bool busy = w->events.flow && (!w->listed || w->waiting || w->list.flow || is_owed_list(w));

	for (size_t i = 0; i < AT_ONCE; i++)
		busy |= w->inspects[i].flow != NULL;
	/* Before the first try it is neither here nor away. */
	*ret = (struct engine_watch_state){ .is_up = w->is_up,
					    .is_settled = !busy && w->now_ns != 0,
					    .errors = w->errors };
}

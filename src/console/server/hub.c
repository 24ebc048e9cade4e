#include "console/server/hub.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/word.h"

enum {
	GATHER_MS = 250,
	ALIVE_MS = 15000,
	LIFE_MS = 900000,
};

struct page {
	struct hub *hub;
	struct page *prev, *next;
	struct http_server_exchange *x;
	uint64_t end_ms;
};

static const char *const topics[] = {
#define X(name) #name,
	HUB_TOPICS(X)
#undef X
};

struct hub {
	struct http_server *server;
	struct page *pages;
	size_t count, max;
	uint64_t told_ms, alive_ms, serial;
	pthread_mutex_t lock;
	uint32_t changed; /* bits of topics; under the lock, as are those below */
	bool callers;     /* HUB_CALLERS */
	bool woken;
};

int hub_new(struct http_server *s, size_t max_pages, struct hub **ret, struct err *e)
{
	struct hub *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, ENOMEM, "no memory for the event stream");
	h->server = s;
	h->max = max_pages;
	/* Cursors of this process are later than those of the one before. */
	h->serial = clock_ms(CLOCK_REALTIME);
	pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

static void on_gone(void *ctx)
{
	struct page *p = ctx;

	if (p->prev)
		p->prev->next = p->next;
	else
		p->hub->pages = p->next;
	if (p->next)
		p->next->prev = p->prev;
	p->hub->count--;
	free(p);
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	while (h->pages)
		on_gone(h->pages);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

/* The loop looks at the hub each time it wakes. */
static void wake(void *arg)
{
	(void)arg;
}

void hub_publish(struct hub *h, str topic)
{
	bool first = false, callers = str_is(topic, HUB_CALLERS);
	int i = WORD_FIND(topics, topic);

	pthread_mutex_lock(&h->lock);
	h->callers |= callers;
	if (i >= 0)
		h->changed |= 1u << i;
	if (callers || i >= 0) {
		first = !h->woken;
		h->woken = true;
	}
	pthread_mutex_unlock(&h->lock);
	/* Without memory the next wake-up tells. */
	if (first)
		(void)!http_server_post(h->server, wake, NULL);
}

void hub_open(struct hub *h, struct http_server_exchange *x, const struct http_server_reply *r)
{
	struct page *p = h->count < h->max ? calloc(1, sizeof(*p)) : NULL;
	struct http_server_reply busy = { .status = 503,
					  .fields = { { "Retry-After", "30" } },
					  .field_count = 1 };

	if (!p) {
		http_server_answer(x, &busy);
		return;
	}
	*p = (struct page){ .hub = h, .next = h->pages, .x = x };
	p->end_ms = clock_ms(CLOCK_MONOTONIC) + LIFE_MS;
	if (p->next)
		p->next->prev = p;
	h->pages = p;
	h->count++;
	http_server_stream(x, r, on_gone, p);
}

static void tell_all(struct hub *h, str text)
{
	struct page *p = h->pages;

	while (p) {
		struct page *next = p->next;

		/* Frees the page when its peer is gone. */
		http_server_send(p->x, text);
		p = next;
	}
}

/** @param now_ms UINT64_MAX: all of them */
static void end_old(struct hub *h, uint64_t now_ms)
{
	struct page *p = h->pages;

	while (p) {
		struct page *next = p->next;

		if (p->end_ms <= now_ms) {
			http_server_end(p->x);
			on_gone(p);
		}
		p = next;
	}
}

static uint32_t take_changes(struct hub *h)
{
	uint32_t changed;

	pthread_mutex_lock(&h->lock);
	changed = h->changed;
	h->changed = 0;
	h->woken = false;
	pthread_mutex_unlock(&h->lock);
	return changed;
}

static bool take_callers(struct hub *h)
{
	bool any;

	pthread_mutex_lock(&h->lock);
	any = h->callers;
	h->callers = false;
	if (!h->changed)
		h->woken = false;
	pthread_mutex_unlock(&h->lock);
	return any;
}

static bool has_changes(struct hub *h)
{
	bool any;

	pthread_mutex_lock(&h->lock);
	any = h->changed != 0;
	pthread_mutex_unlock(&h->lock);
	return any;
}

static void tell_changes(struct hub *h, uint64_t now_ms)
{
	uint32_t changed = take_changes(h);
	OWNED_BUF text = BUF_INIT;

	h->serial++;
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		if (changed & 1u << i)
			buf_printf(&text,
				   "event: hint\ndata: {\"topic\":\"%s\",\"cursor\":\"%llu\"}\n\n",
				   topics[i], (unsigned long long)h->serial);
	h->told_ms = now_ms;
	if (buf_error(&text) == 0)
		tell_all(h, buf_str(&text));
}

int hub_work(struct hub *h)
{
	uint64_t now_ms = clock_ms(CLOCK_MONOTONIC);

	/* Those who stay heard why they come again. */
	if (take_callers(h)) {
		tell_changes(h, now_ms);
		end_old(h, UINT64_MAX);
	}
	if (has_changes(h)) {
		if (now_ms - h->told_ms < GATHER_MS)
			return (int)(h->told_ms + GATHER_MS - now_ms);
		tell_changes(h, now_ms);
	}
	if (!h->count)
		return -1;
	if (now_ms - h->alive_ms >= ALIVE_MS) {
		h->alive_ms = now_ms;
		end_old(h, now_ms);
		tell_all(h, S(": alive\n\n"));
	}
	return (int)(h->alive_ms + ALIVE_MS - now_ms);
}

size_t hub_pages(const struct hub *h)
{
	return h->count;
}

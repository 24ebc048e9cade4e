#include "console/notify/pace.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "codec/json.h"

enum { ARENA_BYTES = 8 << 20 };
#define MINUTE_NS (60 * SECOND_NS)
#define FILE_BYTES ((uint64_t)256 << 20)

struct group {
	struct group *next;
	uint64_t key;
	enum notice_reason reason;
	uint64_t until_ns; /* CLOCK_MONOTONIC; 0: not by time */
	struct buf line;   /* of the notice that stands for all; empty: nothing is held */
	enum alert_priority priority;
	uint64_t count, first_ns, last_ns;
};

struct pace {
	const struct receiver *receiver;
	pace_tell tell;
	void *ctx;
	struct group *groups;
	size_t group_count;
	struct arena arena;
	uint64_t tokens_ns; /* what may be told, in time: a notice costs a minute's share */
	uint64_t filled_ns;
	char *path;
	bool is_dirty; /* what is held is not what the file says */
	uint64_t damaged;
};

static void free_group(struct group *g)
{
	buf_done(&g->line);
	free(g);
}

void pace_free(struct pace *p)
{
	if (!p)
		return;
	for (struct group *g = p->groups, *next; g; g = next) {
		next = g->next;
		free_group(g);
	}
	arena_done(&p->arena);
	free(p->path);
	free(p);
}

bool pace_is_quiet(const struct receiver_quiet *q, uint64_t real_ns)
{
	int64_t minutes = (int64_t)(real_ns / MINUTE_NS) + q->zone_min;
	int64_t day = minutes / 1440;
	unsigned int minute = (unsigned int)(minutes % 1440);
	/* 1970-01-01 was a Thursday. */
	unsigned int today = (unsigned int)((day + 3) % 7),
		     yesterday = (unsigned int)((day + 2) % 7);

	if (!q->set || minutes < 0)
		return false;
	if (q->from_min < q->to_min)
		return minute >= q->from_min && minute < q->to_min && (q->days >> today & 1);
	return (minute >= q->from_min && (q->days >> today & 1)) ||
	       (minute < q->to_min && (q->days >> yesterday & 1));
}

/* @return whether one may be told now; then it is paid for */
static bool pay(struct pace *p, uint64_t mono_ns)
{
	uint64_t share;

	if (!p->receiver->per_minute)
		return true;
	share = MINUTE_NS / p->receiver->per_minute;
	if (p->filled_ns)
		p->tokens_ns = MIN(p->tokens_ns + (mono_ns - p->filled_ns), MINUTE_NS);
	p->filled_ns = mono_ns;
	if (p->tokens_ns < share)
		return false;
	p->tokens_ns -= share;
	return true;
}

static uint64_t key_of(const struct receiver *r, const struct notice *n)
{
	const str parts[RECEIVER_BY_COUNT] = {
		[RECEIVER_BY_RULE] = notice_text(n, "rule"),
		[RECEIVER_BY_PRIORITY] = notice_text(n, "priority"),
		[RECEIVER_BY_HOST] = n->host,
		[RECEIVER_BY_CONTAINER] = notice_text(n, "container.id"),
		[RECEIVER_BY_IMAGE] = notice_text(n, "container.image"),
		[RECEIVER_BY_NAMESPACE] = notice_text(n, "container.podNamespace"),
	};
	uint64_t key = 0;

	for (unsigned int i = 0; i < RECEIVER_BY_COUNT; i++)
		if (r->group_by & 1u << i)
			key = (key ^ (str_hash(parts[i]) + i)) * 0x9e3779b97f4a7c15u;
	return key;
}

static struct group *find(struct pace *p, enum notice_reason reason, uint64_t key)
{
	for (struct group *g = p->groups; g; g = g->next)
		if (g->reason == reason && g->key == key)
			return g;
	return NULL;
}

/* @return NULL: no memory */
static struct group *open_group(struct pace *p, enum notice_reason reason, uint64_t key,
				uint64_t until_ns)
{
	struct group *g = find(p, reason, p->group_count < PACE_GROUPS_MAX ? key : 0);

	if (g)
		return g;
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->reason = reason;
	g->key = p->group_count < PACE_GROUPS_MAX ? key : 0;
	g->until_ns = until_ns;
	g->next = p->groups;
	p->groups = g;
	p->group_count++;
	return g;
}

static int hold(struct pace *p, struct group *g, const struct notice *n, struct err *e)
{
	uint64_t many = 1 + n->more, first = n->more ? n->first_ns : n->received_ns;
	uint64_t last = n->more ? n->last_ns : n->received_ns;

	/* The most urgent stands for all, of equal ones the latest. */
	if (!g->count || n->priority <= g->priority) {
		buf_reset(&g->line);
		notice_render(n, &g->line);
		g->priority = n->priority;
	}
	g->first_ns = g->count ? MIN(g->first_ns, first) : first;
	g->last_ns = MAX(g->last_ns, last);
	g->count += many;
	p->is_dirty = true;
	return buf_error(&g->line) ? err_set(e, ENOMEM, "no memory for a notification") : 0;
}

static int tell(struct pace *p, const struct notice *n, struct err *e)
{
	OWNED_BUF line = BUF_INIT;

	notice_render(n, &line);
	if (buf_error(&line))
		return err_set(e, ENOMEM, "no memory for a notification");
	return p->tell(p->ctx, buf_str(&line), e);
}

/* What a group holds, as one notice. */
static int render_group(struct pace *p, const struct group *g, struct buf *out, struct err *e)
{
	struct notice n;
	int r;

	arena_reset(&p->arena);
	r = notice_parse(buf_str(&g->line), &p->arena, &n, e);
	if (r < 0)
		return r;
	n.more = g->count - 1;
	n.reason = g->reason;
	n.first_ns = g->first_ns;
	n.last_ns = g->last_ns;
	notice_render(&n, out);
	return buf_error(out) ? err_set(e, ENOMEM, "no memory for a notification") : 0;
}

static int tell_group(struct pace *p, struct group *g, struct err *e)
{
	OWNED_BUF line = BUF_INIT;
	int r = g->count ? render_group(p, g, &line, e) : 0;

	return r < 0 || !g->count ? r : p->tell(p->ctx, buf_str(&line), e);
}

static int hold_as(struct pace *p, const struct notice *n, enum notice_reason reason, struct err *e)
{
	struct group *g = open_group(p, reason, 0, 0);

	return g ? hold(p, g, n, e) : err_set(e, ENOMEM, "no memory for a notification");
}

int pace_take(struct pace *p, const struct notice *n, struct pace_clock now, struct err *e)
{
	const struct receiver *r = p->receiver;

	if (n->priority > r->quiet.except && pace_is_quiet(&r->quiet, now.real_ns))
		return hold_as(p, n, NOTICE_QUIET, e);
	if (r->group_s) {
		uint64_t key = key_of(r, n);
		struct group *g = find(p, NOTICE_GROUP, key);

		if (g)
			return hold(p, g, n, e);
		g = open_group(p, NOTICE_GROUP, key, now.mono_ns + r->group_s * SECOND_NS);
		if (!g)
			return err_set(e, ENOMEM, "no memory for a notification");
	}
	/* Those that wait go first. */
	if (find(p, NOTICE_RATE, 0) || !pay(p, now.mono_ns))
		return hold_as(p, n, NOTICE_RATE, e);
	return tell(p, n, e);
}

static bool is_due(struct pace *p, const struct group *g, struct pace_clock now)
{
	switch (g->reason) {
	case NOTICE_QUIET:
		return !pace_is_quiet(&p->receiver->quiet, now.real_ns);
	case NOTICE_GROUP:
		return now.mono_ns >= g->until_ns;
	default:
		return true;
	}
}

static int close_group(struct pace *p, struct group **at, struct err *e)
{
	struct group *g = *at;
	int r = tell_group(p, g, e);

	*at = g->next;
	p->is_dirty |= g->count > 0;
	p->group_count--;
	free_group(g);
	return r;
}

int pace_work(struct pace *p, struct pace_clock now, struct err *e)
{
	for (struct group **at = &p->groups; *at;) {
		struct group *g = *at;
		int r;

		if (!is_due(p, g, now) || (g->count && !pay(p, now.mono_ns))) {
			at = &g->next;
			continue;
		}
		r = close_group(p, at, e);
		if (r < 0)
			return r;
	}
	return 0;
}

uint64_t pace_held(const struct pace *p)
{
	uint64_t n = 0;

	for (const struct group *g = p->groups; g; g = g->next)
		n += g->count;
	return n;
}

uint64_t pace_damaged(const struct pace *p)
{
	return p->damaged;
}

/* ---- The file ---- */

int pace_sync(struct pace *p, struct pace_clock now, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = 0;

	if (!p->is_dirty)
		return 0;
	for (const struct group *g = p->groups; g && r == 0; g = g->next) {
		uint64_t left_ns = g->until_ns > now.mono_ns ? g->until_ns - now.mono_ns : 0;

		if (!g->count)
			continue;
		buf_printf(&text, "%s %" PRIu64 " ", notice_reason_name(g->reason),
			   now.real_ns + left_ns);
		r = render_group(p, g, &text, e);
		buf_byte(&text, '\n');
	}
	if (r == 0 && buf_error(&text))
		r = err_set(e, ENOMEM, "no memory for a notification");
	if (r == 0 && !text.n)
		r = unlink(p->path) == 0 || errno == ENOENT
			    ? 0
			    : err_sys(e, errno, "cannot remove '%s'", p->path);
	else if (r == 0)
		r = file_write_atomic(AT_FDCWD, p->path, buf_str(&text), 0600, e);
	p->is_dirty = r < 0;
	return r;
}

/* A window goes on for what was left of it, and never for longer than it is. */
static int take_back(struct pace *p, str line, struct pace_clock now, struct err *e)
{
	str word = str_cut(&line, ' '), until = str_cut(&line, ' ');
	const uint64_t most_ns = p->receiver->group_s * SECOND_NS;
	const int reason = notice_reason_find(word);
	uint64_t until_ns;
	struct notice n;
	struct group *g;

	arena_reset(&p->arena);
	if (reason < NOTICE_GROUP || str_u64(until, &until_ns) < 0 ||
	    notice_parse(line, &p->arena, &n, e) < 0)
		return -EBADMSG;
	until_ns = now.mono_ns + MIN(until_ns - MIN(until_ns, now.real_ns), most_ns);
	g = open_group(p, (enum notice_reason)reason,
		       reason == NOTICE_GROUP ? key_of(p->receiver, &n) : 0,
		       reason == NOTICE_GROUP ? until_ns : 0);
	return g ? hold(p, g, &n, e) : err_set(e, ENOMEM, "no memory for a notification");
}

static int read_back(struct pace *p, struct pace_clock now, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = file_read(AT_FDCWD, p->path, FILE_BYTES, &text, e);
	str rest = buf_str(&text);

	while (r == 0 && rest.n) {
		r = take_back(p, str_line(&rest), now, e);
		p->damaged += r == -EBADMSG;
		r = r == -EBADMSG ? 0 : r;
	}
	p->is_dirty = p->damaged > 0;
	return r == -ENOENT ? 0 : r;
}

int pace_new(const struct receiver *r, const char *path, struct pace_clock now, pace_tell tell_fn,
	     void *ctx, struct pace **ret, struct err *e)
{
	struct pace *p = calloc(1, sizeof(*p));
	int result;

	if (p)
		p->path = strdup(path);
	if (!p || !p->path) {
		free(p);
		return err_sys(e, ENOMEM, "notification");
	}
	p->receiver = r;
	p->tell = tell_fn;
	p->ctx = ctx;
	p->tokens_ns = MINUTE_NS;
	arena_init(&p->arena, ARENA_BYTES);
	result = read_back(p, now, e);
	if (result < 0) {
		pace_free(p);
		return result;
	}
	*ret = p;
	return 0;
}

#include "console/api/intelligence_job.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/json_out.h"
#include "codec/mac.h"
#include "console/api/intelligence_priv.h"
#include "console/api/rule_book.h"
#include "console/notify/intel_fetch.h"
#include "console/store/audit.h"
#include "console/store/intelligence_feeds.h"

#define AGAIN_S 900

/* One list being fetched. */
struct turn {
	const struct intelligence_job *j;
	struct store *store;
	struct arena *arena;
	struct stored_feed feed;
	struct stored_intelligence list;
	bool is_changed; /* it differs from what is there */
	str gap;         /* why it is not whole */
};

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
}

static int open_secret(struct turn *t, struct buf *out, struct err *e)
{
	char place[FEED_PLACE_BYTES];

	feed_place(t->feed.list, place);
	return t->feed.sealed.n
		       ? seal_open(&t->j->access->seal_key, str_from(place), t->feed.sealed, out, e)
		       : 0;
}

/** @param ret NULL: the list has no authority of its own */
static int write_authority(struct turn *t, const char **ret, struct err *e)
{
	str path =
		arena_printf(t->arena, "%s/feed-%lld.pem", t->j->folder, (long long)t->feed.list);
	int r;

	*ret = NULL;
	if (!t->feed.authority.n)
		return 0;
	r = path.p ? file_make_dirs(t->j->folder, 0700, e) : spent(e);
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path.p, t->feed.authority, 0600, e);
	if (r == 0)
		*ret = path.p;
	return r;
}

static int take_pages(struct turn *t, const struct intel_fetched *got, struct err *e)
{
	str before = t->list.body;
	struct intel_read read;
	int kind = intel_kind_find(t->list.kind), r = kind;

	if (r >= 0)
		r = intel_read_pages(got->pages, got->count, (enum intel_kind)kind,
				     store_now() / (int64_t)SECOND_NS, t->arena, &read, e);
	if (r == 0)
		r = intelligence_take(&t->list, &read, t->arena, e);
	t->is_changed = r == 0 && !str_eq(before, t->list.body);
	t->feed.etag = got->etag;
	t->feed.modified = got->modified;
	t->gap = got->gap;
	return r;
}

static int fetch(struct turn *t, struct err *e)
{
	OWNED_BUF secret = BUF_INIT;
	struct intel_fetched got;
	struct intel_fetch f = { .url = t->feed.url,
				 .etag = t->feed.etag,
				 .modified = t->feed.modified,
				 .reach = t->j->reach,
				 .is_over = t->j->is_over,
				 .ctx = t->j->ctx };
	int r = write_authority(t, &f.ca_file, e);

	if (r == 0)
		r = open_secret(t, &secret, e);
	f.authorization = buf_str(&secret);
	if (r == 0)
		r = intel_fetch(&f, t->arena, &got, e);
	if (secret.p)
		secret_wipe(secret.p, secret.n);
	return r < 0 || got.is_unchanged ? r : take_pages(t, &got, e);
}

/* What changes by itself is told like what people change. */
static int tell_audit(struct turn *t, struct err *e)
{
	const struct audit_entry entry = {
		.time_ns = t->list.updated_ns,
		.how = S("system"),
		.action = S("POST /api/v1/intelligence/{id}/fetch"),
		.target = t->list.name,
		.result = S("done"),
		.after = arena_printf(t->arena, "{\"entries\":%lld}", (long long)t->list.entries),
	};

	return entry.after.p ? audit_append(t->store, &entry, t->arena, e) : spent(e);
}

static int keep_list(struct turn *t, struct err *e)
{
	int r = intelligence_put(t->store, &t->list, e);

	if (r == 0)
		r = rule_book_publish(t->store, t->arena, e);
	return r < 0 ? r : tell_audit(t, e);
}

static int keep_in(struct store *s, void *ctx, struct err *e)
{
	struct turn *t = ctx;
	int r = feeds_tell(s, &t->feed, e);

	return r < 0 || !t->is_changed ? r : keep_list(t, e);
}

static void note_failure(struct turn *t, const struct err *why)
{
	t->is_changed = false;
	t->feed.why = str_from(why->text[0] ? why->text : "it failed");
	t->feed.due_ns = t->feed.tried_ns + MIN(t->feed.every_s, AGAIN_S) * (int64_t)SECOND_NS;
}

/* What the rules would be too large with is this list's failure, and no other's. */
static int keep(struct turn *t, struct err *e)
{
	struct err why = { 0 };
	int r = store_transact(t->store, keep_in, t, &why);

	if (r == -E2BIG || r == -ENOBUFS) {
		note_failure(t, &why);
		r = store_transact(t->store, keep_in, t, e);
	} else if (r < 0) {
		err_set(e, -r, "%s", why.text);
	}
	return r == -ESTALE || r == -ENOENT ? 0 : r;
}

int intelligence_job_turn(const struct intelligence_job *j, struct store *s, struct arena *a,
			  struct err *e)
{
	struct turn t = { .j = j, .store = s, .arena = a, .gap = S("") };
	struct err why = { 0 };
	int r = feeds_due(s, store_now(), a, &t.feed, e);

	if (r == 0)
		r = intelligence_get(s, t.feed.list, a, &t.list, e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = fetch(&t, &why);
	if (r == -ECANCELED)
		return 0;
	t.feed.tried_ns = store_now();
	t.feed.due_ns = t.feed.tried_ns + t.feed.every_s * (int64_t)SECOND_NS;
	if (r < 0) {
		note_failure(&t, &why);
	} else {
		t.feed.why = t.gap;
		t.feed.fetched_ns = t.list.updated_ns = t.feed.tried_ns;
		t.list.updated_by = S("");
	}
	r = keep(&t, e);
	if (r == 0 && j->publish)
		j->publish(j->ctx, t.is_changed ? "rules" : "notifications");
	return r < 0 ? r : 1;
}

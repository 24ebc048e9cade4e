#include "console/notify/service.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "codec/mac.h"
#include "console/store/alerts.h"
#include "console/store/notify_queue.h"
#include "console/store/secret_key.h"

#define SPOOL_BYTES ((uint64_t)64 << 20)
#define LOOK_NS SECOND_NS
#define TELL_NS (2 * SECOND_NS)
#define REST_NS (5 * SECOND_NS)

enum { BATCHES = 64, BATCH_BYTES = 64 << 20, DOC_BYTES = 16 << 20, TURN_MS = 250, TRY_S = 15 };

struct notify_service {
	struct notify_service_options o;
	struct seal_key key;
	char folder[PATH_MAX], replica[HOST_NAME_MAX + 1];
	struct notifier *notifier;
	struct store *store;
	struct arena arena, doc;
	pthread_t thread;
	bool started;
	atomic_bool ending;
	int wake;
	int64_t version; /* of the receivers we work for; -1: none were read */
	bool leads, failing;
	uint64_t looked_ns, told_ns;
	uint64_t told_sum; /* of all figures: whether any changed */
};

static void say(struct notify_service *n, const struct err *e)
{
	char line[ERR_TEXT_BYTES + 32];

	/* Said once until it works again. */
	if (n->failing || !n->o.say)
		return;
	n->failing = true;
	snprintf(line, sizeof(line), "notifications: %s", e->text);
	n->o.say(n->o.ctx, line);
}

static int seal_or_open(const struct notify_service *n, int64_t id, bool open, str in,
			struct buf *out, struct err *e)
{
	char place[RECEIVER_PLACE_BYTES];

	receiver_place(id, place);
	return open ? seal_open(&n->key, str_from(place), in, out, e)
		    : seal(&n->key, str_from(place), in, out, e);
}

int notify_service_seal(const struct notify_service *n, int64_t id, str secret_json,
			struct buf *out, struct err *e)
{
	return seal_or_open(n, id, false, secret_json, out, e);
}

int notify_service_open(const struct notify_service *n, int64_t id, str sealed, struct buf *out,
			struct err *e)
{
	if (sealed.n)
		return seal_or_open(n, id, true, sealed, out, e);
	buf_add(out, S("{}"));
	return buf_error(out);
}

/* One whose secrets do not open keeps its place and says so: its settings are then not whole. */
static struct notifier_entry entry_of(struct notify_service *n, const struct stored_receiver *r)
{
	OWNED_BUF secret = BUF_INIT;
	struct notifier_entry entry = { .id = r->id,
					.name = r->name,
					.kind = r->kind,
					.filter = r->filter,
					.public_json = r->settings,
					.secret_json = S("{}"),
					.version = r->version };

	if (notify_service_open(n, r->id, r->sealed, &secret, NULL) == 0)
		entry.secret_json = arena_str(&n->arena, buf_str(&secret));
	if (secret.p)
		secret_wipe(secret.p, secret.n);
	return entry;
}

static bool is_known(const struct stored_receiver *list, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return true;
	return false;
}

/* What waited for a receiver that was taken away, and its certificates. */
static void sweep(struct notify_service *n, const struct stored_receiver *list, size_t count)
{
	DIR *d = opendir(n->folder);
	struct dirent *f;
	long long id;

	while (d && (f = readdir(d)))
		if (sscanf(f->d_name, "receiver-%lld.", &id) == 1 && !is_known(list, count, id))
			unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
}

static int load(struct notify_service *n, struct err *e)
{
	struct stored_receiver *list;
	struct notifier_entry *entries;
	size_t count, used = 0;
	int r = receivers_list(n->store, &n->arena, &list, &count, e);

	if (r < 0)
		return r;
	entries = ARENA_ARRAY(&n->arena, count, struct notifier_entry);
	if (!entries)
		return err_set(e, ENOBUFS, "notifications: memory budget spent");
	for (size_t i = 0; i < count; i++)
		if (list[i].enabled)
			entries[used++] = entry_of(n, &list[i]);
	notifier_set(n->notifier, entries, used);
	sweep(n, list, count);
	return 0;
}

static int refresh(struct notify_service *n, struct err *e)
{
	int64_t version = 0;
	int r = receivers_version(n->store, &version, e);

	if (r == 0 && version != n->version)
		r = load(n, e);
	if (r == 0)
		n->version = version;
	return r;
}

static int look(struct notify_service *n, uint64_t now_ns, struct err *e)
{
	int r;

	if (n->version >= 0 && now_ns - n->looked_ns < LOOK_NS)
		return 0;
	n->looked_ns = now_ns;
	r = sql_lead(n->store->sql, "notify", e);
	if (r < 0)
		return r;
	n->leads = r;
	return refresh(n, e);
}

static int tell_one(struct notify_service *n, int64_t id, struct err *e)
{
	struct stored_alert a;
	int r;

	arena_reset(&n->doc);
	r = alerts_get(n->store, &scope_everything, id, &n->doc, &a, e);
	/* Retention was faster. */
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	r = notifier_take(n->notifier,
			  &(struct alert_facts){ .id = (uint64_t)id,
						 .received_ns = (uint64_t)a.received_ns,
						 .host = a.series->host,
						 .agent = a.series->agent,
						 .state = str_from(alert_state_name(a.state)) },
			  a.doc, e);
	/* What is no alert after all is nobody's news. */
	return r == -EBADMSG ? 0 : MIN(r, 0);
}

/* @return 1: there was something, 0, -errno */
static int take(struct notify_service *n, struct err *e)
{
	struct notify_batch b;
	int r = n->leads ? notify_queue_read(n->store, BATCHES, &n->arena, &b, e) : 0;

	if (r <= 0)
		return r;
	/* Who was there before these alerts is told of them. */
	r = refresh(n, e);
	for (size_t i = 0; r >= 0 && i < b.count && notifier_has_any(n->notifier); i++)
		r = tell_one(n, b.ids[i], e);
	if (r < 0)
		return r;
	notifier_sync(n->notifier);
	r = notify_queue_drop(n->store, &b, e);
	/* A store has one writer: it is not asked for every few alerts. */
	return r < 0 ? r : b.row_count == BATCHES;
}

static int tell_figures(struct notify_service *n, uint64_t now_ns, struct err *e)
{
	struct notifier_figures figures[RECEIVERS_MAX];
	struct receiver_state states[RECEIVERS_MAX];
	uint64_t sum = 0;
	size_t count;
	int r;

	if (now_ns - n->told_ns < TELL_NS)
		return 0;
	n->told_ns = now_ns;
	count = notifier_figures(n->notifier, figures, ARRAY_LEN(figures));
	for (size_t i = 0; i < count; i++) {
		const struct outbox_figures *f = &figures[i].counts;

		states[i] = (struct receiver_state){
			.receiver = figures[i].id,
			.sent = f->sent,
			.failed = f->failures,
			.waiting = f->waiting,
			.dropped = f->lost + f->refused,
			.sent_ns = (int64_t)f->last_sent_ns,
			.why = str_from(figures[i].wrong[0] ? figures[i].wrong
					: f->why            ? f->why
							    : ""),
		};
		sum = sum * 31 + f->sent + 7 * f->failures + 11 * f->waiting + 13 * f->lost +
		      17 * f->refused + str_hash(states[i].why) + (uint64_t)figures[i].id;
	}
	if (sum == n->told_sum)
		return 0;
	r = receiver_states_put(n->store, str_from(n->replica), states, count, e);
	if (r == 0)
		n->told_sum = sum;
	return r;
}

/* @return 1: there is more to do at once, 0, -errno */
static int turn(struct notify_service *n, struct err *e)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	const struct sql_options o = { .watch = n->o.watch };
	int r = n->store ? 0 : store_open(n->o.where, &o, &n->store, e);

	if (n->store)
		store_share(n->store, n->o.series);
	arena_reset(&n->arena);
	if (r == 0)
		r = look(n, now_ns, e);
	if (r == 0)
		r = tell_figures(n, now_ns, e);
	r = r < 0 ? r : take(n, e);
	store_rest(n->store);
	return r;
}

static void *run(void *ctx)
{
	struct notify_service *n = ctx;
	uint64_t rest_ns = 0;

	while (!atomic_load(&n->ending)) {
		struct err e = { 0 };
		uint64_t woken;
		int r = clock_ns(CLOCK_MONOTONIC) < rest_ns ? 0 : turn(n, &e);

		if (r < 0) {
			say(n, &e);
			if (n->store)
				sql_rollback(n->store->sql);
			rest_ns = clock_ns(CLOCK_MONOTONIC) + REST_NS;
		} else if (rest_ns < clock_ns(CLOCK_MONOTONIC)) {
			n->failing = false;
		}
		notifier_work(n->notifier, r > 0 ? 0 : TURN_MS, n->wake);
		(void)!read(n->wake, &woken, sizeof(woken));
	}
	return NULL;
}

static int begin(struct notify_service *n, struct err *e)
{
	const struct notifier_options o = { .folder = n->folder,
					    .spool_bytes = SPOOL_BYTES,
					    .allow = n->o.allow,
					    .console = n->o.console };
	int r = secret_key_get(n->o.state, &n->key, e);

	if (r == 0)
		r = notifier_new(&o, &n->notifier, e);
	if (r < 0)
		return r;
	n->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->wake < 0)
		return err_sys(e, errno, "notification");
	r = pthread_create(&n->thread, NULL, run, n);
	if (r != 0)
		return err_sys(e, r, "notification");
	n->started = true;
	return 0;
}

int notify_service_new(const struct notify_service_options *o, struct notify_service **ret,
		       struct err *e)
{
	struct notify_service *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return err_sys(e, ENOMEM, "notification");
	n->o = *o;
	n->wake = -1;
	n->version = -1;
	arena_init(&n->arena, BATCH_BYTES);
	arena_init(&n->doc, DOC_BYTES);
	snprintf(n->folder, sizeof(n->folder), "%s/notify", o->state);
	if (gethostname(n->replica, sizeof(n->replica) - 1) < 0)
		n->replica[0] = '\0';
	r = begin(n, e);
	if (r < 0) {
		notify_service_free(n);
		return r;
	}
	*ret = n;
	return 0;
}

static void wake(struct notify_service *n)
{
	const uint64_t one = 1;

	if (n && n->wake >= 0)
		(void)!write(n->wake, &one, sizeof(one));
}

void notify_service_free(struct notify_service *n)
{
	if (!n)
		return;
	atomic_store(&n->ending, true);
	wake(n);
	if (n->started)
		pthread_join(n->thread, NULL);
	notifier_free(n->notifier);
	store_close(n->store);
	fd_close(&n->wake);
	arena_done(&n->arena);
	arena_done(&n->doc);
	secret_wipe(&n->key, sizeof(n->key));
	free(n);
}

int notify_service_try(const struct notify_service *n, const struct notifier_entry *entry,
		       struct arena *a, struct outbox_result *ret, struct err *e)
{
	/* A thread's own: the notifier's belong to its own thread. */
	struct sender_host host = *notifier_host(n->notifier);
	struct receiver receiver;
	struct notice notice;
	char folder[PATH_MAX + 16];
	int r;

	/* Certificates of a trial do not take the place of those at work. */
	snprintf(folder, sizeof(folder), "%s/trial", n->folder);
	host.folder = folder;
	r = notifier_receiver(entry, a, &receiver, e);
	if (r == 0)
		r = notice_trial(n->replica[0] ? n->replica : "console", a, &notice, e);
	if (r == 0)
		r = http_flows_new(&host.flows, e);
	if (r < 0)
		return r;
	r = post_try(&receiver, &host, &notice, TRY_S, ret, e);
	http_flows_free(host.flows);
	return r;
}

#include "console/notify/notifier.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/json.h"
#include "policy/filter.h"

enum { ARENA_BYTES = 1 << 20, ALERT_BYTES = 16 << 20, RECEIVERS_MAX = 256 };

struct slot {
	struct slot *next;
	struct arena arena; /* owns what the receiver is made of */
	struct receiver receiver;
	int64_t version;
	struct policy_filter *filter; /* NULL: all */
	struct post *post;
	uint64_t lost; /* while it did not work at all */
	char wrong[ERR_TEXT_BYTES];
};

struct notifier {
	struct sender_host host;
	struct networks reach;
	struct post_options post;
	char *folder, *console;
	char name[HOST_NAME_MAX + 1];
	struct slot *slots;
	size_t count;
	struct arena alert;
};

static int allow(struct notifier *n, const char *const *networks, struct err *e)
{
	int r = 0;

	for (; r == 0 && networks && *networks; networks++)
		r = networks_add(&n->reach, str_from(*networks), e);
	return r < 0 ? err_wrap(e, r, "--notify-allow") : 0;
}

int notifier_new(const struct notifier_options *o, struct notifier **ret, struct err *e)
{
	struct notifier *n = calloc(1, sizeof(*n));
	struct http_flows *flows = NULL;
	int r;

	if (!n)
		return err_sys(e, ENOMEM, "notification");
	arena_init(&n->alert, ALERT_BYTES);
	n->folder = strdup(o->folder);
	n->console = o->console ? strdup(o->console) : NULL;
	if (gethostname(n->name, sizeof(n->name) - 1) < 0)
		n->name[0] = '\0';
	r = n->folder && (n->console || !o->console) ? allow(n, o->allow, e)
						     : err_sys(e, ENOMEM, "notification");
	if (r == 0)
		r = http_flows_new(&flows, e);
	n->host = (struct sender_host){ .flows = flows,
					.reach = &n->reach,
					.folder = n->folder,
					.name = n->name,
					.console = n->console };
	n->post = (struct post_options){ .spool = n->folder, .max_bytes = o->spool_bytes };
	if (r < 0) {
		notifier_free(n);
		return r;
	}
	*ret = n;
	return 0;
}

static void free_slot(struct slot *s)
{
	post_close(s->post);
	policy_filter_free(s->filter);
	arena_done(&s->arena);
	free(s);
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	for (struct slot *s = n->slots, *next; s; s = next) {
		next = s->next;
		free_slot(s);
	}
	http_flows_free(n->host.flows);
	arena_done(&n->alert);
	free(n->folder);
	free(n->console);
	free(n);
}

int notifier_receiver(const struct notifier_entry *entry, struct arena *a, struct receiver *ret,
		      struct err *e)
{
	struct receiver r = { .id = entry->id, .enabled = true };
	str at;
	int result;

	r.kind = receiver_kind_find(entry->kind);
	if (!r.kind)
		return err_set(e, EINVAL, "no kind of notification is called '%.*s'",
			       STR_ARG(str_take(entry->kind, 40)));
	r.name = arena_str(a, entry->name);
	r.filter = arena_str(a, entry->filter);
	if (!r.name.p || !r.filter.p)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	result = setting_join(entry->public_json, entry->secret_json, a, &r.settings, e);
	if (result == 0)
		result = receiver_settle(&r, &at, e);
	if (result == 0)
		*ret = r;
	return result;
}

/* One that is kept was right when it was written, by the words of then: it goes on as it did. */
static int compile(str condition, bool is_kept, struct policy_filter **ret, struct err *e)
{
	size_t at = 0;
	int r;

	*ret = NULL;
	if (!str_trim(condition).n)
		return 0;
	r = (is_kept ? policy_filter_reopen : policy_filter_new)(condition, &policy_alerts, ret,
								 &at, e);
	return r == -EBADMSG ? err_wrap(e, r, "column %zu", at + 1) : r;
}

int notifier_check_filter(str condition, struct err *e)
{
	struct policy_filter *f;
	int r = compile(condition, false, &f, e);

	if (r == 0)
		policy_filter_free(f);
	return r;
}

static void open_slot(struct notifier *n, struct slot *s, const struct notifier_entry *entry)
{
	struct err e = { 0 };
	int r = notifier_receiver(entry, &s->arena, &s->receiver, &e);

	if (r == 0)
		r = compile(s->receiver.filter, true, &s->filter, &e);
	if (r == 0)
		r = post_open(&s->receiver, &n->host, &n->post, &s->post, &e);
	if (r < 0)
		snprintf(s->wrong, sizeof(s->wrong), "%s", e.text);
}

static struct slot *new_slot(struct notifier *n, const struct notifier_entry *entry)
{
	struct slot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	arena_init(&s->arena, ARENA_BYTES);
	s->receiver.id = entry->id;
	s->version = entry->version;
	open_slot(n, s, entry);
	return s;
}

static const struct notifier_entry *wanted(const struct slot *s, const struct notifier_entry *list,
					   size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == s->receiver.id && list[i].version == s->version)
			return &list[i];
	return NULL;
}

static bool have(const struct notifier *n, int64_t id)
{
	for (const struct slot *s = n->slots; s; s = s->next)
		if (s->receiver.id == id)
			return true;
	return false;
}

void notifier_set(struct notifier *n, const struct notifier_entry *list, size_t count)
{
	/* First those that go: a changed one's spool is opened by its successor. */
	for (struct slot **at = &n->slots; *at;) {
		struct slot *s = *at;

		if (wanted(s, list, count)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		free_slot(s);
		n->count--;
	}
	for (size_t i = 0; i < count && n->count < RECEIVERS_MAX; i++) {
		struct slot *s = have(n, list[i].id) ? NULL : new_slot(n, &list[i]);

		if (!s)
			continue;
		s->next = n->slots;
		n->slots = s;
		n->count++;
	}
}

bool notifier_has_any(const struct notifier *n)
{
	return n->slots;
}

static struct pace_clock now(void)
{
	return (struct pace_clock){ clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_MONOTONIC) };
}

/* What cannot be decided is told. */
static bool is_wanted(const struct slot *s, const struct policy_target *t)
{
	return !s->filter || policy_filter_judge(s->filter, t) != POLICY_FALSE;
}

int notifier_take(struct notifier *n, const struct alert_facts *facts, str json, struct err *e)
{
	struct alert_target target;
	struct value doc = { 0 };
	struct notice notice;
	int told = 0, r;

	arena_reset(&n->alert);
	r = json_parse(json, &n->alert, &doc, e);
	if (r == 0)
		r = alert_target_init(&target, &doc, facts, e);
	if (r < 0)
		return r;
	notice = (struct notice){ .id = facts->id,
				  .host = facts->host,
				  .agent = facts->agent,
				  .received_ns = facts->received_ns,
				  .priority = target.priority,
				  .doc = &doc,
				  .json = json };
	for (struct slot *s = n->slots; s; s = s->next) {
		if (!s->post) {
			s->lost++;
			continue;
		}
		if (!is_wanted(s, &target.target))
			continue;
		told += post_take(s->post, &notice, now(), NULL) == 0;
	}
	return told;
}

void notifier_sync(struct notifier *n)
{
	for (struct slot *s = n->slots; s; s = s->next)
		if (s->post)
			post_sync(s->post);
}

void notifier_work(struct notifier *n, int timeout_ms, int wake_fd)
{
	struct pollfd fds[RECEIVERS_MAX + 2];
	size_t count = 0;

	fds[count++] = (struct pollfd){ .fd = http_flows_fd(n->host.flows), .events = POLLIN };
	fds[count++] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };
	for (struct slot *s = n->slots; s; s = s->next)
		if (s->post) {
			fds[count].fd = post_fd(s->post, &fds[count].events);
			count++;
		}
	(void)!poll(fds, count, timeout_ms);
	http_flows_work(n->host.flows);
	for (struct slot *s = n->slots; s; s = s->next)
		if (s->post)
			post_work(s->post, now());
}

size_t notifier_figures(struct notifier *n, struct notifier_figures *ret, size_t max)
{
	size_t count = 0;

	for (struct slot *s = n->slots; s && count < max; s = s->next) {
		ret[count] = (struct notifier_figures){ .id = s->receiver.id, .wrong = s->wrong };
		if (s->post)
			ret[count].counts = post_figures(s->post);
		ret[count].counts.lost += s->lost;
		count++;
	}
	return count;
}

const struct sender_host *notifier_host(const struct notifier *n)
{
	return &n->host;
}

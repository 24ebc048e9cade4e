/* The console's notifications without a console: receivers and alerts come by lines, figures go out by lines.
 *
 *   notify_probe FOLDER [ALLOWED-NETWORK...]
 *
 * Lines: {"receivers":[{"id":1,"name":..,"kind":..,"filter":..,"settings":{..},"version":1}]}  works for these from now on
 *        {"alert":{..},"id":7,"host":"node-1","agent":"a-1"}                                   tells an alert
 *        {"try":{"kind":..,"settings":{..}}}                                                  the test button
 * Every 100 ms: {"figures":[{"id":..,"sent":..,"failures":..,"refused":..,"lost":..,"waiting":..,"why":..,"wrong":..}]}
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/json.h"
#include "codec/json_slice.h"
#include "console/notify/notifier.h"

static struct arena arena;

static void say(struct buf *line)
{
	buf_byte(line, '\n');
	if (buf_error(line) || write(1, line->p, line->n) < 0)
		_exit(1);
}

static void say_error(const struct err *e, str at)
{
	OWNED_BUF b = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &b, false);
	json_object_open(&j);
	json_put_cstr(&j, "error", e->text);
	json_put_str(&j, "at", at);
	json_object_close(&j);
	say(&b);
}

static bool entry_of(const struct value *v, struct notifier_entry *ret)
{
	const struct receiver_kind *k = receiver_kind_find(value_get_str(v, "kind"));
	struct setting_tables t = { k ? k->settings : NULL, receiver_common_settings };
	struct err e = { 0 };
	str at;

	*ret = (struct notifier_entry){ .id = value_int(value_get(v, "id"), 1),
					.name = value_get_str(v, "name"),
					.kind = value_get_str(v, "kind"),
					.filter = value_get_str(v, "filter"),
					.version = value_int(value_get(v, "version"), 1) };
	if (!k || setting_take(&t, value_get(v, "settings"), NULL, &arena, &ret->public_json,
			       &ret->secret_json, &at, &e) < 0) {
		say_error(&e, k ? at : S("kind"));
		return false;
	}
	return true;
}

static void set(struct notifier *n, const struct value *list)
{
	struct notifier_entry entries[64];
	size_t count = 0;

	VALUE_EACH (item, list)
		if (count < ARRAY_LEN(entries) && entry_of(item, &entries[count]))
			count++;
	notifier_set(n, entries, count);
}

static void tell(struct notifier *n, const struct value *v, str line)
{
	const struct alert_facts facts = { .id = (uint64_t)value_int(value_get(v, "id"), 0),
					   .host = value_get_str(v, "host"),
					   .agent = value_get_str(v, "agent"),
					   .received_ns = clock_ns(CLOCK_REALTIME) };
	struct err e = { 0 };

	if (notifier_take(n, &facts, json_slice_get(line, S("alert")), &e) < 0)
		say_error(&e, S(""));
}

static void try_one(struct notifier *n, const struct value *v)
{
	struct sender_host host = *notifier_host(n);
	struct outbox_result r = { 0 };
	struct notifier_entry entry;
	struct receiver receiver;
	struct notice notice;
	struct err e = { 0 };
	OWNED_BUF b = BUF_INIT;

	if (!entry_of(v, &entry))
		return;
	entry.id = 0;
	if (http_flows_new(&host.flows, &e) < 0 ||
	    notifier_receiver(&entry, &arena, &receiver, &e) < 0 ||
	    notice_trial("probe", &arena, &notice, &e) < 0 ||
	    post_try(&receiver, &host, &notice, 5, &r, &e) < 0)
		snprintf(r.why, sizeof(r.why), "%.150s", e.text), r.verdict = OUTBOX_REFUSED;
	http_flows_free(host.flows);
	buf_printf(&b, "{\"tried\":%d,\"why\":", (int)r.verdict);
	json_quote(&b, str_from(r.why));
	buf_byte(&b, '}');
	say(&b);
}

static void figures(struct notifier *n)
{
	struct notifier_figures f[64];
	size_t count = notifier_figures(n, f, ARRAY_LEN(f));
	OWNED_BUF b = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &b, false);
	json_object_open(&j);
	json_key(&j, "figures");
	json_array_open(&j);
	for (size_t i = 0; i < count; i++) {
		json_object_open(&j);
		json_put_int(&j, "id", f[i].id);
		json_put_uint(&j, "sent", f[i].counts.sent);
		json_put_uint(&j, "failures", f[i].counts.failures);
		json_put_uint(&j, "refused", f[i].counts.refused);
		json_put_uint(&j, "lost", f[i].counts.lost);
		json_put_uint(&j, "waiting", f[i].counts.waiting);
		json_put_cstr(&j, "why", f[i].counts.why ? f[i].counts.why : "");
		json_put_cstr(&j, "wrong", f[i].wrong);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	say(&b);
}

/* @return false at the end of the input */
static bool read_lines(struct notifier *n, struct buf *in)
{
	char *room = buf_reserve(in, 1 << 16);
	ssize_t got = room ? read(0, room, 1 << 16) : -1;
	str rest;

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	in->n += (size_t)got;
	rest = buf_str(in);
	while (str_find(rest, '\n') < rest.n) {
		str line = str_line(&rest);
		struct value v = { 0 };
		struct err e = { 0 };

		arena_reset(&arena);
		if (json_parse(line, &arena, &v, &e) < 0)
			say_error(&e, S(""));
		else if (value_get(&v, "receivers"))
			set(n, value_get(&v, "receivers"));
		else if (value_get(&v, "try"))
			try_one(n, value_get(&v, "try"));
		else
			tell(n, &v, line);
	}
	memmove(in->p, rest.p, rest.n);
	in->n = rest.n;
	return true;
}

int main(int argc, char **argv)
{
	struct notifier_options o = { .folder = argc > 1 ? argv[1] : ".",
				      .spool_bytes = 1 << 20,
				      .console = "https://console.example:8443",
				      .allow = argc > 2 ? (const char *const *)argv + 2 : NULL };
	struct notifier *n;
	struct err e = { 0 };
	struct buf in = BUF_INIT;
	uint64_t said = 0;

	arena_init(&arena, (size_t)32 << 20);
	if (fcntl(0, F_SETFL, O_NONBLOCK) < 0 || notifier_new(&o, &n, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	while (read_lines(n, &in)) {
		notifier_work(n, 20, 0);
		if (clock_ns(CLOCK_MONOTONIC) - said < 100 * MS_NS)
			continue;
		said = clock_ns(CLOCK_MONOTONIC);
		figures(n);
	}
	notifier_free(n);
	buf_done(&in);
	arena_done(&arena);
	return 0;
}

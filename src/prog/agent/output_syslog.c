#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/word.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "prog/agent/output.h"
#include "wire/spool.h"
#include "wire/syslog.h"
#include "wire/syslog_message.h"

/* Alerts wait on disk as finished messages; what is told and what has arrived are two places in the spool. */
enum { MESSAGES_A_TICK = 2000 };

struct out {
	struct output head;
	struct syslog *wire;
	struct spool *spool;
	struct arena arena;
	struct buf message;
	const char *ca_file;
	const char *folder;
	unsigned int facility;
	char host[HOST_NAME_MAX + 1];
	uint64_t sent, synced_ns, spool_lost;
};

static const char *const facilities[24] = {
	"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
	"uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
	"local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
};

static unsigned int facility_of(const char *name)
{
	int facility = WORD_FIND(facilities, str_from(name));

	return facility < 0 ? 16 : (unsigned int)facility;
}

static void close_syslog(struct output *o)
{
	struct out *s = (struct out *)o;

	syslog_free(s->wire);
	spool_close(s->spool);
	buf_done(&s->message);
	arena_done(&s->arena);
	free(s);
}

static struct tls_options tls_of(const struct option_set *o)
{
	return (struct tls_options){ .ca_file = option_text(o, "syslog-ca"),
				     .client_cert = option_text(o, "syslog-cert"),
				     .client_key = option_text(o, "syslog-key") };
}

static int check(const struct option_set *o, struct err *e)
{
	const struct tls_options tls = tls_of(o);
	int r = 0;

	for (const char *const *u = option_list(o, "syslog", NULL); *u && r == 0; u++) {
		struct syslog *wire = NULL;

		r = syslog_new(*u, &tls, &wire, e);
		syslog_free(wire);
	}
	return r == -EINVAL ? option_blame(o, "syslog", e) : r;
}

static int open_one(struct output **list, const struct option_set *o, const char *url,
		    struct err *e)
{
	const struct tls_options tls = tls_of(o);
	struct out *s = calloc(1, sizeof(*s));
	uint8_t sum[SHA256_BYTES];
	char name[32] = "syslog-";
	int r;

	if (!s)
		return err_sys(e, ENOMEM, "'%s'", url);
	arena_init(&s->arena, (size_t)2 << 20);
	sha256_of(str_from(url), sum);
	hex_render(sum, 8, name + strlen(name));
	s->facility = facility_of(option_text(o, "syslog-facility"));
	s->ca_file = tls.ca_file;
	s->folder = option_text(o, "spool");
	if (gethostname(s->host, sizeof(s->host) - 1) < 0)
		s->host[0] = '\0';
	r = syslog_new(url, &tls, &s->wire, e);
	if (r == 0)
		r = spool_open(s->folder, name, option_number(o, "spool-size", 0), &s->spool, e);
	if (r < 0) {
		close_syslog(&s->head);
		return r;
	}
	output_add(list, &s->head, &output_syslog, url);
	return 0;
}

static int open_syslog(struct output **list, const struct option_set *o, struct err *e)
{
	int r = 0;

	for (const char *const *u = option_list(o, "syslog", NULL); *u && r == 0; u++)
		r = open_one(list, o, *u, e);
	return r;
}

static int render(struct out *s, const struct output_alert *a, struct err *e)
{
	const struct value *c;
	struct value v = { 0 };
	char pid[16], count[24];
	int r = json_parse(a->json, &s->arena, &v, e);

	if (r < 0)
		return r;
	c = value_get(&v, "container");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	snprintf(count, sizeof(count), "%lld", (long long)value_int(value_get(&v, "count"), 1));
	const struct syslog_param params[] = {
		{ "ruleId", value_get_str(&v, "ruleId") },
		{ "rule", value_get_str(&v, "rule") },
		{ "priority", value_get_str(&v, "priority") },
		{ "source", value_get_str(&v, "source") },
		{ "containerId", value_get_str(c, "id") },
		{ "container", value_get_str(c, "name") },
		{ "image", value_get_str(c, "image") },
		{ "count", str_from(count) },
	};
	syslog_message_render(&(struct syslog_message){ .facility = s->facility,
							.severity = (unsigned int)a->priority,
							.time = value_get_str(&v, "time"),
							.host = str_from(s->host),
							.app = S("skep-agent"),
							.process = str_from(pid),
							.id = value_get_str(&v, "ruleId"),
							.data_id = "skep@32473",
							.params = params,
							.param_count = ARRAY_LEN(params),
							.text = value_get_str(&v, "message") },
			      &s->message);
	return buf_error(&s->message);
}

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	struct out *s = (struct out *)o;
	int r;

	arena_reset(&s->arena);
	buf_reset(&s->message);
	r = render(s, a, e);
	return r < 0 ? r : spool_add(s->spool, buf_str(&s->message), e);
}

/** What was sent and is in nobody's queue any more has arrived. */
static void acknowledge(struct out *s)
{
	if (!s->sent || !syslog_is_idle(s->wire))
		return;
	(void)spool_ack(s->spool, NULL);
	s->head.told += s->sent;
	s->sent = 0;
}

static void send_some(struct out *s)
{
	for (unsigned int i = 0; i < MESSAGES_A_TICK && syslog_takes(s->wire); i++) {
		struct err e = { 0 };
		str line = { 0 };
		int r = spool_next(s->spool, &line, &e);

		if (r < 0)
			output_fails(&s->head, e.text);
		if (r <= 0)
			return;
		r = syslog_send(s->wire, line);
		if (r < 0) {
			/* A datagram that found no room: what is not acknowledged waits again. */
			spool_back(s->spool);
			s->sent = 0;
			return;
		}
		s->sent++;
	}
}

static void tick(struct output *o, uint64_t now_ns)
{
	struct out *s = (struct out *)o;
	struct err e = { 0 };

	int r = syslog_work(s->wire, now_ns, &e);

	if (r == 0 && syslog_is_connected(s->wire)) {
		acknowledge(s);
		send_some(s);
		r = syslog_work(s->wire, now_ns, &e);
	}
	if (r < 0) {
		output_fails(o, e.text);
		spool_back(s->spool);
		s->sent = 0;
	}
	o->lost += spool_lost(s->spool) - s->spool_lost;
	s->spool_lost = spool_lost(s->spool);
	o->waiting = spool_waiting(s->spool);
	if (o->failing && syslog_is_idle(s->wire) && o->waiting == 0)
		output_works(o);
	if (now_ns - s->synced_ns > SECOND_NS) {
		s->synced_ns = now_ns;
		spool_sync(s->spool);
	}
}

static int fd(const struct output *o, short *ret_events)
{
	return syslog_fd(((const struct out *)o)->wire, ret_events);
}

static void places(const struct output *o, struct output_places *p)
{
	output_place(p, ((const struct out *)o)->ca_file, false);
	output_place(p, ((const struct out *)o)->folder, true);
}

const struct output_kind output_syslog = {
	.name = "syslog",
	.check = check,
	.open = open_syslog,
	.tell = tell,
	.tick = tick,
	.fd = fd,
	.places = places,
	.close = close_syslog,
};

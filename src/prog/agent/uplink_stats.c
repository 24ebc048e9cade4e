#include "prog/agent/uplink_stats.h"

#include "base/clock.h"
#include "prog/agent/control.h"
#include "prog/agent/metrics.h"
#include "wire/http_server.h"

/* The sensor tells once a second; silence for so long is an illness. */
enum { SILENCE_MS = 5000 };

struct uplink_stats {
	const struct part_context *part;
	const struct output *outputs;
	struct http_server *http;
	struct control *control;
	struct buf sensor; /* its last document */
	struct buf parts;  /* what the supervisor said last */
	struct buf line;   /* the whole one */
	uint64_t heard_ms;
};

/** Writes the document and a line feed into s->line. */
static str compose(struct uplink_stats *s)
{
	struct json_out j;

	buf_reset(&s->line);
	buf_printf(&s->line,
		   "{\"schemaVersion\":1,\"version\":\"%s\",\"monotonicMs\":%llu,\"sensor\":",
		   SKEP_VERSION, (unsigned long long)clock_ms(CLOCK_MONOTONIC));
	buf_add(&s->line, s->sensor.n ? buf_str(&s->sensor) : S("{}"));
	buf_add(&s->line, S(",\"uplink\":"));
	json_out_init(&j, &s->line, false);
	json_object_open(&j);
	json_put_uint(&j, "pid", (uint64_t)getpid());
	part_put_usage(&j);
	json_key(&j, "outputs");
	outputs_render(s->outputs, &j);
	json_object_close(&j);
	if (s->parts.n) {
		buf_add(&s->line, S(",\"parts\":"));
		buf_add(&s->line, buf_str(&s->parts));
	}
	buf_add(&s->line, S("}\n"));
	return buf_error(&s->line) ? (str){ 0 } : buf_str(&s->line);
}

static bool is_well(const struct uplink_stats *s)
{
	return s->heard_ms && clock_ms(CLOCK_MONOTONIC) - s->heard_ms < SILENCE_MS;
}

static int serve_metrics(struct uplink_stats *s, struct buf *body, const char **ret_type)
{
	*ret_type = "text/plain; version=0.0.4; charset=utf-8";
	return metrics_render(compose(s), body, NULL) < 0 ? 500 : 200;
}

static void serve(void *ctx, struct http_server_exchange *x)
{
	struct uplink_stats *s = ctx;
	const struct http_head *h = &http_server_request(x)->head;
	struct http_server_reply r = { .status = 404, .type = "text/plain; charset=utf-8" };
	OWNED_BUF body = BUF_INIT;

	if (!str_is(h->method, "GET") && !str_is(h->method, "HEAD")) {
		r.status = 405;
		r.fields[r.field_count++] = (struct http_server_field){ "Allow", "GET, HEAD" };
	} else if (str_is(h->path, "/healthz")) {
		buf_add(&body, is_well(s) ? S("ok\n") : S("the sensor says nothing\n"));
		r.status = is_well(s) ? 200 : 503;
	} else if (str_is(h->path, "/metrics")) {
		r.status = serve_metrics(s, &body, &r.type);
	} else {
		buf_add(&body, S("see /metrics and /healthz\n"));
	}
	if (buf_error(&body))
		r.status = 500;
	r.body = r.status == 500 ? (str){ 0 } : buf_str(&body);
	http_server_answer(x, &r);
}

static int open_metrics(struct uplink_stats *s, const char *address, struct err *e)
{
	struct http_server_options o = {
		.address = address, .on_request = serve, .ctx = s, .head_s = 5
	};
	int r = http_server_new(&o, &s->http, e);

	return r < 0 ? err_wrap(e, r, "--metrics") : 0;
}

static int open_control(struct uplink_stats *s, struct err *e)
{
	const struct option_set *o = s->part->options;
	const char *path = option_text(o, "control");
	int r = path[0] ? control_new(path, &s->control, e) : 0;

	if (r < 0 && !option_is_given(o, "control")) {
		part_say(s->part, "%s; `skep agent top` will not reach this agent",
			 e && e->text[0] ? e->text : strerror(-r));
		return 0;
	}
	return r;
}

int uplink_stats_check(const struct option_set *o, struct err *e)
{
	const char *address = option_text(o, "metrics");
	int r = address ? http_server_check_address(address, e) : 0;

	return r < 0 ? option_blame(o, "metrics", e) : 0;
}

int uplink_stats_new(const struct part_context *p, const struct output *outputs,
		     struct uplink_stats **ret, struct err *e)
{
	const char *address = option_text(p->options, "metrics");
	struct uplink_stats *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_sys(e, ENOMEM, "statistics");
	s->part = p;
	s->outputs = outputs;
	r = open_control(s, e);
	if (r == 0 && address)
		r = open_metrics(s, address, e);
	if (r < 0) {
		uplink_stats_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void uplink_stats_free(struct uplink_stats *s)
{
	if (!s)
		return;
	control_free(s->control);
	http_server_free(s->http);
	buf_done(&s->sensor);
	buf_done(&s->parts);
	buf_done(&s->line);
	free(s);
}

struct privilege_place uplink_stats_place(const struct uplink_stats *s)
{
	return (struct privilege_place){ .path = s->control ? control_folder(s->control) : NULL,
					 .writable = true };
}

/* What checks cost takes the sensor a while to find out: it does while somebody looks. */
static void ask_if_heard(const struct uplink_stats *s)
{
	/* Should the question not get through, it is asked again with the next figures. */
	if (s->control && control_is_heard(s->control))
		(void)!message_send(s->part->data, &(struct message){ .kind = MESSAGE_ASK });
}

void uplink_stats_take(struct uplink_stats *s, str json, bool whole)
{
	buf_reset(&s->sensor);
	buf_add(&s->sensor, json);
	if (buf_error(&s->sensor))
		return;
	s->heard_ms = clock_ms(CLOCK_MONOTONIC);
	if (whole && s->control)
		control_tell(s->control, compose(s));
	ask_if_heard(s);
}

void uplink_stats_take_parts(struct uplink_stats *s, str json)
{
	buf_reset(&s->parts);
	buf_add(&s->parts, json);
}

bool uplink_stats_is_whole(const struct uplink_stats *s)
{
	return s->sensor.n && s->parts.n;
}

str uplink_stats_document(struct uplink_stats *s)
{
	return compose(s);
}

size_t uplink_stats_fds(const struct uplink_stats *s, struct pollfd *ret)
{
	size_t n = 0;

	if (s->control)
		ret[n++] = (struct pollfd){ .fd = control_fd(s->control), .events = POLLIN };
	if (s->http)
		ret[n++] = (struct pollfd){ .fd = http_server_fd(s->http), .events = POLLIN };
	return n;
}

bool uplink_stats_work(struct uplink_stats *s)
{
	struct pollfd p = { .fd = s->control ? control_fd(s->control) : -1, .events = POLLIN };

	if (poll(&p, 1, 0) > 0) {
		control_accept(s->control);
		ask_if_heard(s);
	}
	return s->http && http_server_work(s->http) >= 0;
}

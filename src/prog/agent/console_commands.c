#include "prog/agent/console_commands.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/json.h"

#define SILENCE_NS (45 * SECOND_NS)
#define PAUSE_LEAST_NS SECOND_NS
#define PAUSE_MOST_NS (60 * SECOND_NS)
#define PARSE_MEMORY ((size_t)8 << 20)
enum { URL_BYTES = 512 };

struct console_commands {
	char url[URL_BYTES];
	struct http_flows *flows;
	void (*on_command)(void *ctx, const struct console_command *c);
	void *ctx;
	struct http_flow *flow;
	struct buf line;
	uint64_t after, now_ns, heard_ns, next_ns, pause_ns;
};

int console_command_parse(str line, struct arena *a, struct console_command *ret, struct err *e)
{
	struct value *v;
	int64_t id;
	int r;

	line = str_trim(line);
	if (line.n == 0)
		return 0;
	v = ARENA_NEW(a, struct value);
	if (!v)
		return err_set(e, ENOBUFS, "memory budget spent");
	r = json_parse(line, a, v, e);
	if (r < 0)
		return r;
	id = value_int(value_get(v, "id"), 0);
	if (id <= 0 || value_get_str(v, "kind").n == 0)
		return err_set(e, EBADMSG, "a command without id or kind");
	*ret = (struct console_command){ .id = (uint64_t)id,
					 .kind = value_get_str(v, "kind"),
					 .members = v };
	return 1;
}

int console_commands_new(const char *url, struct http_flows *flows,
			 void (*on_command)(void *ctx, const struct console_command *c), void *ctx,
			 struct console_commands **ret, struct err *e)
{
	struct console_commands *c = calloc(1, sizeof(*c));

	if (!c)
		return err_sys(e, ENOMEM, "console");
	snprintf(c->url, sizeof(c->url), "%s/agent/v1/commands", url);
	c->flows = flows;
	c->on_command = on_command;
	c->ctx = ctx;
	c->line.max = CONSOLE_COMMAND_MAX;
	*ret = c;
	return 0;
}

void console_commands_free(struct console_commands *c)
{
	if (!c)
		return;
	http_flow_stop(c->flow);
	buf_done(&c->line);
	free(c);
}

static void take(struct console_commands *c, str line)
{
	struct console_command cmd;
	struct arena a;

	arena_init(&a, PARSE_MEMORY);
	/* A line that is no command is passed over: the console will see that no result comes. */
	if (console_command_parse(line, &a, &cmd, NULL) > 0 && cmd.id > c->after) {
		c->after = cmd.id;
		c->on_command(c->ctx, &cmd);
	}
	arena_done(&a);
}

static int on_body(void *ctx, str bytes)
{
	struct console_commands *c = ctx;
	str rest;

	c->heard_ns = c->now_ns;
	c->pause_ns = 0;
	buf_add(&c->line, bytes);
	if (buf_error(&c->line))
		return -E2BIG;
	rest = buf_str(&c->line);
	while (str_find(rest, '\n') < rest.n)
		take(c, str_cut(&rest, '\n'));
	if (rest.n)
		memmove(c->line.p, rest.p, rest.n);
	c->line.n = rest.n;
	return 0;
}

static void wait_a_while(struct console_commands *c)
{
	c->pause_ns = c->pause_ns ? MIN(2 * c->pause_ns, PAUSE_MOST_NS) : PAUSE_LEAST_NS;
	c->next_ns = c->now_ns + c->pause_ns;
}

static void on_end(void *ctx, int result UNUSED, int status UNUSED)
{
	struct console_commands *c = ctx;

	c->flow = NULL;
	wait_a_while(c);
}

static void ask(struct console_commands *c, const struct http_options *http)
{
	static const char *const headers[] = { "Skep-Agent-Protocol: 1", NULL };
	char url[URL_BYTES + 32];
	const struct http_flow_request q = {
		.url = url, .headers = headers, .on_body = on_body, .on_end = on_end, .ctx = c
	};

	snprintf(url, sizeof(url), "%s?after=%llu", c->url, (unsigned long long)c->after);
	buf_reset(&c->line);
	c->heard_ns = c->now_ns;
	if (http_flow_start(c->flows, http, &q, &c->flow, NULL) < 0)
		wait_a_while(c);
}

void console_commands_tick(struct console_commands *c, const struct http_options *http,
			   uint64_t now_ns)
{
	c->now_ns = now_ns;
	if (c->flow && now_ns - c->heard_ns > SILENCE_NS) {
		http_flow_stop(TAKE(&c->flow));
		wait_a_while(c);
	}
	if (!c->flow && http && now_ns >= c->next_ns)
		ask(c, http);
}

/** @file
 * What the console asks of this agent: an answer that does not end (doc/formats/agent-protocol.md). The console is trusted to steer, its
 * bytes are not: lines are bounded, unknown kinds are answered as such.
 */
#ifndef SKEP_PROG_AGENT_CONSOLE_COMMANDS_H
#define SKEP_PROG_AGENT_CONSOLE_COMMANDS_H

#include "codec/value.h"
#include "wire/http_flow.h"

#define CONSOLE_COMMAND_MAX ((size_t)1 << 20)

struct console_command {
	uint64_t id;
	str kind;
	const struct value *members;
};

/** Reads one line. @return 1, 0 it is empty, -EBADMSG, -ENOBUFS */
MUST_CHECK int console_command_parse(str line, struct arena *a, struct console_command *ret,
				     struct err *e);

struct console_commands;

/** @param on_command carries one out; lives while the call lasts. Called from http_flows_work(). */
MUST_CHECK int console_commands_new(const char *url, struct http_flows *flows,
				    void (*on_command)(void *ctx, const struct console_command *c),
				    void *ctx, struct console_commands **ret, struct err *e);
void console_commands_free(struct console_commands *c);

/** Asks when it is not asking. @param http NULL: not now */
void console_commands_tick(struct console_commands *c, const struct http_options *http,
			   uint64_t now_ns);

#endif

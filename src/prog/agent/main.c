/* skep-agent: the agent alone, for machines that want nothing else of Skep. `skep agent run` is the same. */
#include <stdio.h>

#include "base/text.h"
#include "prog/agent/agent.h"
#include "prog/front/front.h"

static void say(const char *line)
{
	OWNED_BUF out = BUF_INIT;

	buf_add(&out, S("skep-agent: "));
	text_escape(str_from(line), &out);
	fprintf(stderr, "%s\n", buf_cstr(&out));
}

static int run(const struct option_set *o, struct err *e)
{
	return agent_run(o, say, e);
}

int main(int argc, char **argv)
{
	static const struct front front = {
		.name = "skep-agent",
		.summary = "Watches this host's containers and tells what rules find. The same as "
			   "`skep agent run`.",
		.environment = "SKEP",
		.options = { agent_watch_options, agent_tell_options },
		.memory_bytes = (size_t)16 << 20,
		.run = run,
		.say = say,
	};

	return front_main(&front, argc, argv);
}

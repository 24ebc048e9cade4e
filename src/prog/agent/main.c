/* skep-agent: the agent alone, for machines that want nothing else of Skep. `skep agent run` is the same. */
#include <stdio.h>

#include "base/text.h"
#include "prog/agent/agent.h"
#include "prog/front/front.h"
#include "prog/skep/translate.h"

static void say(const char *line)
{
	OWNED_BUF out = BUF_INIT, zh = BUF_INIT;

	/* What is Chinese already stays as it is. */
	if (lang_of_environment() == LANG_ZH)
		retell_zh(str_from(line), &zh);
	buf_add(&out, S("skep-agent: "));
	text_escape(zh.n && !buf_error(&zh) ? buf_str(&zh) : str_from(line), &out);
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
		.summary = { "Watches this host's containers and tells what rules find. The same "
			     "as `skep agent run`.",
			     "监视本机容器并按规则告警，与 `skep agent run` 相同。" },
		.zh = &translation_zh,
		.environment = "SKEP",
		.options = { agent_watch_options, agent_tell_options },
		.memory_bytes = (size_t)16 << 20,
		.run = run,
		.say = say,
	};

	return front_main(&front, argc, argv);
}

/* skep-console: the console alone, for machines that want nothing else of Skep. `skep console run` is the same. */
#include <unistd.h>

#include "prog/console/console.h"
#include "prog/front/front.h"
#include "prog/skep/translate.h"

static void say(const char *line)
{
	console_say(STDERR_FILENO, line);
}

static int run(const struct option_set *o, struct err *e)
{
	return console_start(o, &translation_zh, e);
}

int main(int argc, char **argv)
{
	static const struct front front = {
		.name = "skep-console",
		.summary = { "The console: API, web pages and what agents report to.",
			     "控制台：API、网页，以及代理上报的去处。" },
		.zh = &translation_zh,
		.environment = "SKEP_CONSOLE",
		.options = { console_state_options, console_options, console_alone_options },
		.memory_bytes = (size_t)1 << 20,
		.run = run,
		.say = say,
	};

	return front_main(&front, argc, argv);
}

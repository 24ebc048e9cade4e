#include "prog/skep/command.h"

/* A family: `skep db` alone lists its members, each in a file of its own. */
const struct command cmd_db = {
	.name = "db",
	.summary = { "the vulnerability database", "漏洞库" },
};

#include "prog/skep/command.h"

#define X(id) extern const struct command cmd_##id;
#include "prog/skep/commands.def"
#undef X

const struct command *const commands[] = {
#define X(id) &cmd_##id,
#include "prog/skep/commands.def"
#undef X
	NULL,
};

const struct command *command_find(str name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (str_is(name, (*c)->name))
			return *c;
	return NULL;
}

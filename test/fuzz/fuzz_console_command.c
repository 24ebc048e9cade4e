/* A command has a number and a kind; a token that is read is written the same. */
#include "fuzz.h"

#include "codec/join_token.h"
#include "prog/agent/console_commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const str text = { (const char *)data, size };
	struct console_command c;
	struct join_token t;
	struct arena a;

	arena_init(&a, (size_t)8 << 20);
	if (console_command_parse(text, &a, &c, NULL) > 0)
		assert(c.id && c.kind.n && c.members->kind == VALUE_OBJECT);
	arena_done(&a);
	if (join_token_parse(text, &t, NULL) == 0) {
		struct buf out = BUF_INIT;

		join_token_render(&t, &out);
		assert(str_eq(buf_str(&out), str_trim(text)));
		buf_done(&out);
	}
	return 0;
}

#include "codec/json_out.h"
#include "prog/skep/command.h"
#include "prog/skep/result.h"

static int run(struct invocation *v)
{
	OWNED_BUF text = BUF_INIT;
	struct json_out j;

	if (!option_flag(&v->options, "json")) {
		fprintf(v->out, "skep %s\n", SKEP_VERSION);
		return EXIT_CODE_OK;
	}
	json_out_init(&j, &text, true);
	json_object_open(&j);
	json_put_cstr(&j, "version", SKEP_VERSION);
	json_put_cstr(&j, "compiler", __VERSION__);
	json_object_close(&j);
	buf_byte(&text, '\n');
	if (buf_error(&text) < 0)
		return err_set(&v->err, ENOMEM, "version: out of memory");
	fputs(buf_cstr(&text), v->out);
	return EXIT_CODE_OK;
}

const struct command cmd_version = {
	.name = "version",
	.summary = { "print the version", "显示版本" },
	.examples = { { "skep version --json", { "for machines", "供程序读取" } } },
	.options = { result_json_options },
	.run = run,
};

#include <unistd.h>

#include "base/file.h"
#include "prog/agent/output.h"

struct stream {
	struct output head;
	bool json;
};

static int open_stream(struct output **list, const struct option_set *o, struct err *e)
{
	const char *format = option_text(o, "format");
	struct stream *s;

	if (strcmp(format, "none") == 0)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(e, ENOMEM, "standard output");
	s->json = strcmp(format, "json") == 0;
	output_add(list, &s->head, &output_stream, "");
	return 0;
}

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	const struct stream *s = (const struct stream *)o;
	OWNED_BUF line = BUF_INIT;

	buf_add(&line, s->json ? a->json : a->text);
	buf_byte(&line, '\n');
	if (buf_error(&line))
		return buf_error(&line);
	return file_write_all(STDOUT_FILENO, buf_str(&line), e);
}

static void close_stream(struct output *o)
{
	free(o);
}

const struct output_kind output_stream = {
	.name = "standard output",
	.open = open_stream,
	.tell = tell,
	.close = close_stream,
};

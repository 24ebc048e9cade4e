#include "prog/skep/result.h"

#include <sys/ioctl.h>

#include "base/text.h"

const struct option_def result_json_options[] = {
	{ .name = "json",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "print JSON", "输出 JSON" } },
	{ 0 },
};

const struct option_def result_count_options[] = {
	{ .name = "count",
	  .letter = 'n',
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "N",
	  .fallback = "0",
	  .help = { "end after so many lines or refreshes", "显示若干条或刷新若干次后结束" } },
	{ 0 },
};

void result_say_args(const struct invocation *v, struct buf *out, struct phrase p, const str *args)
{
	for (const char *c = say(v, p); *c; c++) {
		if (c[0] == '{' && c[1] >= '0' && c[1] <= '9' && c[2] == '}') {
			text_escape(args[c[1] - '0'], out);
			c += 2;
		} else if (c[0] == '{' && c[1] >= '0' && c[1] <= '9' &&
			   strncmp(c + 2, "s}", 2) == 0) {
			if (!str_is(args[c[1] - '0'], "1"))
				buf_byte(out, 's');
			c += 3;
		} else {
			buf_byte(out, *c);
		}
	}
}

str result_number(const struct invocation *v, uint64_t n)
{
	str s = arena_printf(v->arena, "%llu", (unsigned long long)n);

	return s.p ? s : S("?");
}

void result_table_init(struct result_table *t, struct arena *a)
{
	*t = (struct result_table){ .arena = a };
}

void result_table_column(struct result_table *t, const char *title, unsigned int min,
			 bool align_right)
{
	assert(t->grid.column_count < GRID_MAX_COLUMNS);
	t->grid.columns[t->grid.column_count++] = (struct grid_column){
		.title = str_from(title), .min = min, .align_right = align_right
	};
}

void result_table_cell(struct result_table *t, str text)
{
	OWNED_BUF safe = BUF_INIT;
	struct grid_cell *cell = ARENA_PUSH(t->arena, t->grid.cells, t->cell_count, t->cell_cap);

	text_escape(text, &safe);
	if (cell)
		cell->text = arena_str(t->arena, buf_str(&safe));
	t->spent |= !cell || !cell->text.p || buf_error(&safe) < 0;
}

unsigned int result_width(const struct invocation *v)
{
	struct winsize w;

	return ioctl(fileno(v->out), TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

void result_line(const struct invocation *v, str text, unsigned int indent, struct buf *out)
{
	unsigned int width = result_width(v);

	indent = MIN(indent, width / 2);
	buf_add(out, text_wrap(&text, width));
	while (text.n) {
		buf_byte(out, '\n');
		text_pad(out, 0, indent);
		buf_add(out, text_wrap(&text, width - indent));
	}
	buf_byte(out, '\n');
}

int result_table_render(struct invocation *v, const struct result_table *t, struct buf *out)
{
	struct grid g = t->grid;
	unsigned int width = result_width(v);

	if (t->spent)
		return err_set(&v->err, ENOBUFS, "memory budget spent on the table");
	g.row_count = g.column_count ? t->cell_count / g.column_count : 0;
	if (!grid_render(&g, width, v->color, out) && !grid_render(&g, 0, v->color, out))
		return err_set(&v->err, ENOBUFS, "memory budget spent on the table");
	return 0;
}

int result_print(struct invocation *v, const struct buf *out)
{
	if (buf_error(out) < 0)
		return err_set(&v->err, ENOMEM, "no memory for the result");
	if (fwrite(out->n ? out->p : "", 1, out->n, v->out) != out->n)
		return err_sys(&v->err, errno, "cannot write the result");
	return EXIT_CODE_OK;
}

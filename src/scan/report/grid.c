#include "scan/report/grid.h"

#include "base/text.h"

void grid_ink(struct buf *out, str text, enum grid_ink ink, bool color)
{
	static const char *const sgr[] = {
#define GRID_SGR(id, parameters) [INK_##id] = (parameters),
		GRID_INKS(GRID_SGR)
#undef GRID_SGR
	};

	if (color && ink != INK_PLAIN && text.n)
		buf_printf(out, "\x1b[%sm%.*s\x1b[0m", sgr[ink], STR_ARG(text));
	else
		buf_add(out, text);
}

static void natural_widths(const struct grid *g, unsigned int w[GRID_MAX_COLUMNS])
{
	for (size_t c = 0; c < g->column_count; c++) {
		const struct grid_column *column = &g->columns[c];

		w[c] = text_width(column->title);
		for (size_t r = 0; r < g->row_count; r++)
			w[c] = MAX(w[c], text_width(g->cells[r * g->column_count + c].text));
		if (column->max)
			w[c] = MIN(w[c], MAX(column->max, text_width(column->title)));
	}
}

static unsigned int total(const struct grid *g, const unsigned int *w, unsigned int gap)
{
	unsigned int n = gap * (unsigned int)(g->column_count - 1);

	for (size_t c = 0; c < g->column_count; c++)
		n += w[c];
	return n;
}

/* Takes one column of width from the widest that may shrink. */
static bool shrink(const struct grid *g, unsigned int *w)
{
	size_t widest = GRID_MAX_COLUMNS;

	for (size_t c = 0; c < g->column_count; c++)
		if (g->columns[c].min && w[c] > g->columns[c].min &&
		    (widest == GRID_MAX_COLUMNS || w[c] > w[widest]))
			widest = c;
	if (widest == GRID_MAX_COLUMNS)
		return false;
	w[widest]--;
	return true;
}

/* Blanks are held back until something follows them, so that no line ends in blanks. */
static void cell_line(struct buf *out, str line, enum grid_ink ink, bool color, unsigned int width,
		      bool align_right, unsigned int *pending)
{
	unsigned int used = text_width(line);
	unsigned int fill = width > used ? width - used : 0;

	if (!line.n) {
		*pending += width;
		return;
	}
	text_pad(out, 0, *pending + (align_right ? fill : 0));
	*pending = align_right ? 0 : fill;
	grid_ink(out, line, ink, color);
}

static void row_render(const struct grid *g, const struct grid_cell *cells, const unsigned int *w,
		       unsigned int gap, bool color, struct buf *out)
{
	str rest[GRID_MAX_COLUMNS];
	bool more = true;

	for (size_t c = 0; c < g->column_count; c++)
		rest[c] = cells[c].text;
	while (more) {
		unsigned int pending = 0;

		more = false;
		for (size_t c = 0; c < g->column_count; c++) {
			str line = rest[c].n ? text_wrap(&rest[c], w[c]) : (str){ 0 };

			cell_line(out, line, cells[c].ink, color, w[c], g->columns[c].align_right,
				  &pending);
			pending += gap;
			more |= rest[c].n > 0;
		}
		buf_byte(out, '\n');
	}
}

bool grid_render(const struct grid *g, unsigned int width, bool color, struct buf *out)
{
	unsigned int w[GRID_MAX_COLUMNS];
	struct grid_cell titles[GRID_MAX_COLUMNS];
	unsigned int gap = 2;

	natural_widths(g, w);
	if (width) {
		while (total(g, w, gap) > width && shrink(g, w))
			;
		gap = total(g, w, 2) > width ? 1 : 2;
		if (total(g, w, gap) > width)
			return false;
	}
	for (size_t c = 0; c < g->column_count; c++)
		titles[c] = (struct grid_cell){ g->columns[c].title, INK_BOLD };
	row_render(g, titles, w, gap, color, out);
	for (size_t r = 0; r < g->row_count; r++)
		row_render(g, g->cells + r * g->column_count, w, gap, color, out);
	return true;
}

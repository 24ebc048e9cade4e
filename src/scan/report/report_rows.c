#include <stdio.h>

#include "base/map.h"
#include "base/text.h"
#include "scan/report/grid.h"
#include "scan/report/report_priv.h"

/* Findings that differ only in the binary package: one row, its packages side by side. */
struct row {
	const struct finding *f;
	const struct package *package;
	struct buf names;
};

struct rows {
	struct row *items;
	size_t count;
};

static void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		buf_done(&rows->items[i].names);
}

static str row_key(struct view *v, const struct finding *f, const struct package *p)
{
	return arena_printf(v->a, "%.*s\n%.*s\n%.*s\n%.*s\n%u\n%d\n%d", STR_ARG(f->vuln->id),
			    STR_ARG(p->source_name), STR_ARG(p->version), STR_ARG(f->fixed_version),
			    p->layer, (int)f->severity, (int)f->state);
}

static int rows_collect(struct view *v, struct rows *ret)
{
	const struct finding_list *l = &v->r->findings;
	struct map seen = map_in(v->a);

	ret->count = 0;
	ret->items = ARENA_ARRAY(v->a, l->count, struct row);
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		const struct finding *f = &l->items[i];
		const struct package *p = &v->r->inventory->packages.items[f->package];
		str key = row_key(v, f, p);
		struct row **at = key.p ? (struct row **)map_at(&seen, key) : NULL;

		if (!at)
			return -ENOMEM;
		if (!*at) {
			*at = &ret->items[ret->count++];
			(*at)->f = f;
			(*at)->package = p;
		} else {
			buf_add(&(*at)->names, S(", "));
		}
		text_escape(p->name, &(*at)->names);
	}
	return 0;
}

static enum grid_ink severity_ink(enum severity s)
{
	static const enum grid_ink inks[] = {
		[SEVERITY_UNKNOWN] = INK_DIM, [SEVERITY_NEGLIGIBLE] = INK_DIM,
		[SEVERITY_LOW] = INK_CYAN,    [SEVERITY_MEDIUM] = INK_YELLOW,
		[SEVERITY_HIGH] = INK_RED,    [SEVERITY_CRITICAL] = INK_ALARM,
	};

	return inks[s];
}

static str severity_text(struct view *v, enum severity s)
{
	const char *word = words_severity(v->style->lang, s);
	str upper = arena_str(v->a, str_from(word));
	char *p = v->style->lang == LANG_EN ? arena_alloc(v->a, upper.n + 1) : NULL;

	if (!p)
		return upper;
	for (size_t i = 0; i < upper.n; i++)
		p[i] = upper.p[i] >= 'a' && upper.p[i] <= 'z' ? (char)(upper.p[i] - 'a' + 'A')
							      : upper.p[i];
	return (str){ p, upper.n };
}

static str fixed_text(struct view *v, const struct finding *f)
{
	static const enum word words[] = {
		[FIX_AFFECTED] = WORD_STATE_AFFECTED,
		[FIX_FIXED] = WORD_STATE_AFFECTED,
		[FIX_WILL_NOT_FIX] = WORD_STATE_WILL_NOT_FIX,
		[FIX_DEFERRED] = WORD_STATE_DEFERRED,
		[FIX_END_OF_LIFE] = WORD_STATE_END_OF_LIFE,
		[FIX_INVESTIGATING] = WORD_STATE_INVESTIGATING,
		[FIX_NOT_AFFECTED] = WORD_STATE_NOT_AFFECTED,
	};

	if (f->fixed_version.n)
		return report_escape(v->a, f->fixed_version);
	return str_from(words_template(v->style->lang, words[f->state]));
}

static str epss_text(struct view *v, const struct finding *f)
{
	OWNED_BUF b = BUF_INIT;

	report_epss(&b, v->style->lang, f->vuln);
	return report_keep(v->a, &b);
}

static bool is_kev(const struct finding *f)
{
	return (f->vuln->exploit_flags & EXPLOIT_KEV) != 0;
}

static str title(struct view *v, enum word w)
{
	return str_from(words_template(v->style->lang, w));
}

enum column { RISK, SEVERITY, ID, KEV, PACKAGE, INSTALLED, FIXED, EPSS, LAYER, COLUMNS };

static void columns_fill(struct view *v, struct grid *g)
{
	const struct grid_column all[COLUMNS] = {
		[RISK] = { title(v, WORD_TITLE_RISK), .align_right = true },
		[SEVERITY] = { title(v, WORD_TITLE_SEVERITY) },
		[ID] = { title(v, WORD_TITLE_VULNERABILITY), .min = 14, .max = 24 },
		[KEV] = { title(v, WORD_TITLE_KEV) },
		[PACKAGE] = { title(v, WORD_TITLE_PACKAGE), .min = 9, .max = 40 },
		[INSTALLED] = { title(v, WORD_TITLE_INSTALLED), .min = 9, .max = 36 },
		[FIXED] = { title(v, WORD_TITLE_FIXED), .min = 9, .max = 36 },
		[EPSS] = { S("EPSS"), .min = 6 },
		[LAYER] = { title(v, WORD_TITLE_LAYER) },
	};
	bool wanted[COLUMNS] = { true,
				 true,
				 true,
				 v->tally.kev > 0,
				 true,
				 true,
				 true,
				 true,
				 v->r->inventory->layer_count > 1 };

	for (size_t c = 0; c < COLUMNS; c++)
		if (wanted[c])
			g->columns[g->column_count++] = all[c];
}

static void cells_fill(struct view *v, const struct row *row, struct grid_cell *at)
{
	const struct finding *f = row->f;

	*at++ = (struct grid_cell){ arena_printf(v->a, "%.1f", (double)f->risk), INK_PLAIN };
	*at++ = (struct grid_cell){ severity_text(v, f->severity), severity_ink(f->severity) };
	*at++ = (struct grid_cell){ report_escape(v->a, f->vuln->id), INK_BOLD };
	if (v->tally.kev)
		*at++ = (struct grid_cell){ is_kev(f) ? title(v, WORD_KEV) : (str){ 0 }, INK_MARK };
	*at++ = (struct grid_cell){ buf_str(&row->names), INK_PLAIN };
	*at++ = (struct grid_cell){ report_escape(v->a, row->package->version), INK_PLAIN };
	*at++ = (struct grid_cell){ fixed_text(v, f), f->fixed_version.n ? INK_GREEN : INK_DIM };
	*at++ = (struct grid_cell){ epss_text(v, f), INK_PLAIN };
	if (v->r->inventory->layer_count > 1)
		*at = (struct grid_cell){ report_layer(v->r, row->package)
						  ? arena_printf(v->a, "#%u",
								 row->package->layer + 1)
						  : (str){ 0 },
					  INK_PLAIN };
}

static int rows_grid(struct view *v, const struct rows *rows, struct grid *g)
{
	columns_fill(v, g);
	g->row_count = rows->count;
	g->cells = ARENA_ARRAY(v->a, rows->count * g->column_count, struct grid_cell);
	if (!g->cells)
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++)
		cells_fill(v, &rows->items[i], g->cells + i * g->column_count);
	return 0;
}

/* Where no table fits: two lines and more a finding. */
static void row_stack(struct view *v, const struct row *row)
{
	enum lang lang = v->style->lang;
	const struct finding *f = row->f;
	OWNED_BUF b = BUF_INIT;

	grid_ink(v->out, severity_text(v, f->severity), severity_ink(f->severity), v->style->color);
	buf_printf(v->out, " %.1f ", (double)f->risk);
	grid_ink(v->out, report_escape(v->a, f->vuln->id), INK_BOLD, v->style->color);
	if (is_kev(f)) {
		buf_byte(v->out, ' ');
		grid_ink(v->out, title(v, WORD_KEV), INK_MARK, v->style->color);
	}
	buf_byte(v->out, '\n');

	buf_add(&b, S("  "));
	words_add(&b, lang, WORD_STACK_ARROW, buf_str(&row->names),
		  report_escape(v->a, row->package->version), fixed_text(v, f));
	if (f->vuln->epss >= 0) {
		buf_add(&b, S(" · EPSS "));
		report_epss(&b, lang, f->vuln);
	}
	if (v->r->inventory->layer_count > 1 && report_layer(v->r, row->package)) {
		buf_add(&b, S(" · "));
		words_add(&b, lang, WORD_STACK_LAYER,
			  arena_printf(v->a, "#%u", row->package->layer + 1));
	}
	report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 4);
}

/* The layers the table speaks of, by number. */
static int layers_legend(struct view *v, const struct rows *rows)
{
	const struct inventory *inv = v->r->inventory;
	bool *named = ARENA_ARRAY(v->a, inv->layer_count + 1, bool);
	OWNED_BUF line = BUF_INIT;
	OWNED_BUF cut = BUF_INIT;

	if (!named)
		return -ENOMEM;
	if (inv->layer_count < 2)
		return 0;
	for (size_t i = 0; i < rows->count; i++)
		if (rows->items[i].package->layer < inv->layer_count)
			named[rows->items[i].package->layer] = true;
	buf_byte(v->out, '\n');
	report_paragraph(v->style, v->out, title(v, WORD_LAYER_LEGEND), (str){ 0 }, 0);
	for (size_t i = 0; i < inv->layer_count; i++) {
		if (!named[i])
			continue;
		str digest = str_take(inv->layers[i].digest, sizeof("sha256:") - 1 + 12);

		buf_reset(&line);
		buf_reset(&cut);
		buf_printf(&line, "  #%zu ", i + 1);
		text_escape(digest, &line);
		buf_byte(&line, ' ');
		text_escape(inv->layers[i].created_by, &line);
		text_ellipsis(buf_str(&line), v->style->width ? v->style->width : 120, &cut);
		while (cut.n && cut.p[cut.n - 1] == ' ')
			cut.n--;
		buf_add(v->out, buf_str(&cut));
		buf_byte(v->out, '\n');
	}
	return 0;
}

int report_rows_render(struct view *v)
{
	CLEANUP(rows_done) struct rows rows = { 0 };
	struct grid g = { 0 };
	int r = rows_collect(v, &rows);

	if (r == 0)
		r = rows_grid(v, &rows, &g);
	if (r < 0)
		return r;
	if (!grid_render(&g, v->style->width, v->style->color, v->out))
		for (size_t i = 0; i < rows.count; i++)
			row_stack(v, &rows.items[i]);
	return layers_legend(v, &rows);
}

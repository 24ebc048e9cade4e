#include "base/text.h"
#include "scan/report/report_priv.h"

#define GAPS_SHOWN 20

static void labelled(struct view *v, enum word label, str text)
{
	OWNED_BUF b = BUF_INIT;

	buf_add(&b, str_from(words_template(v->style->lang, label)));
	words_add(&b, v->style->lang, WORD_COLON);
	report_paragraph(v->style, v->out, buf_str(&b), text, 2);
}

static void part(struct view *v, struct buf *b, enum word w, str arg, str arg2)
{
	if (b->n)
		words_add(b, v->style->lang, WORD_COMMA);
	words_add(b, v->style->lang, w, arg, arg2);
}

static void part_number(struct view *v, struct buf *b, enum word w, uint64_t n)
{
	struct words_number room;

	part(v, b, w, words_number(n, &room), (str){ 0 });
}

static void what_was_read(struct view *v)
{
	const struct tally *t = &v->tally;
	struct words_number room;
	OWNED_BUF b = BUF_INIT;

	if (t->layers + t->layers_missing > 0) {
		part_number(v, &b, WORD_READ_LAYERS, t->layers);
		if (t->layers_cached)
			part_number(v, &b, WORD_READ_CACHED, t->layers_cached);
	}
	if (t->tar_bytes)
		part(v, &b, WORD_READ_BYTES, words_bytes(t->tar_bytes, &room), (str){ 0 });
	if (t->entries)
		part_number(v, &b, WORD_READ_ENTRIES, t->entries);
	if (t->files)
		part_number(v, &b, WORD_READ_FILES, t->files);
	part_number(v, &b, WORD_READ_PACKAGES, v->r->inventory->packages.count);
	if (t->layers_missing)
		part_number(v, &b, WORD_NOT_READ_LAYERS, t->layers_missing);
	labelled(v, WORD_READ, buf_str(&b));
}

static void database(struct view *v)
{
	const struct database_info *d = &v->r->database;
	struct words_number n, m;
	OWNED_BUF b = BUF_INIT;

	if (!d->path.n) {
		labelled(v, WORD_DATABASE,
			 str_from(words_template(v->style->lang, WORD_DATABASE_NONE)));
		return;
	}
	if (d->built.n)
		part(v, &b, WORD_DATABASE_BUILT,
		     report_escape(v->a, str_take(d->built, sizeof("YYYY-MM-DD") - 1)), (str){ 0 });
	if (d->age_s >= 0)
		part_number(v, &b, WORD_DATABASE_AGE, (uint64_t)d->age_s / 86400);
	else
		part(v, &b, WORD_DATABASE_AGE_UNKNOWN, (str){ 0 }, (str){ 0 });
	part(v, &b, WORD_DATABASE_CLAIMS, words_number(d->claims, &n),
	     words_number(d->vulnerabilities, &m));
	part(v, &b, d->signer.n ? WORD_DATABASE_SIGNED : WORD_DATABASE_UNSIGNED,
	     report_escape(v->a, d->signer), (str){ 0 });
	labelled(v, WORD_DATABASE, buf_str(&b));
}

/* What was kept in English, in the reader's language. */
static void sentence(const struct view *v, str english, struct buf *out)
{
	OWNED_BUF told = BUF_INIT;

	if (v->style->words)
		v->style->words->sentence(english, &told);
	else
		buf_add(&told, english);
	if (buf_error(&told) < 0)
		out->error = buf_error(&told);
	text_escape(buf_str(&told), out);
}

/* Paths, packages and digests stay as they are; words of ours ("third-party packages") are a message. */
static void add_place(const struct view *v, str place, struct buf *out)
{
	str kept = arena_str(v->a, place);

	if (v->style->words && kept.p)
		kept = str_from(v->style->words->format(kept.p));
	text_escape(kept.p ? kept : place, out);
}

static void gap_line(struct view *v, const struct gap *g)
{
	enum lang lang = v->style->lang;
	struct words_number n;
	OWNED_BUF b = BUF_INIT;

	buf_add(&b, S("  "));
	buf_add(&b, str_from(words_gap_kind(lang, g->kind)));
	words_add(&b, lang, WORD_COLON);
	add_place(v, g->place, &b);
	if (g->what.n) {
		if (g->place.n)
			buf_add(&b, S(": "));
		sentence(v, g->what, &b);
	}
	if (g->count > 1)
		words_add(&b, lang, WORD_GAP_TIMES, words_number(g->count, &n));
	report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 4);
}

/* Returns how many occurrences the lines shown stand for. */
static uint64_t gap_lines(struct view *v, const struct gap_list *l, size_t *shown)
{
	uint64_t told = 0;

	for (size_t i = 0; i < l->count && *shown < GAPS_SHOWN; i++, (*shown)++) {
		gap_line(v, &l->items[i]);
		told += l->items[i].count;
	}
	return told;
}

static void gaps(struct view *v)
{
	const struct tally *t = &v->tally;
	enum lang lang = v->style->lang;
	struct words_number n;
	uint64_t told;
	size_t shown = 0;
	OWNED_BUF b = BUF_INIT;

	if (!t->gaps_total) {
		labelled(v, WORD_GAPS, str_from(words_template(lang, WORD_GAPS_NONE)));
		return;
	}
	for (int k = 0; k < GAP_KIND_COUNT; k++)
		if (t->gaps[k])
			part(v, &b, WORD_GAP_COUNT, words_number(t->gaps[k], &n),
			     str_from(words_gap_kind(lang, (enum gap_kind)k)));
	if (t->is_partial)
		part(v, &b, WORD_GAPS_PARTIAL, (str){ 0 }, (str){ 0 });
	labelled(v, WORD_GAPS, buf_str(&b));

	told = gap_lines(v, &v->r->inventory->gaps, &shown);
	told += gap_lines(v, &v->r->gaps, &shown);
	if (told < t->gaps_total) {
		buf_reset(&b);
		buf_add(&b, S("  "));
		words_add(&b, lang, WORD_GAP_MORE, words_number(t->gaps_total - told, &n));
		report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 4);
	}
}

static void left_out(struct view *v)
{
	enum lang lang = v->style->lang;
	struct words_number n;
	OWNED_BUF b = BUF_INIT;

	if (v->r->ignored.count && !v->style->show_suppressed) {
		words_add(&b, lang, WORD_SUPPRESSED_HINT, words_number(v->r->ignored.count, &n));
		report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 2);
		buf_reset(&b);
	}
	if (v->r->filtered) {
		words_add(&b, lang, WORD_FILTERED, words_number(v->r->filtered, &n));
		report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 2);
	}
}

static void ignore_notes(struct view *v)
{
	enum lang lang = v->style->lang;

	if (!v->r->ignore_note_count)
		return;
	report_paragraph(v->style, v->out, str_from(words_template(lang, WORD_IGNORE_NOTES)),
			 (str){ 0 }, 0);
	for (size_t i = 0; i < v->r->ignore_note_count; i++) {
		const struct ignore_note *n = &v->r->ignore_notes[i];
		OWNED_BUF b = BUF_INIT;

		buf_add(&b, S("  "));
		text_escape(n->place, &b);
		if (n->id.n) {
			buf_byte(&b, ' ');
			text_escape(n->id, &b);
		}
		words_add(&b, lang, WORD_COLON);
		words_ignore_note(&b, lang, n);
		report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 4);
	}
}

static void next_step(struct view *v)
{
	enum lang lang = v->style->lang;
	enum target_kind kind = v->r->inventory->kind;
	OWNED_BUF b = BUF_INIT;

	if (!v->r->findings.count || v->style->packages_only)
		return;
	words_add(&b, lang, WORD_NEXT_EXPLAIN,
		  report_escape(v->a, v->r->findings.items[0].vuln->id),
		  kind == TARGET_SBOM ? S("sbom:FILE") : report_escape(v->a, report_target(v->r)),
		  kind == TARGET_ROOTFS       ? S("--as rootfs ")
		  : kind == TARGET_FILESYSTEM ? S("--as fs ")
					      : (str){ 0 });
	buf_add(&b, S("  # "));
	words_add(&b, lang, WORD_NEXT_EXPLAIN_WHY);
	labelled(v, WORD_NEXT, buf_str(&b));
}

void report_coverage_render(struct view *v)
{
	what_was_read(v);
	if (!v->r->inventory->packages.count)
		report_paragraph(v->style, v->out, (str){ 0 },
				 str_from(words_template(v->style->lang, WORD_NO_PACKAGES)), 2);
	if (!v->style->packages_only)
		database(v);
	gaps(v);
	left_out(v);
	ignore_notes(v);
	next_step(v);
}

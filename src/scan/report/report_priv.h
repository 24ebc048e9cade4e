/** @file
 * What the renderers of this folder share. report_render() checks and catches errors; the renderers only append.
 */
#ifndef SKEP_SCAN_REPORT_REPORT_PRIV_H
#define SKEP_SCAN_REPORT_REPORT_PRIV_H

#include "scan/report/report_render.h"
#include "scan/report/tally.h"
#include "scan/report/words.h"

/** One report on its way out. */
struct view {
	const struct report *r;
	const struct report_style *style;
	struct tally tally;
	struct arena *a; /**< scratch, for as long as the rendering takes */
	struct buf *out;
};

int report_table_render(struct view *v);
int report_json_render(struct view *v);
int report_sarif_render(struct view *v);
int report_cyclonedx_render(struct view *v);
int report_spdx_render(struct view *v);

/** The findings as a table, or line by line where that does not fit. */
int report_rows_render(struct view *v);
/** What was read, what was not, and how old the knowledge is. */
void report_coverage_render(struct view *v);

/**
 * Appends a paragraph wrapped to the style's width: @p label in bold, then @p text; further lines are indented by
 * @p indent columns.
 */
void report_paragraph(const struct report_style *style, struct buf *out, str label, str text,
		      unsigned int indent);

/** Escaped copy in the arena; the empty span when memory is gone. */
str report_escape(struct arena *a, str s);
/** The contents of @p b in the arena. */
str report_keep(struct arena *a, const struct buf *b);

/** The layer that brought the finding's package; NULL when there is none. */
const struct inventory_layer *report_layer(const struct report *r, const struct package *p);

/** "15.3% (92nd)", or nothing. */
void report_epss(struct buf *out, enum lang lang, const struct vulnerability *v);

/** What is known of the target's name; never empty. */
str report_target(const struct report *r);

/** Where people read about a vulnerability; empty for an id of a kind not known. */
str report_vulnerability_url(struct arena *a, str id);
/** Appends a path as the path of a URI (RFC 3986). */
void report_uri_path(struct buf *out, str path);

#endif

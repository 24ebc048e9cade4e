/** @file
 * A report to bytes: a table for people, and the formats other tools read.
 *
 * Everything that came out of an image is escaped for where it goes. Output is deterministic: times come from the
 * report, identifiers from its content. Machine formats are English whatever the style says.
 */
#ifndef SKEP_SCAN_REPORT_REPORT_RENDER_H
#define SKEP_SCAN_REPORT_REPORT_RENDER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"
#include "base/translation.h"
#include "model/report.h"

/** X(id, name, media type, help in English, help in Chinese) */
#define REPORT_FORMATS(X) \
	X(TABLE, "table", "text/plain", "a table for people", "供人阅读的表格") \
	X(JSON, "json", "application/json", \
	  "every fact; schema in doc/schemas/report-1.schema.json", \
	  "全部信息；模式见 doc/schemas/report-1.schema.json") \
	X(SARIF, "sarif", "application/sarif+json", "SARIF 2.1.0, for code scanning", \
	  "SARIF 2.1.0，用于代码扫描平台") \
	X(CYCLONEDX, "cyclonedx", "application/vnd.cyclonedx+json; version=1.6", \
	  "CycloneDX 1.6 JSON, packages and vulnerabilities", \
	  "CycloneDX 1.6 JSON，含软件包与漏洞") \
	X(SPDX_JSON, "spdx-json", "application/spdx+json; version=2.3", \
	  "SPDX 2.3 JSON, packages only", "SPDX 2.3 JSON，仅含软件包")

enum report_format {
#define REPORT_FORMAT_ENUM(id, name, media, en, zh) REPORT_##id,
	REPORT_FORMATS(REPORT_FORMAT_ENUM)
#undef REPORT_FORMAT_ENUM
		REPORT_FORMAT_COUNT
};

/** How a person wants to see it. Only `packages_only` means something to machine formats. */
struct report_style {
	enum lang lang;
	const struct translation *words; /**< for what gaps say; NULL: as it is kept, in English */
	unsigned int width;              /**< columns of the terminal; 0: as wide as needed */
	bool color;           /**< ANSI colours; decide with isatty(), NO_COLOR and --color */
	bool show_suppressed; /**< also list ignored findings, with the rule that ignored each */
	bool packages_only;   /**< an SBOM: no findings are written, and none were looked for */
};

/**
 * Appends the report in one format.
 *
 * @param r findings sorted by risk; r->inventory must be set
 * @return 0, -ENOMEM, -E2BIG (out->max)
 */
MUST_CHECK int report_render(const struct report *r, enum report_format format,
			     const struct report_style *style, struct buf *out, struct err *e);

/** @return 0, or -ENOENT for a name that is no format's ("spdx" and "cyclonedx-json" are accepted too) */
MUST_CHECK int report_format_find(str name, enum report_format *ret);
const char *report_format_name(enum report_format f);

#endif

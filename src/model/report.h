/** @file
 * The outcome of one scan, handed to the renderers.
 */
#ifndef SKEP_MODEL_REPORT_H
#define SKEP_MODEL_REPORT_H

#include "model/finding.h"

/** What was known about the database the findings come from. */
struct database_info {
	str path;   /**< empty: no database was used */
	str built;  /**< RFC 3339 */
	str digest; /**< "sha256:..." of the file's root hash */
	str signer; /**< key id; empty when unsigned */
	uint32_t format;
	uint64_t claims, vulnerabilities;
	int64_t age_s; /**< seconds since the data used was current, the oldest of it; negative when unknown */
};

/** X(id, name, English, Chinese): why an ignore rule is worth a word; {0} is the detail */
#define IGNORE_NOTES(X) \
	X(EXPIRED, "expired", "expired on {0}", "已于 {0} 过期") \
	X(UNUSED, "unused", "matched nothing", "未匹配任何结果") \
	X(NOT_UNDERSTOOD, "not-understood", "not understood: {0}", "无法理解：{0}")

enum ignore_note_kind {
#define IGNORE_ENUM(id, name, en, zh) IGNORE_##id,
	IGNORE_NOTES(IGNORE_ENUM)
#undef IGNORE_ENUM
		IGNORE_NOTE_COUNT
};

struct ignore_note {
	enum ignore_note_kind kind;
	str place; /**< "file:line" */
	str id;    /**< of the vulnerability; may be empty */
	str detail;
};

struct report {
	const struct inventory *inventory;
	struct finding_list findings; /**< highest risk first; ignored ones are in `ignored` */
	struct finding_list ignored;
	/** findings left out of both lists by --severity and --ignore-unfixed */
	uint64_t filtered;
	/** packages for whose kind or system the database has no advisories at all */
	uint64_t unjudged;
	struct ignore_note *ignore_notes;
	size_t ignore_note_count, ignore_note_cap;
	struct gap_list gaps; /**< of matching; the inventory has its own */
	struct database_info database;
	str tool_version;
	str started; /**< RFC 3339, UTC */
	uint64_t elapsed_ms;
	str end_of_life; /**< date the distribution's support ended or will end; empty when unknown */
	bool is_end_of_life;
};

#endif

/** @file
 * What the scanning commands share: options, and the way from a target to a rendered report and an exit code.
 */
#ifndef SKEP_PROG_SKEP_SCAN_H
#define SKEP_PROG_SKEP_SCAN_H

#include "model/report.h"
#include "prog/skep/command.h"
#include "prog/skep/db_command.h"
#include "prog/skep/network_options.h"
#include "scan/source/source.h"

/** Turns a target into an inventory: source_read_image() and its siblings. */
typedef int (*scan_reader)(const char *target, const struct scan_options *o, struct arena *a,
			   struct inventory *ret, struct err *e);

extern const struct option_def scan_source_options[];   /**< where from, what to leave out */
extern const struct option_def scan_registry_options[]; /**< how to reach registries and engines */
extern const struct option_def scan_age_options[];      /**< how old the data may be */
extern const struct option_def scan_filter_options[];   /**< which findings to show */
extern const struct option_def scan_output_options[];   /**< which formats, where to */
extern const struct option_def scan_gate_options[];     /**< what makes the exit code 1 */
extern const struct option_def scan_performance_options[]; /**< cache and parallel work */

/**
 * Reads the target, matches it, filters, renders every format asked for and judges the gate.
 *
 * @return an exit code, or a negative errno with v->err filled in
 */
MUST_CHECK int scan_run(struct invocation *v, scan_reader read);

/** As scan_run() without matching: an SBOM. */
MUST_CHECK int scan_write_sbom(struct invocation *v, scan_reader read);

/**
 * Reads the target and matches it; nothing is filtered or written.
 *
 * @param ret everything below it belongs to v->arena
 * @return 0, or a negative errno (-ENODATA no database)
 */
MUST_CHECK int scan_target(struct invocation *v, scan_reader read, const char *target,
			   struct report *ret);

/** An image of any source, or an SBOM when the target begins with "sbom:". */
MUST_CHECK int scan_read_image(const char *target, const struct scan_options *o, struct arena *a,
			       struct inventory *ret, struct err *e);

#endif

/** @file
 * What the steward's files share.
 */
#ifndef SKEP_CONSOLE_REGISTRY_STEWARD_PRIV_H
#define SKEP_CONSOLE_REGISTRY_STEWARD_PRIV_H

#include <limits.h>

#include "base/map.h"
#include "codec/docker_config.h"
#include "console/registry/registry_config.h"
#include "console/registry/registry_line.h"
#include "console/registry/steward.h"
#include "console/store/registries.h"
#include "scan/source/scan_reader.h"

/** A run under way. */
struct steward_job {
	int64_t id, version, run;
	struct arena arena; /**< of all below */
	struct registry_config config;
	struct docker_credential credential;
	str address;
	char ca_file[PATH_MAX]; /**< empty: none */
	struct map known;       /**< for the lister, as it begins */
	pid_t lister;           /**< 0: it ended */
	int in;                 /**< what it tells; -1: that was all */
	struct buf line;
	struct registry_run figures;
	bool done;       /**< the list is whole */
	int trouble;     /**< errno it ended with */
	uint64_t wait_s; /**< the registry wants to be left alone so long */
	char detail[ERR_TEXT_BYTES];
	struct steward_job *next;
};

struct steward {
	const struct steward_options *o;
	struct store *store;
	struct arena arena; /**< of a turn */
	struct steward_job *jobs;
	size_t listing;
	char scans[PATH_MAX], layers[PATH_MAX];
	/* The one image being read. */
	struct scan_reader reader;
	int64_t scanning; /**< whose: a registry's id */
	int64_t scan_run;
	uint64_t told_ns;
	bool changed;
};

void steward_tell(struct steward *s, char what);

/**
 * In a child: what is not for its own registry is forgotten, the key of all passwords first, and of the console's folder only what it
 * works with can be opened.
 *
 * @return 0, -errno
 */
MUST_CHECK int steward_confine(const struct steward *s, const struct steward_job *mine,
			       bool is_scanner, struct err *e);

/** Stores lines of a lister, all in one transaction. @return 0, -errno of the store */
MUST_CHECK int steward_found(struct steward *s, struct steward_job *j, str lines, struct err *e);
/** The list ended: as a whole, or early. */
MUST_CHECK int steward_listed(struct steward *s, struct steward_job *j, struct err *e);

/** Begins to read the next image that waits in this run. @return 1 it did, 0 none waits, -errno */
MUST_CHECK int steward_scan_begin(struct steward *s, struct steward_job *j, struct err *e);
/** Looks after the image being read. @return 0, -errno of the store */
MUST_CHECK int steward_scan_tend(struct steward *s, struct err *e);

#endif

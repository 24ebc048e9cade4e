/** @file
 * What lies on disk of engines nobody asks: images of containerd, Podman and CRI-O, the volumes their containers have mounted,
 * the networks they joined by plugins.
 */
#ifndef SKEP_PROG_AGENT_CENSUS_FILES_H
#define SKEP_PROG_AGENT_CENSUS_FILES_H

#include "asset/asset.h"
#include "prog/agent/census.h"

struct census_files;

/**
 * @param root       the host's; "" for "/"
 * @param data_roots as asset_config.data_roots; must outlive this
 * @return 0, -ENOMEM
 */
MUST_CHECK int census_files_new(struct census *c, struct asset *a, const char *root,
				const char *const *data_roots, struct census_files **ret,
				struct err *e);
void census_files_free(struct census_files *f);

/** Puts what this look of the census has not seen yet: engines that answered know better. */
void census_files_look(struct census_files *f);

/** The id of an image on disk, by the digest its engine has it by; empty: not known. Lives until the next look. */
str census_files_image_id(const struct census_files *f, str digest);

#endif

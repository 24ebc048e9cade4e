/** @file
 * Where the census looks: the host itself, its processes and sockets, its engines.
 */
#ifndef SKEP_PROG_AGENT_CENSUS_COLLECT_H
#define SKEP_PROG_AGENT_CENSUS_COLLECT_H

#include "asset/asset.h"
#include "prog/agent/census.h"
#include "prog/agent/census_users.h"
#include "wire/http_flow.h"

struct census_engine;

/** Facts of the host. @param root the host's; "" for "/" @param engines what census_engine_render() wrote */
void census_host_look(struct census *c, const char *root, str engines);
/** Every process of user space, one look at /proc. @param fd of the host's /proc @param u whose names they have */
void census_processes_look(struct census *c, int proc_fd, struct asset *a, struct census_users *u);
/**
 * Every socket that listens, by network namespace. Who holds it is looked for once: it costs a look at all descriptors.
 */
void census_ports_look(struct census *c, int proc_fd, struct asset *a, struct census_users *u);

/**
 * Asks the engines for images, volumes and networks, never blocking.
 * Looks as well at what lies on disk of engines nobody asks (census_files.h).
 * @param a          whose engines these are, and whose containers have volumes and networks
 * @param data_roots as asset_config.data_roots
 */
MUST_CHECK int census_engine_new(struct census *c, struct asset *a, const char *root,
				 const char *const *data_roots, struct census_engine **ret,
				 struct err *e);
void census_engine_free(struct census_engine *g);
int census_engine_fd(const struct census_engine *g);
void census_engine_work(struct census_engine *g, uint64_t now_ns);
/** Something changed: asks soon. */
void census_engine_hurry(struct census_engine *g);
/** The id of an image on disk, by the digest its engine has it by; empty: not known. Lives until the next work. */
str census_engine_image_id(const struct census_engine *g, str digest);
/** The engines that answer, as an array; lives until the next work. */
str census_engine_render(struct census_engine *g);

#endif

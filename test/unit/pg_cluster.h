/** @file
 * A PostgreSQL 15 of one's own: made in a temporary folder, run as user postgres when we are root, reached by a Unix socket
 * in that folder and no port, ended with this program.
 */
#ifndef SKEP_TEST_PG_CLUSTER_H
#define SKEP_TEST_PG_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pg_cluster {
	char folder[64]; /**< removed with all that is in it; others may put more there */
	char data[128];
	pid_t server;  /**< 0: it does not run */
	bool careless; /**< commits need not be on the disk */
};

/** Makes the folder, and in it a cluster where PostgreSQL 15 is installed. @return whether there is one */
bool pg_cluster_make(struct pg_cluster *c, bool careless);
void pg_cluster_start(struct pg_cluster *c);
/** As a crash ends it. */
void pg_cluster_kill(struct pg_cluster *c);
void pg_cluster_remove(struct pg_cluster *c);
/** Writes the connection string of a database. */
void pg_cluster_where(const struct pg_cluster *c, const char *database, char *ret, size_t room);

#endif

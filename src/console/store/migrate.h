/** @file
 * Brings a store's tables up to what migration.def says.
 */
#ifndef SKEP_CONSOLE_STORE_MIGRATE_H
#define SKEP_CONSOLE_STORE_MIGRATE_H

#include "console/sql/sql.h"

/**
 * Runs the lines of migration.def this store has not had, each in a transaction of its own.
 *
 * @return how many it ran; -EOPNOTSUPP the store had a line this program does not know; else as sql_script()
 */
MUST_CHECK int migrate(struct sql *s, struct err *e);

/** Whether this program knows every line the store had. @return 0, -EOPNOTSUPP, or as sql_query() */
MUST_CHECK int migrate_check_known(struct sql *s, struct err *e);

#endif

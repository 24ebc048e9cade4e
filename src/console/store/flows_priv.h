/** @file
 * The tables of flows, for the files that write and read them.
 */
#ifndef SKEP_CONSOLE_STORE_FLOWS_PRIV_H
#define SKEP_CONSOLE_STORE_FLOWS_PRIV_H

#include "console/store/flows.h"
#include "console/store/partition.h"

extern const struct partition_table flow_rows;

#endif

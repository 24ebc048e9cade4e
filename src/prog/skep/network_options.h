/** @file
 * Options of every command that may reach the network: --ca-file, --docker-config, --timeout.
 */
#ifndef SKEP_PROG_SKEP_NETWORK_OPTIONS_H
#define SKEP_PROG_SKEP_NETWORK_OPTIONS_H

#include "base/option.h"

extern const struct option_def network_options[];

#endif

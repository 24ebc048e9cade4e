/** @file
 * Configuration files: YAML whose keys are the long names of options.
 *
 * Read in this order, the first that sets an option wins: ./.skep.yaml, $XDG_CONFIG_HOME/skep/config.yaml (or
 * ~/.config), /etc/skep/skep.yaml; with --config only that file. A key may also be the name of a command, holding
 * options for this command alone. A key nobody knows is an error with its place.
 */
#ifndef SKEP_PROG_SKEP_CONFIG_H
#define SKEP_PROG_SKEP_CONFIG_H

#include "prog/skep/command.h"

/**
 * Gives the options that neither flag nor environment set their values from the configuration files.
 * @return 0, -EINVAL malformed file, unknown key or unusable value, with file:line:column; -ENOBUFS
 */
MUST_CHECK int config_apply(struct invocation *v);

#endif

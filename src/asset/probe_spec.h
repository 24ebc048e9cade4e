/** @file
 * Commands that check a container's health, from the documents that ask for them: an engine's HEALTHCHECK and the pod
 * specification that kubectl keeps in an annotation of pods it applied.
 *
 * Pure, and of documents not trusted to be well-formed: what is no command is as if absent.
 */
#ifndef SKEP_ASSET_PROBE_SPEC_H
#define SKEP_ASSET_PROBE_SPEC_H

#include "codec/value.h"
#include "model/container.h"

/** Takes a container's configuration as Docker has it: "Healthcheck" and, for its shell form, "Shell". */
void probe_spec_docker(const struct value *config, struct arena *a, struct container *c);

/** The same from Podman's own configuration: what it has as "healthcheck". */
void probe_spec_podman(const struct value *healthcheck, struct arena *a, struct container *c);

/**
 * Takes the probes of the container named @p name, which run commands, from a pod as JSON. Whatever the document, the
 * container's probes are not known unless it is in there.
 */
void probe_spec_pod(str pod, str name, struct arena *a, struct container *c);

#endif

/** @file
 * The agent's statistics as Prometheus reads them (text exposition format 0.0.4). doc/agent.md lists them.
 */
#ifndef SKEP_PROG_AGENT_METRICS_H
#define SKEP_PROG_AGENT_METRICS_H

#include "base/buf.h"
#include "base/err.h"

/**
 * Appends every metric of a document of doc/schemas/agent-stats-1.schema.json.
 * @return 0, -EBADMSG (the document is malformed: our mistake), -ENOBUFS, -ENOMEM
 */
MUST_CHECK int metrics_render(str stats, struct buf *out, struct err *e);

#endif

/** @file
 * What a scan of an image found, as the `inventory` record of doc/formats/agent-protocol.md says it: from an agent, or from the
 * console's own scan of a registry's image (scan/source/scan_image.h). It was read from an image and is hostile.
 */
#ifndef SKEP_CONSOLE_FLEET_INVENTORY_RECORD_H
#define SKEP_CONSOLE_FLEET_INVENTORY_RECORD_H

#include "console/store/store.h"

#define INVENTORY_REFUSED 1

/**
 * Stores the image and its inventory, or why it could not be scanned; findings follow when it is matched (fleet_tick()). In the
 * caller's transaction.
 *
 * @return 0; INVENTORY_REFUSED it is no such record, or no inventory, which the image then tells; -errno of the store
 */
MUST_CHECK int inventory_record_put(struct store *s, str doc, int64_t now_ns, struct err *e);

#endif

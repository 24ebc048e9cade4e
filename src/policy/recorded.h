/** @file
 * Recorded targets: one JSON object a line, flat, field names to values. What `skep rule test` judges and monitors record.
 *
 *   {"evt.type": "openat", "proc.name": "cat", "fd.name": "/etc/shadow", "proc.aname": ["bash", "sshd"], "evt.rawres": 3}
 *
 * null means ABSENT. A field that is not there is UNKNOWN, or ABSENT when the line has "complete": true; hashes of files (proc.sha256),
 * which are known only where a rule asked, stay UNKNOWN. Fields with several
 * values are arrays; with an index they fall back on the array, whose first element is the nearest ancestor (index 1). Bytes that
 * are no UTF-8 are written "hex:" and digits, which stands for those bytes wherever a string is read. Input is not trusted.
 */
#ifndef SKEP_POLICY_RECORDED_H
#define SKEP_POLICY_RECORDED_H

#include "base/arena.h"
#include "base/buf.h"
#include "policy/field.h"

/**
 * Reads one line.
 *
 * @param a   owns the target and its values; @p line may go
 * @return 0, -EBADMSG (no object, an unknown field, a value that is not of its field's type, no type), -ENOBUFS
 */
MUST_CHECK int recorded_parse(str line, const struct policy_subject *s, struct arena *a,
			      const struct policy_target **ret, struct err *e);

/** Writes the line of these fields of a target, its type first and a newline last. UNKNOWN fields are left out. */
void recorded_render(const struct policy_subject *s, const struct policy_target *t,
		     const struct policy_ref *refs, size_t count, struct buf *out);

#endif

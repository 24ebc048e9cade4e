/** @file
 * Fields that Falco knows and Skep does not: who brings rules of his own is told so, and what to ask instead.
 */
#ifndef SKEP_POLICY_FALCO_FIELD_H
#define SKEP_POLICY_FALCO_FIELD_H

#include "base/err.h"
#include "base/str.h"

/**
 * Says why Skep has no field @p name ("proc.vmrss", "k8s.svc.label.app"; without an argument in []).
 *
 * @return -ENOENT with the reason or the nearest field of ours in @p e; 0: Falco has no such field, either, or it is not listed
 */
int falco_field_missed(str name, struct err *e);

#endif

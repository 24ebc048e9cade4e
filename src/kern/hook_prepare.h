/** @file
 * Makes the compiled programs ready for the running kernel: fitted to its types, given their maps and the places they are for.
 *
 * libbpf does that for all programs of an object at once, which takes as long as for one, and then has the kernel look at one
 * after the other, which takes longest of all. So it hands over each program just before, and others load it (hook_load.c).
 */
#ifndef SKEP_KERN_HOOK_PREPARE_H
#define SKEP_KERN_HOOK_PREPARE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kern/hook_priv.h"

struct hook_program {
	const char *name; /**< as in hook.def */
	int error;        /**< -errno: this kernel has no place for it; 0 */
	uint32_t place;   /**< the kernel's type it attaches to; 0: none, or libbpf knows */
	enum bpf_prog_type type;
	struct bpf_insn *code;         /**< owned, from malloc(); NULL: not ready */
	size_t count;                  /**< of instructions */
	struct bpf_prog_load_opts how; /**< its pointers live as long as the object */
};

/**
 * Makes the maps that no predecessor left and the programs of a list ready.
 *
 * @param list   names; the rest is filled in
 * @param ready  called for each as soon as it can be loaded
 * @param ret    set in any case, the caller's to close when nothing of @p list is needed any more; NULL: there is none
 * @return 0, -errno: those that were not ready by then cannot be made so
 */
MUST_CHECK int hook_prepare(struct hooks *h, struct hook_program *list, size_t count,
			    void (*ready)(void *ctx, struct hook_program *p), void *ctx,
			    struct bpf_object **ret);

#endif

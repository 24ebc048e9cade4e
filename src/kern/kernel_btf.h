/** @file
 * The kernel's description of its own types (BTF, Documentation/bpf/btf.rst in its source): where programs attach, and an
 * excerpt with the types they are made of.
 *
 * It has more than a hundred thousand types, and libbpf goes through all of them for every name it looks for: the longest part
 * of making programs ready. Here all names are looked for at once. The kernel is trusted; what does not hold together is
 * refused all the same, and whoever asks falls back on libbpf.
 */
#ifndef SKEP_KERN_KERNEL_BTF_H
#define SKEP_KERN_KERNEL_BTF_H

#include <linux/bpf.h>

#include "base/buf.h"
#include "base/map.h"

struct kernel_btf {
	str types, strings;
	uint32_t *at;   /**< where each type begins in types, by id; 0 is none */
	uint32_t count; /**< ids are below it */
	void *map;      /**< what was mapped, or else read, to be given back */
	size_t map_bytes;
	struct buf read;
};

enum { KERNEL_BTF_NAME_BYTES = 64 };

/** A name that is looked for. */
struct kernel_btf_name {
	char text[KERNEL_BTF_NAME_BYTES];
	uint32_t kind;                /**< BTF_KIND_FUNC, BTF_KIND_TYPEDEF, BTF_KIND_STRUCT, ... */
	uint32_t id;                  /**< out: the first of that kind; 0: there is none */
	struct kernel_btf_name *next; /**< kernel_btf_find()'s own */
};

/** Reads that of the running kernel. @return 0, -errno, and as kernel_btf_parse() */
MUST_CHECK int kernel_btf_open(struct kernel_btf *ret);
/** Reads @p text, which must outlive @p ret. @return 0, -EBADMSG, -ENOMEM; kernel_btf_close() is due after 0 only */
MUST_CHECK int kernel_btf_parse(str text, struct kernel_btf *ret);
void kernel_btf_close(struct kernel_btf *k);

/** The name of the place that programs of a kind attach to, as libbpf finds it. */
void kernel_btf_place(struct kernel_btf_name *n, enum bpf_attach_type attach, const char *target);
/** Looks for all names in one go. @return 0, -ENOMEM */
MUST_CHECK int kernel_btf_find(const struct kernel_btf *k, struct kernel_btf_name *names,
			       size_t count);

/** What libbpf compares of a type's name: "inode" of "inode___65". */
str kernel_btf_essential(str name);
/**
 * Makes a description of the structures, unions and enumerations with the names in @p names and of all that is embedded in them.
 * Every type keeps its id; pointers in it lead nowhere, and so does all else.
 *
 * @param names  their essential names
 * @return 0, -ENOMEM, -ENOENT (there is none of them)
 */
MUST_CHECK int kernel_btf_excerpt(const struct kernel_btf *k, const struct map *names,
				  struct buf *ret);

#endif

/** @file
 * The kernel's flags and numbers as text: "O_TRUNC|O_CREAT|O_WRONLY", "PTRACE_ATTACH", "AF_PACKET".
 */
#ifndef SKEP_WATCH_FLAG_NAME_H
#define SKEP_WATCH_FLAG_NAME_H

#include "watch/scratch.h"

/** X(ID): a set of flag_name.def; first those of bits, then, from DOMAIN on, those of values. */
#define FLAG_SETS(X) \
	X(OPEN) \
	X(CLONE) \
	X(EXE) \
	X(MODE) \
	X(MKNOD) \
	X(MOUNT) \
	X(UMOUNT) \
	X(UNLINK) \
	X(LINK) X(CHOWN) X(RENAME) X(PROT) X(MMAP) X(MEMFD) X(CAPABILITY) X(DOMAIN) X(PTRACE) \
		X(BPF) X(SIGNAL) X(DNS)

enum flag_set {
#define FLAG_SET_ENUM(id) FLAG_SET_##id,
	FLAG_SETS(FLAG_SET_ENUM)
#undef FLAG_SET_ENUM
		FLAG_SET_COUNT
};

/** Adds the names of the bits of @p n, parted by @p separator; nothing when none has a name. */
void flag_names_add(enum flag_set s, uint64_t n, char separator, struct scratch_text *t);
/** The name of a value; empty when it has none. */
str flag_name_find(enum flag_set s, uint64_t n);
/** open(2)'s flags as the table has them: the access mode is two bits, not a number. */
uint64_t flag_name_open(uint64_t flags);

#endif

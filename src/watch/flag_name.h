/** @file
 * The kernel's flags and numbers as text: "O_TRUNC|O_CREAT|O_WRONLY", "PTRACE_ATTACH", "AF_PACKET".
 */
#ifndef SKEP_WATCH_FLAG_NAME_H
#define SKEP_WATCH_FLAG_NAME_H

#include "watch/scratch.h"

/** A set of flag_name.def; first those of bits, then, from DOMAIN on, those of values. */
enum flag_set {
	FLAG_SET_OPEN,
	FLAG_SET_CLONE,
	FLAG_SET_EXE,
	FLAG_SET_MODE,
	FLAG_SET_MKNOD,
	FLAG_SET_MOUNT,
	FLAG_SET_UMOUNT,
	FLAG_SET_UNLINK,
	FLAG_SET_LINK,
	FLAG_SET_CHOWN,
	FLAG_SET_RENAME,
	FLAG_SET_PROT,
	FLAG_SET_MMAP,
	FLAG_SET_MEMFD,
	FLAG_SET_CAPABILITY,
	FLAG_SET_DOMAIN,
	FLAG_SET_PTRACE,
	FLAG_SET_BPF,
	FLAG_SET_SIGNAL,
	FLAG_SET_DNS,
	FLAG_SET_COUNT
};

/** Adds the names of the bits of @p n, parted by @p separator; nothing when none has a name. */
void flag_names_add(enum flag_set s, uint64_t n, char separator, struct scratch_text *t);
/** The name of a value; empty when it has none. */
str flag_name_find(enum flag_set s, uint64_t n);
/**
 * open(2)'s flags as the table has them: the access mode is two bits, not a number.
 *
 * @param file_flags  enum event_file_flag
 */
uint64_t flag_name_open(uint64_t flags, uint8_t file_flags);

#endif

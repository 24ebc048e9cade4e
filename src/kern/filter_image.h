/** @file
 * A kernel filter as the BPF programs read it: one value of tables, made in user space, looked at in a few loads for
 * each event. It may let through what the filter would not, never the other way round.
 *
 * Tests of a clause become bits. For each type of event and each combination of facts that fit in five bits (`combos`)
 * stands what the clauses still in question ask for: sets of paths, of ports, of names; one satisfied set is enough. A
 * clause that asks for a path and for ports or names keeps the path alone; that a file is in the upper layer is asked beside
 * names alone.
 *
 * All literals of all path sets are one automaton (Aho and Corasick, 1975) over the path between two marks, so that
 * "begins with", "is", "ends in" and "contains" are one walk over its bytes. The state after a folder's path is a
 * number, which is what the programs remember for folders they have seen.
 */
#ifndef SKEP_KERN_FILTER_IMAGE_H
#define SKEP_KERN_FILTER_IMAGE_H

#ifndef __bpf__
#include <linux/types.h>

#include "base/arena.h"
#include "policy/kernel_filter.h"
#endif

#define FILTER_STATES 8192
/* of bytes: two marks, one for bytes in no literal, one that changes nothing, one each for others */
#define FILTER_CLASSES 64
#define FILTER_PATH_SETS 48 /* more are merged: a folder's bits and state are one 64-bit word */
#define FILTER_HASHED 4096
#define FILTER_SLOTS 2   /* images in the map: one in use, one being written */
#define FILTER_TYPES 128 /* types of events, at most */
#define FILTER_COMBOS 32
#define FILTER_HIT 0x8000 /* on a transition: the state it leads to satisfies sets */
#define FILTER_HASH 0x9e3779b97f4a7c15ull
#define FILTER_TEXTS 1024 /* paths remembered as texts, a power of two */
#define FILTER_TEXT_WORDS 8

enum filter_class {
	FILTER_CLASS_BEGIN,
	FILTER_CLASS_END,
	FILTER_CLASS_OTHER,
	FILTER_CLASS_STAY, /* of NUL: what pads a text to whole words leads nowhere else */
	FILTER_CLASS_FIRST
};

/** Bits of a combination. */
enum filter_combo_bit {
	FILTER_CONTAINER = 1 << 0, /* the process is in a container, or where is not known */
	FILTER_FAILED = 1 << 1,
	FILTER_FACT_SHIFT = 2, /* three bits: how an open opens, or the family of an address */
};
/** Families of addresses and ways to open, as in struct kernel_clause. */
enum filter_fact {
	FILTER_IPV4 = 1 << 0,
	FILTER_IPV6 = 1 << 1,
	FILTER_UNIX = 1 << 2,
	FILTER_LOOPBACK = 3, /* IPv4, both ends in 127.0.0.0/8: of no other */
	FILTER_READ = 1 << 0,
	FILTER_WRITE = 1 << 1,
	FILTER_EXECUTABLE = 1 << 2, /* creates an executable */
	FILTER_ANY_FACT = 7,        /* not known, or the type of event has none */
};

struct filter_combo {
	__u64 always; /* not 0: it passes, whatever paths, ports and names */
	__u64 paths, ports, comms;
};

struct filter_image {
	__u64 tops;   /* path sets that what is right below the root satisfies */
	__u64 climbs; /* path sets that count only if the path as given has ".." in it */
	__u64 uppers; /* sets of names that count only for files in the upper layer of an overlay */
	struct filter_combo combos[FILTER_TYPES][FILTER_COMBOS];
	__u64 ports[FILTER_HASHED]; /* sets a port is in, at port % FILTER_HASHED */
	__u64 comms[FILTER_HASHED]; /* sets a name is in, at filter_comm_slot() */
	__u64 hits[FILTER_STATES];  /* path sets that are satisfied when a state is reached */
	__u16 next[FILTER_STATES * FILTER_CLASSES];
	__u8 classes[256];
};

/** Where a process's name stands; @p comm: 16 bytes, all after the first NUL being NUL. */
static inline __u32 filter_comm_slot(const __u64 comm[2])
{
	__u64 h = (comm[0] ^ (comm[1] >> 7) ^ (comm[1] << 57)) * FILTER_HASH;

	return (__u32)(h >> 52);
}

static inline __u64 filter_mix(__u64 h, __u64 x)
{
	h = (h ^ x) * FILTER_HASH;
	return h ^ (h >> 29);
}

/** Where a path is remembered; @p path: zeros behind its end. */
static inline __attribute__((always_inline)) __u32
filter_text_slot(const __u64 path[FILTER_TEXT_WORDS])
{
	__u64 hash = 0;

	for (int i = 0; i < FILTER_TEXT_WORDS; i++)
		hash = filter_mix(hash, path[i]);
	return hash >> 40 & (FILTER_TEXTS - 1);
}

/** How open(2) with these flags and mode opens: bits of enum filter_fact. */
static inline __u32 filter_open_fact(__u32 flags, __u32 mode)
{
	__u32 creates = 0100 | 020000000; /* O_CREAT, O_TMPFILE */
	__u32 fact = (flags & 3) + 1;     /* O_RDONLY, O_WRONLY and O_RDWR are 0, 1 and 2 */

	if (fact > (FILTER_READ | FILTER_WRITE))
		fact = FILTER_READ | FILTER_WRITE;
	if (flags & creates && mode & 0111)
		fact |= FILTER_EXECUTABLE;
	return fact;
}

#ifndef __bpf__
/**
 * Makes the image of @p f.
 *
 * @param a    for working memory
 * @param ret  is overwritten, whatever was in it
 * @return 0, -ENOBUFS (arena budget spent)
 */
MUST_CHECK int filter_image_make(const struct kernel_filter *f, struct arena *a,
				 struct filter_image *ret, struct err *e);

/** The sets of paths that @p path satisfies: what the programs find, byte for byte, for tests. */
uint64_t filter_image_paths(const struct filter_image *m, str path);

/** Whether the programs let @p v pass: their own decision in user space, for tests. @param comm  as for kernel_filter_passes() */
bool filter_image_passes(const struct filter_image *m, const struct event *v, str comm,
			 bool in_container);
#endif

#endif

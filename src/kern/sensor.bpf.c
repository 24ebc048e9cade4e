// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * All programs in one object: reading the kernel's type descriptions and finding in them what programs name takes as long
 * for one program as for all.
 */
#include "kern/process.bpf.c"
#include "kern/file.bpf.c"
#include "kern/socket.bpf.c"
#include "kern/call.bpf.c"
#include "kern/dns.bpf.c"
#include "kern/flow.bpf.c"
#include "kern/uring.bpf.c"
#include "kern/uring_object.bpf.c"

char _license[] SEC("license") = "Dual BSD/GPL";

/** @file
 * The addresses a process has: those of its network namespace, as /proc/PID/net shows them (fib_trie of IPv4, if_inet6 of IPv6; proc(5)).
 * Loopback and link-local ones are left out.
 *
 * The text is the kernel's; which addresses there are is for whoever rules the namespace to choose. At most NETWORKS_MAX are taken.
 */
#ifndef SKEP_ASSET_PROCESS_ADDRESS_H
#define SKEP_ASSET_PROCESS_ADDRESS_H

#include "wire/network.h"

/**
 * Adds them to @p ret, each as a network of one.
 * @param root_fd the host's root, with proc below it
 * @return 0, -ENOENT or -ESRCH: there is no such process, -errno
 */
MUST_CHECK int process_addresses(int root_fd, uint32_t pid, struct networks *ret);

void process_address_take_trie(str text, struct networks *ret);
void process_address_take_inet6(str text, struct networks *ret);

#endif

/** @file
 * Whether a process's namespace is the host's, and whether /proc shows the host's. Asked before anything is looked up inside.
 */
#ifndef SKEP_ASSET_HOST_NAMESPACE_H
#define SKEP_ASSET_HOST_NAMESPACE_H

#include "base/base.h"

/**
 * Compares with the first process's namespace. A process with fewer capabilities than that one may not look at it: then with
 * the number the kernel gives the first namespace of this kind, and where there is none with our own.
 *
 * @param root_fd  the host's root, with proc below it
 * @param path     below it: "proc/77/ns/user"
 * @param type     "user", "pid", "ipc", "mnt", "net"
 * @return false also when it cannot be told
 */
bool host_namespace_is(int root_fd, const char *path, const char *type);

/**
 * Whether proc shows the processes of the host, as BPF numbers them, and not those of a PID namespace: only there is the
 * kernel's second thread.
 *
 * @param root_fd  the host's root, with proc below it
 */
bool host_namespace_has_proc(int root_fd);

#endif

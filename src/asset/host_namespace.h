/** @file
 * Whether a process's namespace is the host's. Asked before anything is looked up inside it.
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
 * Whether it is the first namespace of its kind, by the number the kernel gives that one. What BPF tells of processes is in
 * the numbers of the first "pid".
 *
 * @param path  as above: "proc/1/ns/pid"
 * @param type  "user", "pid", "ipc"
 * @return false also when it cannot be told
 */
bool host_namespace_is_first(int root_fd, const char *path, const char *type);

#endif

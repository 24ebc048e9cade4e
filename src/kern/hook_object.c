#include "kern/hook_object.h"

#include <string.h>

#include "kern/call.skel.h"
#include "kern/dns.skel.h"
#include "kern/file.skel.h"
#include "kern/process.skel.h"
#include "kern/socket.skel.h"
#include "kern/uring.skel.h"
#include "kern/uring_object.skel.h"

const void *hook_object_find(const char *name, size_t *ret_bytes)
{
	static const struct {
		const char *name;
		const void *(*bytes)(size_t *n);
	} objects[] = {
		{ "process", process_bpf__elf_bytes },
		{ "dns", dns_bpf__elf_bytes },
		{ "file", file_bpf__elf_bytes },
		{ "socket", socket_bpf__elf_bytes },
		{ "call", call_bpf__elf_bytes },
		{ "uring", uring_bpf__elf_bytes },
		{ "uring_object", uring_object_bpf__elf_bytes },
	};

	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		if (strcmp(objects[i].name, name) == 0)
			return objects[i].bytes(ret_bytes);
	return NULL;
}

#include "kern/hook_object.h"

#include "kern/control.h"
#include "kern/sensor.skel.h"

const void *hook_object(size_t *ret_bytes)
{
	return sensor_bpf__elf_bytes(ret_bytes);
}

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "kern/sensor_priv.h"

/* v1 hierarchies by preference: engines put every container into each of them. */
static const struct {
	const char *controller;
	uint32_t hierarchy;
} v1[] = {
	{ "memory", CONTROL_MEMORY },
	{ "pids", CONTROL_PIDS },
	{ "cpu", CONTROL_CPU },
	{ "devices", CONTROL_DEVICES },
};

/* The hierarchy of a controller in /proc/self/cgroup ("4:memory:/", "5:cpu,cpuacct:/"); 0: none. */
static uint32_t find_controller(str text, const char *controller)
{
	while (text.n) {
		str line = str_line(&text);
		str id = str_cut(&line, ':');
		str names = str_cut(&line, ':');
		uint32_t n;

		while (names.n)
			if (str_is(str_cut(&names, ','), controller) && str_u32(id, &n) == 0)
				return n;
	}
	return 0;
}

void sensor_find_hierarchy(uint32_t *ret, int32_t *ret_id)
{
	OWNED_FD fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	struct statfs fs;
	char text[8192];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	*ret = CONTROL_UNIFIED;
	*ret_id = 0;
	if (n <= 0 || (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC))
		return;
	for (size_t i = 0; i < ARRAY_LEN(v1); i++) {
		uint32_t id = find_controller((str){ text, (size_t)n }, v1[i].controller);

		if (id) {
			*ret = v1[i].hierarchy;
			*ret_id = (int32_t)id;
			return;
		}
	}
}

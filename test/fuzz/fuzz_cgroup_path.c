/*
 * Whatever the path: a container has an id that is safe as a file's name, stands in the path and is found again from the
 * container's own part of it, and so is the one around it; a host has none.
 */
#include "fuzz.h"

#include "asset/cgroup_path.h"

static bool is_safe(const char *id)
{
	for (const char *p = id; *p; p++)
		if (*p == '/' || (unsigned char)*p < '-' || (unsigned char)*p > 'z')
			return false;
	return id[0] && id[0] != '.' && strlen(id) <= CGROUP_PATH_MAX_ID;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str path = { (const char *)data, size };
	struct cgroup_path c, again;

	cgroup_path_parse(path, &c);
	assert(c.container.n <= path.n);
	assert(c.container.n == 0 || c.container.p == path.p);
	assert((c.kind == CGROUP_PATH_HOST) == (c.runtime == CONTAINER_HOST));
	if (c.kind == CGROUP_PATH_HOST) {
		assert(!c.id[0] && c.container.n == path.n);
		return 0;
	}
	assert(is_safe(c.id));
	assert(str_ends(str_from(c.key), str_from(c.id)));
	assert(!c.outer[0] == !c.outer_container.n && c.outer_container.n <= c.container.n);
	if (c.outer[0]) {
		assert(str_starts(str_from(c.key), str_from(c.outer)) &&
		       c.key[strlen(c.outer)] == '/');
		cgroup_path_parse(c.outer_container, &again);
		assert(strcmp(again.key, c.outer) == 0);
	}
	cgroup_path_parse(c.container, &again);
	assert(again.kind == c.kind && strcmp(again.key, c.key) == 0 &&
	       again.container.n == c.container.n);
	return 0;
}

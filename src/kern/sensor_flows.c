#include "kern/flow.h"
#include "kern/sensor_priv.h"

enum { AT_ONCE = 64 };

_Static_assert(sizeof(struct flow_key) == 64 && sizeof(struct flow_record) == 88 &&
		       sizeof(((struct sensor_flow *)0)->process) == FLOW_COMM_BYTES + 1,
	       "what programs write");

const char *sensor_flows_why(const struct sensor *s)
{
	for (size_t i = 0; s->config.flows && i < hook_count; i++)
		if (hook_table[i].want == HOOK_FLOWS && hooks_why(s->hooks, i)[0])
			return hooks_why(s->hooks, i);
	return "";
}

void sensor_flows_open(struct sensor *s)
{
	OWNED_FD fd = s->config.flows ? hooks_iterate(s->hooks, "on_sockets", -1, NULL) : -1;
	char nothing[16];

	while (fd >= 0 && read(fd, nothing, sizeof(nothing)) < 0 &&
	       (errno == EAGAIN || errno == EINTR))
		;
}

int sensor_flows_begin(struct sensor *s, struct err *e)
{
	int map = hooks_map(s->hooks, "flows");

	return map < 0 ? err_set(e, ENOENT, "connections are not counted")
		       : hooks_iterate(s->hooks, "on_flows", map, e);
}

static struct sensor_flow flow_of(const struct sensor *s, const struct flow_record *r)
{
	struct sensor_flow f = { .cgroup_id = r->key.cgroup_id,
				 .server = r->key.role == FLOW_SERVER,
				 .port = r->key.port,
				 .connections = r->count.connections,
				 .first_ns = r->count.first_ns + (uint64_t)s->boot_ns,
				 .last_ns = r->count.last_ns + (uint64_t)s->boot_ns };

	memcpy(f.local, r->key.local, sizeof(f.local));
	memcpy(f.remote, r->key.remote, sizeof(f.remote));
	memcpy(f.process, r->key.comm, sizeof(r->key.comm));
	return f;
}

int sensor_flows_read(struct sensor *s, int fd, struct sensor_flow *ret, size_t max, struct err *e)
{
	const int map = hooks_map(s->hooks, "flows");
	struct flow_record room[AT_ONCE];
	int count = 0;

	sensor_follow_clock(s);
	while (count == 0) {
		ssize_t n = read(fd, room, MIN(max, ARRAY_LEN(room)) * sizeof(room[0]));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, errno, "sensor: reading connections") : 0;
		for (size_t i = 0; i < (size_t)n / sizeof(room[0]); i++) {
			/* Of no use since the last reading: its place is for others, and what came meanwhile is told. */
			if (!room[i].count.connections &&
			    map_take(map, &room[i].key, &room[i].count) < 0)
				continue;
			if (room[i].count.connections)
				ret[count++] = flow_of(s, &room[i]);
		}
	}
	return count;
}

uint64_t sensor_flows_lost(struct sensor *s)
{
	return __atomic_exchange_n(&s->control->flows_lost, 0, __ATOMIC_RELAXED);
}

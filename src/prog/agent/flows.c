#include "prog/agent/flows.h"

#include "base/clock.h"
#include "base/time.h"
#include "codec/json_out.h"
#include "prog/agent/message.h"
#include "wire/network.h"

struct flows {
	int fd;
	uint64_t every_ns, read_ns;
	int reading;    /* what is being read; -1: nothing */
	struct buf doc; /* read and not sent yet; empty: none */
};

int flows_new(int fd, uint64_t every_ns, struct flows **ret, struct err *e)
{
	struct flows *f = calloc(1, sizeof(*f));

	if (!f)
		return err_sys(e, ENOMEM, "flows");
	f->fd = fd;
	f->every_ns = every_ns;
	f->reading = -1;
	f->doc.max = MESSAGE_MAX_BYTES / 2;
	*ret = f;
	return 0;
}

void flows_free(struct flows *f)
{
	if (!f)
		return;
	fd_close(&f->reading);
	buf_done(&f->doc);
	free(f);
}

static void put_address(struct json_out *j, const char *key, const uint8_t *address)
{
	char text[NETWORK_TEXT_BYTES];

	network_show(address, text);
	json_put_cstr(j, key, text);
}

static void put_flow(struct json_out *j, const struct sensor_flow *f, struct asset *a)
{
	const struct container *c = f->cgroup_id ? asset_find(a, f->cgroup_id) : NULL;

	json_object_open(j);
	if (c)
		json_put_str(j, "container", c->id);
	if (f->process[0])
		json_put_cstr(j, "process", f->process);
	json_put_cstr(j, "role", f->server ? "server" : "client");
	json_put_cstr(j, "protocol", "tcp");
	put_address(j, "local", f->local);
	put_address(j, "peer", f->remote);
	json_put_uint(j, "port", f->port);
	json_put_uint(j, "connections", f->connections);
	json_put_uint(j, "firstNs", f->first_ns);
	json_put_uint(j, "lastNs", f->last_ns);
	json_object_close(j);
}

void flows_render(const struct sensor_flow *list, size_t count, uint64_t lost, uint64_t time_ns,
		  struct asset *a, struct buf *out)
{
	char time[TIME_NS_TEXT_BYTES];
	struct json_out j;

	time_render_ns(time_ns, time);
	json_out_init(&j, out, false);
	json_object_open(&j);
	json_put_cstr(&j, "time", time);
	json_put_uint(&j, "lost", lost);
	json_key(&j, "flows");
	json_array_open(&j);
	for (size_t i = 0; i < count; i++)
		put_flow(&j, &list[i], a);
	json_array_close(&j);
	json_object_close(&j);
}

/** Reads the next that are one record's, or that all were read. */
static void read_some(struct flows *f, struct sensor *s, struct asset *a)
{
	struct sensor_flow list[FLOWS_A_RECORD];
	int n = sensor_flows_read(s, f->reading, list, ARRAY_LEN(list), NULL);
	uint64_t lost = n > 0 ? 0 : sensor_flows_lost(s);

	if (n <= 0) {
		fd_close(&f->reading);
	}
	if (n > 0 || lost)
		flows_render(list, (size_t)MAX(n, 0), lost, clock_ns(CLOCK_REALTIME), a, &f->doc);
}

/** @return whether nothing waits to be sent */
static bool send_doc(struct flows *f)
{
	const struct message m = { .kind = MESSAGE_RECORD,
				   .text = S("flows"),
				   .json = buf_str(&f->doc) };

	if (!f->doc.n)
		return true;
	if (message_send(f->fd, &m) < 0)
		return false;
	buf_reset(&f->doc);
	return true;
}

void flows_turn(struct flows *f, struct sensor *s, struct asset *a, uint64_t now_ns)
{
	if (!f->read_ns)
		f->read_ns = now_ns;
	if (f->reading < 0 && now_ns - f->read_ns >= f->every_ns) {
		f->read_ns = now_ns;
		f->reading = sensor_flows_begin(s, NULL);
	}
	while (send_doc(f) && f->reading >= 0)
		read_some(f, s, a);
}

void flows_flush(struct flows *f, struct sensor *s, struct asset *a)
{
	f->read_ns = 1;
	flows_turn(f, s, a, f->every_ns + 1);
}

#include <stdio.h>

#include "base/clock.h"
#include "console/fleet/fleet.h"
#include "console/server/agent_door.h"
#include "console/server/server.h"
#include "console/store/agents.h"
#include "console/store/series_index.h"

static void put(struct buf *out, const char *name, const char *type, const char *help, uint64_t n)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
		   (unsigned long long)n);
}

static uint64_t resident_bytes(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*s %llu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_http(struct server *s, struct buf *out)
{
	struct http_server_figures f;

	http_server_read(s->http, &f);
	put(out, "skep_console_connections", "gauge", "Connections open.", f.connections);
	put(out, "skep_console_streams", "gauge", "Answers that go on.", f.streams);
	put(out, "skep_console_held_bytes", "gauge", "What requests and answers hold.",
	    f.held_bytes);
	put(out, "skep_console_accepted_total", "counter", "Connections accepted.", f.accepted);
	put(out, "skep_console_refused_total", "counter",
	    "Connections refused: too many of one address.", f.refused);
	put(out, "skep_console_requests_total", "counter", "Requests answered.", f.requests);
	put(out, "skep_console_malformed_total", "counter", "Requests that were none.",
	    f.malformed);
	put(out, "skep_console_timed_out_total", "counter",
	    "Connections that said too little for too long.", f.timed_out);
	put(out, "skep_console_handshakes_failed_total", "counter", "TLS handshakes that failed.",
	    f.handshakes_failed);
	put(out, "skep_console_received_bytes_total", "counter", "Bytes received.",
	    f.received_bytes);
	put(out, "skep_console_sent_bytes_total", "counter", "Bytes sent.", f.sent_bytes);
}

static void put_workers(struct server *s, struct buf *out)
{
	struct worker_figures f;

	worker_pool_read(s->pool, &f);
	put(out, "skep_console_workers", "gauge", "Threads that answer.", f.threads);
	put(out, "skep_console_workers_busy", "gauge", "Threads that answer now.", f.busy);
	buf_printf(out,
		   "# HELP skep_console_waiting Requests that wait for a thread.\n"
		   "# TYPE skep_console_waiting gauge\n"
		   "skep_console_waiting{line=\"people\"} %zu\n"
		   "skep_console_waiting{line=\"agents\"} %zu\n",
		   f.waiting[WORKER_PEOPLE], f.waiting[WORKER_AGENTS]);
	put(out, "skep_console_turned_away_total", "counter",
	    "Requests that found too many waiting.", f.refused);
}

static void put_series(struct server *s, struct buf *out)
{
	struct series_figures f;

	series_index_read(s->series, &f);
	put(out, "skep_console_alert_series", "gauge", "Series of alerts in memory.", f.series);
	put(out, "skep_console_alert_series_texts", "gauge", "Texts they have.", f.texts);
	put(out, "skep_console_alert_series_bytes", "gauge", "What both take.", f.bytes);
	put(out, "skep_console_alert_series_evicted_total", "counter",
	    "Series let go from memory, when the store forgot some.", f.evicted);
	put(out, "skep_console_alert_series_refused_total", "counter",
	    "Alerts counted under (other): there was no room for their series.", f.refused);
}

/* The replica that leads tells them; others have none to tell. */
static void put_clocks(struct server *s, struct buf *out)
{
	struct agent_clocks c;

	if (!fleet_clocks(agent_door_fleet(s->agents), &c))
		return;
	put(out, "skep_console_agent_clocks", "gauge", "Agents that say what their clock is.",
	    (uint64_t)c.known);
	put(out, "skep_console_agent_clocks_off", "gauge",
	    "Agents whose clock is more than a minute off the console's.", (uint64_t)c.off);
	put(out, "skep_console_agent_clock_skew_milliseconds", "gauge",
	    "The most by which an agent's clock differs from the console's.", (uint64_t)c.most_ms);
}

void server_metrics(struct server *s, struct buf *out)
{
	put_http(s, out);
	put_workers(s, out);
	put_series(s, out);
	put_clocks(s, out);
	put(out, "skep_console_store_fault", "gauge",
	    "1 while the store is full, cannot be written, was taken away or is damaged.",
	    store_health_fault(s->health) != 0);
	put(out, "skep_console_pages", "gauge", "Pages that listen.", hub_pages(s->hub));
	put(out, "skep_console_resident_bytes", "gauge", "Memory of the process.",
	    resident_bytes());
	put(out, "skep_console_cpu_milliseconds_total", "counter", "Processor time of the process.",
	    clock_ms(CLOCK_PROCESS_CPUTIME_ID));
	put(out, "skep_console_up_seconds", "gauge", "Time since it began.",
	    (clock_ns(CLOCK_MONOTONIC) - s->began_ns) / SECOND_NS);
}

/* Agents by the thousand, made up, over real TLS connections: what the console takes in from them.
 *
 *   fleet_load HOST PORT CA-FILE TOKEN FOLDER AGENTS SENDERS BATCH SECONDS
 *
 * AGENTS join by TOKEN (good for as many), each with a certificate and a connection of its own, and give a sign of life every 15 s.
 * SENDERS of them send BATCH alerts at a time, one batch behind the other, for SECONDS. Prints a line when all have joined, then one
 * JSON object. Processor time is told from that line on: joining has a cost of its own, which is not that of alerts. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "codec/certificate.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "codec/mac.h"
#include "codec/zstd.h"
#include "wire/http.h"
#include "wire/tls.h"

#define LIFE_NS (15 * SECOND_NS)
#define SPREAD_NS (4 * SECOND_NS) /* a console waits no longer than 10 s for the first request */
#define TIMES_MAX 1000000
enum { PATH_BYTES = 512, ANSWER_BYTES = 4096, EVENTS = 256, JOIN_SPARE = 4 };

struct sender {
	struct tls_context *context;
	struct tls *tls;
	int fd;
	char life[33];
	uint64_t number, alerts, sent_ns, next_ns;
	bool floods, busy;
	struct buf out;
	size_t written;
	char answer[ANSWER_BYTES];
	size_t got;
};

static struct {
	const char *host, *folder, *ca;
	uint16_t port;
	size_t agents, senders, batch;
	struct sender *all;
	int poll_fd;
	uint64_t until_ns;
	uint64_t alerts, batches, signs, failed, bytes;
	uint32_t *times_us;
	size_t time_count;
	struct buf plain;
	uint64_t random;
} g;

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "fleet_load: %s: %s\n", what, e && e->text[0] ? e->text : strerror(errno));
	exit(1);
}

static uint64_t draw(void)
{
	g.random ^= g.random << 13;
	g.random ^= g.random >> 7;
	g.random ^= g.random << 17;
	return g.random;
}

/* ---- Joining ---- */

static void identity_path(size_t i, char ret[PATH_BYTES])
{
	snprintf(ret, PATH_BYTES, "%s/agent-%zu.pem", g.folder, i);
}

static void join(struct http_client *c, const char *token, size_t i)
{
	static const char *const headers[] = { "Skep-Agent-Protocol: 1",
					       "Content-Type: application/json", NULL };
	OWNED_BUF pem = BUF_INIT, csr = BUF_INIT, body = BUF_INIT;
	struct http_response r = { 0 };
	struct certificate_key *k;
	struct err e = { 0 };
	char url[PATH_BYTES], path[PATH_BYTES];
	struct http_request q = { .url = url, .method = "POST", .headers = headers };
	struct json_out j;
	struct arena a;
	struct value v;

	if (certificate_key_generate(&k, &e) < 0 ||
	    certificate_request_make(k, "agent", &csr, &e) < 0)
		die("a request", &e);
	json_out_init(&j, &body, false);
	json_object_open(&j);
	json_put_cstr(&j, "token", token);
	json_put_str(&j, "csr", buf_str(&csr));
	json_key(&j, "node");
	json_object_open(&j);
	json_put_cstr(&j, "name", "made-up");
	json_object_close(&j);
	json_object_close(&j);
	q.body = buf_str(&body);
	snprintf(url, sizeof(url), "https://%s:%u/agent/v1/enroll", g.host, g.port);
	if (http_exchange(c, &q, &r, &e) < 0 || r.status != 200)
		die("joining", &e);
	arena_init(&a, (size_t)1 << 20);
	if (json_parse(buf_str(&r.body), &a, &v, &e) < 0)
		die("joining", &e);
	buf_add(&pem, value_get_str(&v, "certificate"));
	if (certificate_key_render(k, &pem, &e) < 0)
		die("a key", &e);
	identity_path(i, path);
	if (file_write_atomic(AT_FDCWD, path, buf_str(&pem), 0600, &e) < 0)
		die("a file", &e);
	arena_done(&a);
	http_response_done(&r);
	certificate_key_free(k);
}

static void join_all(const char *token)
{
	struct http_options o = { .only_ca_file = g.ca };
	struct http_client *c;
	struct err e = { 0 };

	if (http_client_new(&o, &c, &e) < 0)
		die("a client", &e);
	for (size_t i = 0; i < g.agents; i++)
		join(c, token, i);
	http_client_free(c);
}

/* ---- What they say ---- */

/** An alert as the sensor makes it, some 1.3 kB, no two alike. */
static void put_alert(struct sender *s)
{
	uint64_t now = clock_ns(CLOCK_REALTIME), r = draw();
	char t[TIME_TEXT_BYTES];

	s->number++;
	time_render((int64_t)(now / SECOND_NS), t);
	buf_printf(
		&g.plain,
		"{\"seq\":%" PRIu64
		",\"kind\":\"alert\",\"doc\":{\"schemaVersion\":1,\"time\":\"%.19s.%09" PRIu64
		"Z\",\"rule\":\"Rule %u of the "
		"load\",\"ruleId\":\"SKEP-%u\",\"priority\":\"Warning\",\"source\":"
		"\"syscall\",\"message\":\"Shell started in a container (command=sh -c %016" PRIx64
		" user=root "
		"container=app-%u)\",\"tags\":[\"container\",\"shell\",\"mitre_execution\"],"
		"\"fields\":{"
		"\"proc.cmdline\":\"sh -c %016" PRIx64
		"\",\"user.name\":\"root\",\"container.id\":\"%012" PRIx64
		"\",\"container.name\":\"app-%u\",\"container.image.repository\":\"registry."
		"example/shop/app\"},"
		"\"container\":{\"runtime\":\"docker\",\"id\":\"%064" PRIx64
		"\",\"name\":\"app-%u\",\"image\":\"registry.example/shop/"
		"app:1.%u\",\"imageRepository\":"
		"\"registry.example/shop/"
		"app\",\"user\":\"root\",\"privileged\":false,\"caps\":2818844155,\"labels\":{"
		"\"app\":\"shop\",\"tier\":\"web\"},\"createdNs\":1795284000000000000,"
		"\"metadataKnown\":true},"
		"\"lineage\":[{\"pid\":%u,\"startNs\":%" PRIu64
		",\"name\":\"sh\",\"exePath\":\"/bin/busybox\",\"cmdline\":\"sh -c %016" PRIx64
		"\",\"user\":\"root\"},{\"pid\":4711,\"startNs\":1795284000000000000,\"name\":"
		"\"nginx\",\"exePath\":"
		"\"/usr/sbin/nginx\",\"cmdline\":\"nginx: worker "
		"process\",\"user\":\"www-data\"}],\"event\":{"
		"\"number\":%" PRIu64 "},\"count\":1,\"first\":\"%.19s.%09" PRIu64
		"Z\",\"last\":\"%.19s.%09" PRIu64 "Z\"}}\n",
		s->number, t, now % SECOND_NS, (unsigned)(r % 40), 1000 + (unsigned)(r % 40), r,
		(unsigned)(r >> 8 & 63), r, r >> 16, (unsigned)(r >> 8 & 63), r,
		(unsigned)(r >> 8 & 63), (unsigned)(r >> 8 & 7), (unsigned)(r & 0xffff), now, r,
		s->number, t, now % SECOND_NS, t, now % SECOND_NS);
}

static void fill(struct sender *s, uint64_t now)
{
	OWNED_BUF packed = BUF_INIT;

	buf_reset(&g.plain);
	s->alerts = 0;
	if (s->floods && now < g.until_ns) {
		for (; s->alerts < g.batch; s->alerts++)
			put_alert(s);
	} else {
		buf_printf(&g.plain,
			   "{\"seq\":%" PRIu64
			   ",\"kind\":\"stats\",\"doc\":{\"schemaVersion\":1}}\n",
			   ++s->number);
	}
	if (zstd_compress(buf_str(&g.plain), 1, &packed, NULL) < 0)
		die("zstd", NULL);
	buf_reset(&s->out);
	buf_printf(&s->out,
		   "POST /agent/v1/batch HTTP/1.1\r\nHost: %s\r\nSkep-Agent-Protocol: "
		   "1\r\nSkep-Spool: %s\r\n"
		   "Content-Type: application/x-ndjson\r\nContent-Encoding: "
		   "zstd\r\nContent-Length: %zu\r\n\r\n",
		   g.host, s->life, packed.n);
	buf_add(&s->out, buf_str(&packed));
	if (buf_error(&s->out) || buf_error(&g.plain))
		die("memory", NULL);
	s->written = s->got = 0;
	s->busy = true;
	s->sent_ns = now;
	g.bytes += s->out.n;
}

/* ---- Connections ---- */

static void connect_sender(struct sender *s, size_t i)
{
	char path[PATH_BYTES];
	const struct tls_options o = { .ca_file = g.ca, .client_cert = path };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(g.port) };
	struct epoll_event v = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = s };
	struct err e = { 0 };
	uint8_t random[16];

	identity_path(i, path);
	inet_pton(AF_INET, g.host, &to.sin_addr);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
		die("connecting", NULL);
	if (tls_context_new(&o, &s->context, &e) < 0 ||
	    tls_new(s->context, s->fd, g.host, &s->tls, &e) < 0 ||
	    random_bytes(random, sizeof(random), &e) < 0)
		die("TLS", &e);
	hex_render(random, sizeof(random), s->life);
	if (epoll_ctl(g.poll_fd, EPOLL_CTL_ADD, s->fd, &v) < 0)
		die("epoll", NULL);
}

/** @return whether a whole answer is there */
static bool has_answer(const struct sender *s)
{
	str all = { s->answer, s->got };
	size_t end = str_search(all, S("\r\n\r\n")), at = str_search(all, S("Content-Length: "));
	uint64_t n = 0;

	if (end == all.n || at > end)
		return false;
	for (const char *p = all.p + at + 16; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return all.n >= end + 4 + n;
}

static void finish(struct sender *s, uint64_t now)
{
	bool ok = str_starts((str){ s->answer, s->got }, S("HTTP/1.1 200"));

	s->busy = false;
	s->next_ns = s->floods && now < g.until_ns ? now : now + LIFE_NS;
	if (!ok) {
		if (!g.failed++)
			fprintf(stderr, "fleet_load: %.*s\n", (int)s->got, s->answer);
		s->next_ns = now + SECOND_NS;
		return;
	}
	if (!s->alerts) {
		g.signs++;
		return;
	}
	g.batches++;
	if (now < g.until_ns)
		g.alerts += s->alerts;
	if (g.time_count < TIMES_MAX)
		g.times_us[g.time_count++] = (uint32_t)((now - s->sent_ns) / 1000);
}

/** Moves what can be moved. */
static void work(struct sender *s, uint64_t now)
{
	struct err e = { 0 };
	ssize_t n;

	if (!s->busy && now >= s->next_ns)
		fill(s, now);
	while (s->busy && s->written < s->out.n) {
		n = tls_write(s->tls, str_skip(buf_str(&s->out), s->written), &e);
		if (n == -EAGAIN)
			break;
		if (n < 0)
			die("writing", &e);
		s->written += (size_t)n;
	}
	while (s->busy && s->got < sizeof(s->answer) - 1) {
		n = tls_read(s->tls, s->answer + s->got, sizeof(s->answer) - 1 - s->got, &e);
		if (n == -EAGAIN)
			return;
		if (n <= 0)
			die("reading", &e);
		s->got += (size_t)n;
		s->answer[s->got] = '\0';
		if (has_answer(s))
			finish(s, clock_ns(CLOCK_MONOTONIC));
	}
}

/** One by one, so that a console's handshakes are not all due at once, and none of them while alerts are sent. */
static void shake(struct sender *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	struct err e = { 0 };

	for (int r; (r = tls_handshake(s->tls, &e)) < 0;)
		if (r != -EAGAIN || poll(&p, 1, 10000) <= 0)
			die("TLS", &e);
}

static void run(uint64_t seconds)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC), looked = 0;

	/* Not all at once: a fleet does not wake up in one moment. */
	for (size_t i = 0; i < g.agents; i++)
		g.all[i].next_ns = g.all[i].floods ? now : now + SPREAD_NS * i / g.agents;
	g.until_ns = now + seconds * SECOND_NS;
	while ((now = clock_ns(CLOCK_MONOTONIC)) < g.until_ns + SECOND_NS) {
		struct epoll_event v[EVENTS];
		int n = epoll_wait(g.poll_fd, v, EVENTS, 5);

		for (int i = 0; i < n; i++)
			work(v[i].data.ptr, now);
		for (size_t i = 0; i < g.senders; i++)
			if (!g.all[i].busy)
				work(&g.all[i], now);
		if (now - looked < 20 * MS_NS)
			continue;
		looked = now;
		for (size_t i = g.senders; i < g.agents; i++)
			if (!g.all[i].busy && now >= g.all[i].next_ns)
				work(&g.all[i], now);
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double at(double part)
{
	return g.time_count ? g.times_us[(size_t)(part * (double)(g.time_count - 1))] / 1000.0 : 0;
}

int main(int argc, char **argv)
{
	uint64_t seconds, joined, cpu;
	struct rlimit l;

	if (argc != 10)
		return fprintf(stderr, "usage: fleet_load HOST PORT CA-FILE TOKEN FOLDER AGENTS "
				       "SENDERS BATCH SECONDS\n"),
		       2;
	g.host = argv[1];
	g.port = (uint16_t)strtoul(argv[2], NULL, 10);
	g.ca = argv[3];
	g.folder = argv[5];
	g.agents = strtoul(argv[6], NULL, 10);
	g.senders = MIN(strtoul(argv[7], NULL, 10), g.agents);
	g.batch = strtoul(argv[8], NULL, 10);
	seconds = strtoul(argv[9], NULL, 10);
	g.random = clock_ns(CLOCK_REALTIME) | 1;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
	g.all = calloc(g.agents, sizeof(*g.all));
	g.times_us = calloc(TIMES_MAX, sizeof(*g.times_us));
	g.poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!g.all || !g.times_us || g.poll_fd < 0)
		die("beginning", NULL);
	joined = clock_ns(CLOCK_MONOTONIC);
	join_all(argv[4]);
	for (size_t i = 0; i < g.agents; i++) {
		g.all[i].floods = i < g.senders;
		connect_sender(&g.all[i], i);
		shake(&g.all[i]);
	}
	joined = clock_ns(CLOCK_MONOTONIC) - joined;
	puts("joined");
	fflush(stdout);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	run(seconds);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	qsort(g.times_us, g.time_count, sizeof(*g.times_us), by_size);
	printf("{\"agents\":%zu,\"senders\":%zu,\"batch\":%zu,\"seconds\":%" PRIu64
	       ",\"joinMs\":%" PRIu64 ",\"alerts\":%" PRIu64
	       ",\"alertsPerSecond\":%.0f,\"batches\":%" PRIu64 ",\"signs\":%" PRIu64
	       ",\"failed\":%" PRIu64
	       ",\"megabytes\":%.1f,\"p50Ms\":%.1f,\"p99Ms\":%.1f,\"ownCpuS\":%.2f}\n",
	       g.agents, g.senders, g.batch, seconds, joined / MS_NS, g.alerts,
	       (double)g.alerts / (double)seconds, g.batches, g.signs, g.failed,
	       (double)g.bytes / 1e6, at(0.5), at(0.99), (double)cpu / 1e9);
	return 0;
}

#include "wire/kafka.h"

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define TIMEOUT_MS 30000
#define WHY_BYTES 160

/* X(function) */
#define FUNCTIONS(X) \
	X(rd_kafka_conf_new) \
	X(rd_kafka_conf_destroy) \
	X(rd_kafka_conf_set) \
	X(rd_kafka_conf_set_dr_msg_cb) \
	X(rd_kafka_conf_set_error_cb) \
	X(rd_kafka_conf_set_log_cb) \
	X(rd_kafka_conf_set_connect_cb) \
	X(rd_kafka_conf_set_opaque) \
	X(rd_kafka_new) \
	X(rd_kafka_destroy) \
	X(rd_kafka_topic_new) \
	X(rd_kafka_topic_destroy) \
	X(rd_kafka_produce) \
	X(rd_kafka_poll) \
	X(rd_kafka_purge) \
	X(rd_kafka_last_error) \
	X(rd_kafka_err2str) \
	X(rd_kafka_queue_get_main) \
	X(rd_kafka_queue_io_event_enable) \
	X(rd_kafka_queue_destroy)

struct library {
	void *handle;
#define FUNCTION(name) __typeof__(&(name)) name;
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

struct kafka {
	struct library lib;
	struct kafka_options o;
	rd_kafka_t *producer;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue;
	int wake;
	bool closing;
	char trouble[WHY_BYTES];
};

static int load(struct library *l, struct err *e)
{
	l->handle = dlopen("librdkafka.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return err_set(e, ENOENT, "librdkafka is not installed");
#define FUNCTION(name) \
	*(void **)&l->name = dlsym(l->handle, #name); \
	if (!l->name) \
		return err_set(e, ENOENT, "librdkafka is too old: it has no %s", #name);
	FUNCTIONS(FUNCTION)
#undef FUNCTION
	return 0;
}

static void on_delivered(rd_kafka_t *producer, const rd_kafka_message_t *m, void *ctx)
{
	struct kafka *k = ctx;
	int result = 0;

	(void)producer;
	if (k->closing)
		return;
	switch (m->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		k->trouble[0] = '\0';
		break;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		result = -EMSGSIZE;
		break;
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
		result = -EINVAL;
		break;
	default:
		result = -EIO;
	}
	k->o.on_delivery(k->o.ctx, result,
			 m->err && k->trouble[0] ? k->trouble : k->lib.rd_kafka_err2str(m->err));
}

/* Called from kafka_work(), as all but the next two are. */
static void on_error(rd_kafka_t *producer, int code, const char *reason, void *ctx)
{
	struct kafka *k = ctx;

	(void)producer;
	/* That none of the brokers is left says less than why one is not. */
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && k->trouble[0])
		return;
	snprintf(k->trouble, sizeof(k->trouble), "%s", reason);
}

/* From the library's threads. What it would write to standard error is in on_error(), too. */
static void on_log(const rd_kafka_t *producer, int level, const char *facility, const char *text)
{
	(void)producer, (void)level, (void)facility, (void)text;
}

static int on_connect(int fd, const struct sockaddr *address, int n, const char *id, void *ctx)
{
	const struct kafka *k = ctx;

	(void)id;
	if (!reach_allows(k->o.reach, address))
		return EPERM;
	return connect(fd, address, (socklen_t)n) == 0 || errno == EINPROGRESS ? 0 : errno;
}

static int configure(struct kafka *k, rd_kafka_conf_t *conf, struct err *e)
{
	const struct kafka_options *o = &k->o;
	char timeout[16], why[WHY_BYTES];
	const struct {
		const char *key, *value;
	} pairs[] = {
		{ "bootstrap.servers", o->brokers },
		{ "client.id", "skep" },
		{ "enable.idempotence", "true" },
		{ "message.timeout.ms", timeout },
		{ "reconnect.backoff.max.ms", "5000" },
		{ "linger.ms", "5" },
		{ "compression.codec", o->compression },
		{ "security.protocol", o->security },
		{ "sasl.mechanism", o->mechanism },
		{ "sasl.username", o->user },
		{ "sasl.password", o->password },
		{ "ssl.ca.location", o->ca_file },
		{ "ssl.certificate.location", o->client_cert },
		{ "ssl.key.location", o->client_key },
	};

	snprintf(timeout, sizeof(timeout), "%u", o->timeout_ms ? o->timeout_ms : TIMEOUT_MS);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (pairs[i].value &&
		    k->lib.rd_kafka_conf_set(conf, pairs[i].key, pairs[i].value, why,
					     sizeof(why)) != RD_KAFKA_CONF_OK)
			/* The library's sentence may hold the value. */
			return err_set(e, EINVAL, "Kafka: %s is not what librdkafka takes",
				       pairs[i].key);
	k->lib.rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
	k->lib.rd_kafka_conf_set_error_cb(conf, on_error);
	k->lib.rd_kafka_conf_set_log_cb(conf, on_log);
	k->lib.rd_kafka_conf_set_connect_cb(conf, on_connect);
	k->lib.rd_kafka_conf_set_opaque(conf, k);
	return 0;
}

static int start(struct kafka *k, struct err *e)
{
	static const uint64_t one = 1;
	rd_kafka_conf_t *conf = k->lib.rd_kafka_conf_new();
	char why[WHY_BYTES];
	int r = configure(k, conf, e);

	if (r < 0) {
		k->lib.rd_kafka_conf_destroy(conf);
		return r;
	}
	k->producer = k->lib.rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!k->producer) {
		k->lib.rd_kafka_conf_destroy(conf);
		return err_set(e, EINVAL, "Kafka: %s", why);
	}
	k->topic = k->lib.rd_kafka_topic_new(k->producer, k->o.topic, NULL);
	if (!k->topic)
		return err_set(e, EINVAL, "Kafka: '%s' is no topic", k->o.topic);
	k->queue = k->lib.rd_kafka_queue_get_main(k->producer);
	k->lib.rd_kafka_queue_io_event_enable(k->queue, k->wake, &one, sizeof(one));
	return 0;
}

int kafka_open(const struct kafka_options *o, struct kafka **ret, struct err *e)
{
	struct kafka *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return err_set(e, ENOMEM, "no memory for Kafka");
	k->o = *o;
	k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = k->wake < 0 ? err_sys(e, errno, "Kafka") : load(&k->lib, e);
	if (r == 0)
		r = start(k, e);
	/* Copied by the library; not needed again. */
	k->o.brokers = k->o.topic = k->o.user = k->o.password = NULL;
	if (r < 0) {
		kafka_close(k);
		return r;
	}
	*ret = k;
	return 0;
}

void kafka_close(struct kafka *k)
{
	if (!k)
		return;
	k->closing = true;
	if (k->producer) {
		(void)k->lib.rd_kafka_purge(k->producer,
					    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		k->lib.rd_kafka_poll(k->producer, 0);
	}
	if (k->queue)
		k->lib.rd_kafka_queue_destroy(k->queue);
	if (k->topic)
		k->lib.rd_kafka_topic_destroy(k->topic);
	if (k->producer)
		k->lib.rd_kafka_destroy(k->producer);
	/* The library stays loaded: its threads may still be on their way out. */
	fd_close(&k->wake);
	free(k);
}

int kafka_produce(struct kafka *k, str key, str value, struct err *e)
{
	if (k->lib.rd_kafka_produce(k->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
				    (void *)(uintptr_t)value.p, value.n, key.p, key.n, NULL) == 0)
		return 0;
	switch (k->lib.rd_kafka_last_error()) {
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return err_set(e, EAGAIN, "Kafka: too much waits");
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return err_set(e, EMSGSIZE, "Kafka: a message of %zu bytes is too long", value.n);
	default:
		return err_set(e, EIO, "Kafka: %s",
			       k->lib.rd_kafka_err2str(k->lib.rd_kafka_last_error()));
	}
}

void kafka_work(struct kafka *k)
{
	uint64_t n;

	while (read(k->wake, &n, sizeof(n)) > 0)
		;
	k->lib.rd_kafka_poll(k->producer, 0);
}

int kafka_fd(const struct kafka *k)
{
	return k->wake;
}

const char *kafka_trouble(const struct kafka *k)
{
	return k->trouble;
}

/* Kafka: one message an alert, its key the host. */
#include <poll.h>

#include "console/notify/receiver_kind.h"
#include "console/notify/sender.h"
#include "console/notify/setting_tls.h"
#include "wire/kafka.h"

enum { BATCH = 500, BROKERS_MAX = 32 };

static const struct setting settings[] = {
	{ .name = "brokers",
	  .type = SETTING_LIST,
	  .must = true,
	  .max = BROKERS_MAX,
	  .doc = { "HOST:PORT of some brokers", "部分 broker 的 HOST:PORT" } },
	{ .name = "topic",
	  .type = SETTING_TEXT,
	  .must = true,
	  .max = 249,
	  .doc = { "topic", "主题" } },
	{ .name = "security",
	  .type = SETTING_CHOICE,
	  .choices = "plaintext|ssl|sasl_plaintext|sasl_ssl",
	  .preset = "plaintext",
	  .doc = { "how brokers are spoken to", "与 broker 通信的方式" } },
	{ .name = "mechanism",
	  .type = SETTING_CHOICE,
	  .choices = "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512",
	  .preset = "SCRAM-SHA-512",
	  .doc = { "SASL mechanism", "SASL 机制" } },
	{ .name = "user", .type = SETTING_TEXT, .doc = { "user", "用户名" } },
	{ .name = "password", .type = SETTING_SECRET, .doc = { "password", "密码" } },
	{ .name = "compression",
	  .type = SETTING_CHOICE,
	  .choices = "none|gzip|lz4|zstd",
	  .preset = "lz4",
	  .doc = { "compression", "压缩算法" } },
	SETTING_TLS,
};

struct out {
	struct sender head;
	struct kafka *kafka;
	char *ca, *cert, *key;
	size_t pending; /* of the batch: taken by the library, not told of yet */
	bool under_way;
	struct outbox_result result;
};

static void close_kafka(struct sender *s)
{
	struct out *o = (struct out *)s;

	kafka_close(o->kafka);
	free(o->ca);
	free(o->cert);
	free(o->key);
	free(o);
}

static void finish(struct out *o)
{
	const struct outbox_result r = o->result;

	if (!o->under_way || o->pending)
		return;
	o->under_way = false;
	sender_tell(&o->head, &r);
}

static void failed(struct out *o, int result, const char *why)
{
	if (result == -EMSGSIZE || result == -EINVAL) {
		o->result.refused++;
		if (!o->result.why[0])
			outbox_result_set(&o->result, o->result.verdict, "%s", why);
	} else {
		/* Those that are there already come again: at least once. */
		outbox_result_set(&o->result, OUTBOX_AGAIN, "%s", why);
	}
}

static void on_delivery(void *ctx, int result, const char *why)
{
	struct out *o = ctx;

	/* Of a batch that was given up. */
	if (!o->pending)
		return;
	o->pending--;
	if (result < 0)
		failed(o, result, why);
	finish(o);
}

static int send_kafka(struct sender *s, const struct notice *list, size_t count,
		      struct err *e UNUSED)
{
	struct out *o = (struct out *)s;

	o->result = (struct outbox_result){ .verdict = OUTBOX_SENT };
	o->under_way = true;
	for (size_t i = 0; i < count; i++) {
		OWNED_BUF value = BUF_INIT;
		struct err why = { 0 };
		int r;

		notice_json(&list[i], S(""), &value);
		r = buf_error(&value)
			    ? err_set(&why, ENOMEM, "no memory for a notification")
			    : kafka_produce(o->kafka, list[i].host, buf_str(&value), &why);
		if (r < 0)
			failed(o, r, why.text);
		else
			o->pending++;
		if (r < 0 && o->result.verdict == OUTBOX_AGAIN)
			break;
	}
	finish(o);
	return 0;
}

static void work(struct sender *s, uint64_t now_ns UNUSED)
{
	kafka_work(((struct out *)s)->kafka);
}

static int fd(const struct sender *s, short *ret_events)
{
	*ret_events = POLLIN;
	return kafka_fd(((const struct out *)s)->kafka);
}

static const char *trouble(const struct sender *s)
{
	return kafka_trouble(((const struct out *)s)->kafka);
}

static const struct sender_ops ops = {
	.send = send_kafka,
	.work = work,
	.fd = fd,
	.trouble = trouble,
	.close = close_kafka,
};

static const char *text(struct arena *a, const struct receiver *r, const char *name)
{
	str s = receiver_text(r, name);

	return s.n ? arena_str(a, s).p : NULL;
}

static int connect_to(struct out *o, const struct receiver *r, const struct sender_host *host,
		      struct arena *a, struct err *e)
{
	const bool sasl = str_starts(receiver_text(r, "security"), S("sasl"));
	OWNED_BUF brokers = BUF_INIT;

	VALUE_EACH (item, receiver_value(r, "brokers"))
		buf_printf(&brokers, "%s%.*s", brokers.n ? "," : "", STR_ARG(value_str(item)));
	return kafka_open(
		&(struct kafka_options){ .brokers = buf_cstr(&brokers),
					 .topic = text(a, r, "topic"),
					 .security = text(a, r, "security"),
					 .mechanism = sasl ? text(a, r, "mechanism") : NULL,
					 .user = sasl ? text(a, r, "user") : NULL,
					 .password = sasl ? text(a, r, "password") : NULL,
					 .ca_file = o->ca,
					 .client_cert = o->cert,
					 .client_key = o->key,
					 .compression = text(a, r, "compression"),
					 .reach = host->reach,
					 .on_delivery = on_delivery,
					 .ctx = o },
		&o->kafka, e);
}

static int open_kafka(const struct receiver *r, const struct sender_host *host, struct sender **ret,
		      struct err *e)
{
	struct out *o = calloc(1, sizeof(*o));
	struct arena a;
	int result;

	if (!o)
		return err_sys(e, ENOMEM, "notification");
	arena_init(&a, (size_t)1 << 20);
	o->head.ops = &ops;
	result = sender_pem_file(r, host, "ca", &o->ca, e);
	if (result == 0)
		result = sender_pem_file(r, host, "clientCert", &o->cert, e);
	if (result == 0)
		result = sender_pem_file(r, host, "clientKey", &o->key, e);
	if (result == 0)
		result = connect_to(o, r, host, &a, e);
	arena_done(&a);
	if (result < 0) {
		close_kafka(&o->head);
		return result;
	}
	*ret = &o->head;
	return 0;
}

const struct receiver_kind receiver_kind_kafka = {
	.name = "kafka",
	.doc = { "Kafka", "Kafka" },
	.settings = settings,
	.batch = BATCH,
	.open = open_kafka,
};

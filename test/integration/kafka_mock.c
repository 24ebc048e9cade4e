/* librdkafka's mock cluster with a consumer beside it. Says "brokers HOST:PORT" first, then each message of the topic as
 * {"key":..,"value":{..}} on a line. Takes lines: "away N" (the next N requests to produce fail for want of replicas),
 * "slow MS" (answers take so long).
 *
 *   kafka_mock TOPIC
 */
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRODUCE 0 /* ApiKey of the Produce request */

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[200];
	rd_kafka_t *k;

	if (brokers) {
		rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
		rd_kafka_conf_set(conf, "group.id", "test", why, sizeof(why));
		rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", why, sizeof(why));
		rd_kafka_conf_set(conf, "fetch.wait.max.ms", "50", why, sizeof(why));
	}
	k = rd_kafka_new(type, conf, why, sizeof(why));
	if (!k) {
		fprintf(stderr, "%s\n", why);
		exit(1);
	}
	return k;
}

static void obey(rd_kafka_mock_cluster_t *cluster, const char *line)
{
	long n = strtol(strchr(line, ' ') ? strchr(line, ' ') : "0", NULL, 10);

	if (strncmp(line, "slow", 4) == 0)
		rd_kafka_mock_broker_set_rtt(cluster, 1, (int)n);
	while (strncmp(line, "away", 4) == 0 && n-- > 0)
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1,
						  RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
}

static int take_lines(rd_kafka_mock_cluster_t *cluster)
{
	char text[200];
	ssize_t n = read(0, text, sizeof(text) - 1);

	if (n <= 0)
		return n < 0;
	text[n] = '\0';
	obey(cluster, text);
	return 1;
}

int main(int argc, char **argv)
{
	rd_kafka_t *host = client(RD_KAFKA_PRODUCER, NULL), *consumer;
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);

	if (argc != 2 || !cluster || fcntl(0, F_SETFL, O_NONBLOCK) < 0)
		return 1;
	rd_kafka_mock_topic_create(cluster, argv[1], 1, 1);
	consumer = client(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(cluster));
	rd_kafka_poll_set_consumer(consumer);
	/* Its own place to read from: the mock's groups take their time. */
	rd_kafka_topic_partition_list_add(topics, argv[1], 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(consumer, topics);
	printf("brokers %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);
	while (take_lines(cluster)) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 50);

		if (m && !m->err) {
			printf("{\"key\":\"%.*s\",\"value\":%.*s}\n", (int)m->key_len,
			       (const char *)m->key, (int)m->len, (const char *)m->payload);
			fflush(stdout);
		}
		if (m)
			rd_kafka_message_destroy(m);
	}
	_exit(0);
}

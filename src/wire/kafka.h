/** @file
 * Produces to Kafka. The only module that knows librdkafka, which is loaded when it is first needed: hosts that tell nothing
 * to Kafka need not have it.
 *
 * Never blocks. Messages are acknowledged by all in-sync replicas and not doubled by retries (the idempotent producer).
 */
#ifndef SKEP_WIRE_KAFKA_H
#define SKEP_WIRE_KAFKA_H

#include "base/err.h"
#include "base/str.h"
#include "wire/reach.h"

struct kafka;

struct kafka_options {
	const char *brokers; /**< "HOST:9092,HOST" */
	const char *topic;
	const char *security;        /**< "plaintext", "ssl", "sasl_plaintext", "sasl_ssl" */
	const char *mechanism;       /**< "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"; with sasl */
	const char *user, *password; /**< with sasl */
	const char *ca_file;         /**< PEM; NULL: the system's */
	const char *client_cert, *client_key; /**< PEM; NULL: none */
	const char *compression;              /**< "none", "gzip", "lz4", "zstd" */
	const struct networks *reach;         /**< outlives it; NULL: all */
	unsigned int timeout_ms; /**< what is not delivered then has failed; 0: 30,000 */
	/**
	 * What came of a message, from kafka_work().
	 * @param result 0; -EMSGSIZE or -EINVAL: never will be taken; -EIO: failed, @p why says how
	 */
	void (*on_delivery)(void *ctx, int result, const char *why);
	void *ctx;
};

/** Texts of @p o are copied. @return 0, -ENOENT (librdkafka is not installed), -EINVAL (the options), -ENOMEM */
MUST_CHECK int kafka_open(const struct kafka_options *o, struct kafka **ret, struct err *e);
/** Gives up what is not delivered, without telling. */
void kafka_close(struct kafka *k);

/** Takes a message, copied. @return 0 (on_delivery follows), -EAGAIN too much waits, -EMSGSIZE, -EIO */
MUST_CHECK int kafka_produce(struct kafka *k, str key, str value, struct err *e);
/** Calls back. */
void kafka_work(struct kafka *k);
/** Readable when kafka_work() has something to do. */
int kafka_fd(const struct kafka *k);
/** What is wrong with the brokers; "": nothing known. */
const char *kafka_trouble(const struct kafka *k);

#endif

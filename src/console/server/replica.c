#include "console/server/replica.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "codec/digest.h"
#include "codec/mac.h"
#include "console/store/store.h"

enum { WAITING_MAX = 256, TEXT_BYTES = 64, NAME_BYTES = 17, LISTEN_MS = 30000, AGAIN_MS = 2000 };

static const char channel[] = "skep_changes";

struct replica {
	struct replica_options o;
	char name[NAME_BYTES]; /* ours, so that we do not hear ourselves */
	int wake;
	pthread_t id;
	pthread_mutex_t lock;
	bool ending;
	char waiting[WAITING_MAX][TEXT_BYTES];
	size_t count;
};

void replica_tell(struct replica *r, str text)
{
	uint64_t one = 1;

	if (!r || text.n >= TEXT_BYTES)
		return;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->count; i++)
		if (str_is(text, r->waiting[i]))
			text.n = 0;
	if (text.n && r->count < WAITING_MAX) {
		memcpy(r->waiting[r->count], text.p, text.n);
		r->waiting[r->count++][text.n] = '\0';
	}
	pthread_mutex_unlock(&r->lock);
	(void)!write(r->wake, &one, sizeof(one));
}

/** @return false: it is time to end */
static bool take_waiting(struct replica *r, char (*ret)[TEXT_BYTES], size_t *ret_count)
{
	uint64_t count;
	bool go_on;

	(void)!read(r->wake, &count, sizeof(count));
	pthread_mutex_lock(&r->lock);
	memcpy(ret, r->waiting, r->count * sizeof(ret[0]));
	*ret_count = r->count;
	r->count = 0;
	go_on = !r->ending;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

static void hear(struct replica *r, str text)
{
	str from = str_cut(&text, ' ');

	if (!str_is(from, r->name) && text.n)
		r->o.on_told(r->o.ctx, text);
}

/** Speaks and hears until the connection is lost. @return false: it is time to end */
static bool converse(struct replica *r, struct sql *sql)
{
	char texts[WAITING_MAX][TEXT_BYTES];
	OWNED_BUF from = BUF_INIT;
	OWNED_BUF text = BUF_INIT;
	size_t count;
	int got = 0;

	while (got >= 0) {
		if (!take_waiting(r, texts, &count))
			return false;
		for (size_t i = 0; got >= 0 && i < count; i++) {
			char line[TEXT_BYTES + NAME_BYTES + 1];

			snprintf(line, sizeof(line), "%s %s", r->name, texts[i]);
			got = sql_notify(sql, channel, str_from(line), NULL);
		}
		if (got < 0)
			break;
		buf_reset(&from);
		buf_reset(&text);
		got = sql_wait(sql, LISTEN_MS, r->wake, &from, &text, NULL);
		if (got > 0)
			hear(r, buf_str(&text));
	}
	return true;
}

static bool pause_for(struct replica *r, int ms)
{
	struct pollfd p = { .fd = r->wake, .events = POLLIN };
	bool ending;

	(void)poll(&p, 1, ms);
	pthread_mutex_lock(&r->lock);
	ending = r->ending;
	pthread_mutex_unlock(&r->lock);
	return !ending;
}

static void *run(void *arg)
{
	struct replica *r = arg;
	bool go_on = true;

	while (go_on) {
		struct sql *sql = NULL;

		if (sql_open(r->o.where, NULL, &sql, NULL) == 0 &&
		    sql_listen(sql, channel, NULL) == 0)
			go_on = converse(r, sql);
		sql_close(sql);
		go_on = go_on && pause_for(r, AGAIN_MS);
	}
	return NULL;
}

int replica_new(const struct replica_options *o, struct replica **ret, struct err *e)
{
	struct replica *r = calloc(1, sizeof(*r));
	uint8_t name[(NAME_BYTES - 1) / 2];
	int error;

	if (!r)
		return err_set(e, ENOMEM, "no memory for threads");
	r->o = *o;
	r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&r->lock, NULL);
	error = random_bytes(name, sizeof(name), e);
	if (error == 0) {
		hex_render(name, sizeof(name), r->name);
		error = -pthread_create(&r->id, NULL, run, r);
		if (error < 0)
			err_sys(e, -error, "cannot start a thread");
	}
	if (error < 0) {
		close(r->wake);
		free(r);
		return error;
	}
	*ret = r;
	return 0;
}

void replica_free(struct replica *r)
{
	uint64_t one = 1;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_mutex_unlock(&r->lock);
	(void)!write(r->wake, &one, sizeof(one));
	pthread_join(r->id, NULL);
	pthread_mutex_destroy(&r->lock);
	close(r->wake);
	free(r);
}

#include <stdio.h>
#include <time.h>

#include "codec/json.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/alerts.h"
#include "console/store/ingest.h"

/* One transaction for all batches that wait: a commit costs a write to the disk, whatever is in it. */
#define GROUP_ARENA ((size_t)256 << 20)
#define LOST_AT_ONCE_MOST ((int64_t)1 << 40)
enum { GROUP_RECORDS = 40000, TRIES = 4 };

/** What cannot be read is no record of its kind: it is noted, and the batch goes on. */
static int parse(struct teller *t, str doc, struct value *ret)
{
	return json_parse(doc, t->arena, ret, NULL) < 0 ? RECORD_REFUSED : 0;
}

static int take_result(struct teller *t, str doc, struct err *e)
{
	struct value v;
	int r = parse(t, doc, &v);

	return r ? r
		 : agent_command_done(
			   t->store, t->agent->id, value_int(value_get(&v, "command"), 0),
			   value_is_true(value_get(&v, "ok")), value_get_str(&v, "message"), e);
}

static int take_loss(struct teller *t, str doc, struct err *e)
{
	struct value v;
	int r = parse(t, doc, &v);
	int64_t count =
		r ? 0 : MIN(MAX(value_int(value_get(&v, "count"), 0), 0), LOST_AT_ONCE_MOST);

	if (r == 0 && str_is(value_get_str(&v, "spool"), "alerts"))
		r = agent_add_lost(t->store, t->agent->id, count, e);
	else if (r == 0 && str_is(value_get_str(&v, "spool"), "flows"))
		r = agent_add_flows_lost(t->store, t->agent->id, count, e);
	return r;
}

static int take_other(struct teller *t, const struct batch_record *rec, struct err *e)
{
	t->job->agents |= rec->kind == BATCH_STATS || rec->kind == BATCH_LOSS ||
			  rec->kind == BATCH_ENDED || rec->kind == BATCH_RESULT;
	switch (rec->kind) {
	case BATCH_STATS:
		return record_stats(t, rec->doc, e);
	case BATCH_SCAN:
		return agent_set_scan(t->store, t->agent->id, rec->doc, e);
	case BATCH_ENDED:
		return agent_set_ended(t->store, t->agent->id, e);
	case BATCH_RESULT:
		return take_result(t, rec->doc, e);
	case BATCH_LOSS:
		return take_loss(t, rec->doc, e);
	case BATCH_FLOWS:
		t->job->flows = true;
		return record_flow(t, rec->doc, e);
	case BATCH_INVENTORY:
		t->job->findings = true;
		return record_inventory(t, rec->doc, e);
	default:
		t->job->assets = true;
		return record_asset(t, rec, e);
	}
}

/** The alerts of all batches of a group: they go in together. */
struct alert_heap {
	struct alert_new *items;
	size_t count, cap;
};

/** Alerts are kept for the group's end; other records go in one by one, in order. */
static int take_records(struct teller *t, int64_t mark, struct alert_heap *alerts, struct err *e)
{
	const struct batch *b = t->job->batch;
	const struct alert_new *told = t->job->told;
	const size_t before = alerts->count;
	int r = 0;

	for (size_t i = 0; i < b->count && r >= 0; i++) {
		const struct batch_record *rec = &b->records[i];
		const struct alert_new *alert = rec->kind == BATCH_ALERT ? told++ : NULL;

		if (rec->number <= mark)
			continue;
		if (alert && !alert->time_ns) {
			r = RECORD_REFUSED;
		} else if (alert) {
			struct alert_new *x =
				ARENA_PUSH(t->arena, alerts->items, alerts->count, alerts->cap);

			if (!x)
				return err_set(e, ENOBUFS, "memory budget spent");
			*x = *alert;
			r = 0;
		} else {
			r = take_other(t, rec, e);
		}
		t->job->refused += r == RECORD_REFUSED;
	}
	t->job->alerts = alerts->count > before;
	return MIN(r, 0);
}

/** One batch, inside the group's transaction. */
static int take_batch(struct fleet *f, struct store *s, struct arena *a, struct ingest_job *job,
		      struct alert_heap *alerts, struct err *e)
{
	struct agent agent;
	struct teller t = { .fleet = f,
			    .store = s,
			    .arena = a,
			    .agent = &agent,
			    .job = job,
			    .now_ns = store_now() };
	str name = str_from(job->agent);
	uint64_t mark = 0;
	int r = agent_get(s, name, a, &agent, e);

	job->refused = job->batch->refused + job->batch->unknown;
	job->alerts = job->assets = job->findings = job->agents = job->flows = false;
	if (r == 0)
		r = ingest_mark(s, name, job->life, &mark, e);
	if (r == 0)
		r = agent_seen(s, name, job->peer, job->clock_ms, e);
	if (r == 0)
		r = take_records(&t, (int64_t)mark, alerts, e);
	if (r == 0 && (uint64_t)job->batch->last > mark)
		r = ingest_advance(s, name, job->life, (uint64_t)job->batch->last, t.now_ns, e);
	/* Heard of again. */
	job->agents |= r == 0 && (agent.silent || agent.ended);
	job->acknowledged = MAX(job->batch->last, (int64_t)mark);
	return r;
}

/** All of a list in one transaction. @return 0, or the error that undid it */
static int take_group(struct fleet *f, struct store *s, struct ingest_job *list, struct err *e)
{
	struct alert_heap alerts = { 0 };
	struct arena a;
	int r = sql_begin(s->sql, e);

	arena_init(&a, GROUP_ARENA);
	for (struct ingest_job *j = list; j && r == 0; j = j->next)
		r = take_batch(f, s, &a, j, &alerts, e);
	if (r == 0)
		r = alerts_append(s, alerts.items, alerts.count, store_now(), NULL, e);
	r = sql_end(s->sql, r, e);
	arena_done(&a);
	return r;
}

/** Where the group failed, each batch stands for itself, so that one cannot spoil the others. */
static void take_all(struct fleet *f, struct store *s, struct ingest_job *list)
{
	struct err e = { 0 };
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++)
		r = take_group(f, s, list, &e);
	for (struct ingest_job *j = list; j; j = j->next) {
		struct ingest_job *next = j->next;

		if (r == 0 || !list->next) {
			j->result = r;
			j->why = e;
			continue;
		}
		j->next = NULL;
		j->why = (struct err){ 0 };
		j->result = -EAGAIN;
		for (int i = 0; i < TRIES && j->result == -EAGAIN; i++)
			j->result = take_group(f, s, j, &j->why);
		j->next = next;
	}
}

/** Takes some of what waits. With the lock held. */
static struct ingest_job *take_waiting(struct fleet *f)
{
	struct ingest_job *list = f->waiting, **end = &f->waiting;
	size_t records = 0;

	while (*end && records < GROUP_RECORDS) {
		records += (*end)->batch->count;
		end = &(*end)->next;
	}
	f->waiting = *end;
	if (!f->waiting)
		f->waiting_end = &f->waiting;
	*end = NULL;
	return list;
}

static void lead(struct fleet *f, struct store *s)
{
	struct ingest_job *list = take_waiting(f), *next;

	pthread_mutex_unlock(&f->ingest_lock);
	take_all(f, s, list);
	pthread_mutex_lock(&f->ingest_lock);
	for (struct ingest_job *j = list; j; j = next) {
		next = j->next; /* its thread may go on as soon as it is done */
		j->done = true;
	}
}

/** What of a batch needs no transaction: each thread does it for its own, and those that wait for one wait less. */
static int make_ready(struct store *s, struct ingest_job *job, struct err *e)
{
	const struct batch *b = job->batch;
	struct agent agent;
	size_t count = 0;
	int r = agent_get(s, str_from(job->agent), job->arena, &agent, e);

	if (r < 0)
		return r;
	job->told = ARENA_ARRAY(job->arena, b->count, struct alert_new);
	if (!job->told)
		return err_set(e, ENOBUFS, "memory budget spent");
	for (size_t i = 0; i < b->count; i++) {
		const struct batch_record *rec = &b->records[i];

		if (rec->kind != BATCH_ALERT)
			continue;
		/* What is no alert stays zero. */
		if (rec->doc.n > ALERT_DOC_MAX ||
		    record_alert(rec->doc, &agent, job->arena, &job->told[count], NULL) < 0)
			job->told[count] = (struct alert_new){ 0 };
		count++;
	}
	return count ? alerts_pack(s, job->told, count, &job->packed, e) : 0;
}

int ingest(struct fleet *f, struct store *s, struct ingest_job *job, struct err *e)
{
	int r = make_ready(s, job, e);

	if (r < 0)
		return r;
	pthread_mutex_lock(&f->ingest_lock);
	job->next = NULL;
	*f->waiting_end = job;
	f->waiting_end = &job->next;
	while (!job->done) {
		if (f->leading) {
			pthread_cond_wait(&f->ingest_done, &f->ingest_lock);
			continue;
		}
		f->leading = true;
		lead(f, s);
		f->leading = false;
		pthread_cond_broadcast(&f->ingest_done);
	}
	pthread_mutex_unlock(&f->ingest_lock);
	if (job->result < 0) {
		if (e)
			*e = job->why;
		return job->result;
	}
	if (job->alerts)
		fleet_publish(f, "alerts");
	if (job->assets)
		fleet_publish(f, "assets");
	if (job->findings)
		fleet_publish(f, "findings");
	if (job->agents)
		fleet_publish(f, "agents");
	if (job->flows)
		fleet_publish(f, "flows");
	return 0;
}

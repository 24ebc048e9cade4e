/** @file
 * Deeds of a child process, and which of them a sensor with a filter told of: what the kernel drops is held to what the filter
 * says in user space. What fails asserts.
 */
#ifndef SKEP_TEST_FILTER_DEEDS_H
#define SKEP_TEST_FILTER_DEEDS_H

#include "sensor_host.h"
#include "unit.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/record_complete.h"
#include "kern/sensor.h"

enum { DEEDS = 600, ROUNDS = 40, TEXT_BYTES = 128, CLAUSE_PATHS = 6 };

/* What a child does with one name, and how often it was told. */
struct deed {
	enum event_type type;
	bool fails, may_pass; /* may_pass: what is not wanted of it may be told */
	bool second;          /* the name is the second of two; the other is NOWHERE */
	char text[TEXT_BYTES];
	const char *comm; /* NULL: any */
	int flags;        /* of opens */
	uint8_t file_flags;
	int64_t result; /* sends are known by it */
	bool connected;
	uint16_t port; /* of their far end */
	unsigned int done, told;
};

#define NOWHERE "/qq/none"

struct fixture {
	struct sensor *sensor;
	struct deed deeds[DEEDS];
	size_t count;
	struct kernel_filter filter;
	struct kernel_clause clause, *rename; /* of renames; NULL: the same */
	struct kernel_path paths[CLAUSE_PATHS];
	const struct kernel_path *list[CLAUSE_PATHS];
	char text[CLAUSE_PATHS][TEXT_BYTES];
	pid_t child;
	bool gone;
	char dir[64];
};

static inline void want(struct fixture *f, enum kernel_path_test test, const char *dir,
			const char *name)
{
	size_t i = f->clause.path_count++;

	assert_true(i < CLAUSE_PATHS);
	snprintf(f->text[i], TEXT_BYTES, "%s%s", dir, name);
	f->paths[i] = (struct kernel_path){ test, str_from(f->text[i]) };
	f->list[i] = &f->paths[i];
}

/* @return the deed of this name: each stands there once */
static inline struct deed *deed(struct fixture *f, enum event_type type, bool fails,
				const char *text)
{
	struct deed *d = f->deeds;

	while (d < f->deeds + f->count && !(d->type == type && strcmp(d->text, text) == 0))
		d++;
	if (d < f->deeds + f->count)
		return d;
	assert_true(f->count < DEEDS);
	f->count++;
	*d = (struct deed){ .type = type, .fails = fails };
	snprintf(d->text, sizeof(d->text), "%s", text);
	return d;
}

static inline bool is_told(const struct deed *d, const struct event *v)
{
	if (d->type != v->type)
		return false;
	if (event_type_family(v->type) != EVENT_FAMILY_SEND)
		return str_is(d->second ? v->raw2 : v->raw, d->text);
	if (v->res != d->result)
		return false;
	assert_int_equal(v->fd.connected, d->connected);
	assert_int_equal(v->fd.remote.port, d->port);
	return true;
}

static inline void take(void *ctx, const struct event *v)
{
	struct fixture *f = ctx;

	if (v->task.pid != (uint32_t)f->child && !f->clause.comm_count)
		return;
	if (v->type == EVENT_PROCEXIT && v->task.pid == (uint32_t)f->child)
		f->gone = true;
	for (size_t i = 0; i < f->count; i++)
		f->deeds[i].told += is_told(&f->deeds[i], v);
}

static inline void drain_until_gone(struct fixture *f)
{
	/* By the clock: what others do on this machine wakes, too. */
	for (time_t until = time(NULL) + 30; !f->gone && time(NULL) < until;) {
		struct pollfd p = { .fd = sensor_fd(f->sensor), .events = POLLIN };

		poll(&p, 1, 20);
		assert_true(sensor_drain(f->sensor, 0, take, f, NULL) >= 0);
	}
	assert_true(f->gone);
}

/* @return false: there is no sensor here */
static inline bool run(struct fixture *f, void (*action)(struct fixture *f))
{
	struct sensor_config c = { .backend = tested_backend(),
				   .rate_per_s = 1000000,
				   .burst = 1000000 };
	struct err e = { 0 };
	int status;

	f->clause.paths_any = f->clause.path_count;
	f->clause.paths = f->list;
	f->filter.failed_opens = true;
	f->filter.clauses[EVENT_OPENAT] = f->filter.clauses[EVENT_UNLINKAT] = &f->clause;
	f->filter.clauses[EVENT_LINKAT] = &f->clause;
	f->filter.clauses[EVENT_RENAMEAT] = f->rename ? f->rename : &f->clause;
	f->filter.clause_count[EVENT_RENAMEAT] = f->filter.clause_count[EVENT_LINKAT] = 1;
	f->filter.clauses[EVENT_SENDTO] = f->filter.clauses[EVENT_SENDMSG] = &f->clause;
	f->filter.clause_count[EVENT_OPENAT] = f->filter.clause_count[EVENT_UNLINKAT] = 1;
	f->filter.clause_count[EVENT_SENDTO] = f->filter.clause_count[EVENT_SENDMSG] = 1;
	if (sensor_open(&c, &f->filter, &f->sensor, &e) < 0) {
		print_message("# skipped: %s\n", e.text);
		return false;
	}
	fflush(NULL);
	f->child = fork();
	if (!f->child) {
		action(f);
		_exit(0);
	}
	assert_int_equal(waitpid(f->child, &status, 0), f->child);
	assert_int_equal(status, 0);
	drain_until_gone(f);
	return true;
}

static inline bool is_wanted(const struct fixture *f, const struct deed *d)
{
	char whole[2 * TEXT_BYTES], normal[RECORD_NORMAL_BYTES];
	struct event v = { .type = d->type, .res = d->fails ? -ENOENT : 3 };

	v.flags = (uint64_t)d->flags;
	v.fd.file_flags = d->file_flags;
	v.fd.connected = d->connected;
	snprintf(whole, sizeof(whole), d->text[0] == '/' ? "%.0s%s" : "%s/%s", f->dir, d->text);
	v.path = v.fd.path = record_normal_path(str_from(whole), normal);
	v.raw = str_from(d->text);
	if (d->type == EVENT_RENAMEAT || d->type == EVENT_LINKAT) {
		v.path2 = d->second ? v.path : S(NOWHERE);
		v.raw2 = d->second ? v.raw : S(NOWHERE);
		v.path = d->second ? S(NOWHERE) : v.path;
		v.raw = d->second ? S(NOWHERE) : v.raw;
	}
	return kernel_filter_passes(&f->filter, &v, str_from(d->comm ? d->comm : ""), true);
}

/* Nothing that is wanted is dropped, and nothing else is told but what a kernel may not see. */
static inline void compare(struct fixture *f, size_t least)
{
	size_t wanted = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct deed *d = &f->deeds[i];
		bool want_it = is_wanted(f, d);

		wanted += want_it;
		if (d->told != (want_it ? d->done : 0) &&
		    !(d->may_pass && !want_it && d->told <= d->done))
			fail_msg("%s '%s': done %u, told %u, %s", event_type_name(d->type), d->text,
				 d->done, d->told, want_it ? "wanted" : "not wanted");
	}
	assert_true(wanted >= least && wanted < f->count);
}

static inline void end(struct fixture *f)
{
	sensor_close(f->sensor);
	rmdir(f->dir);
	free(f);
}

static inline struct fixture *begin(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_sensor_filter.%d", (int)getpid());
	mkdir(f->dir, 0755);
	return f;
}

static inline void must(int r)
{
	if (r < 0)
		_exit(1);
}

#endif

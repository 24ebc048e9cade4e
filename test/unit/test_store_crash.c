/*
 * A writer killed while it stores alerts, again and again, and disks that fill: what it was told is stored is there, all of
 * it, once.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "console/store/alerts.h"
#include "console/store/ingest.h"
#include "store_stage.h"

enum { ROUNDS = 12, BATCH_MOST = 200, SEQ_MOST = 1 << 20 };

static const str agent = { "a-1", 3 }, spool = { "life", 4 };

struct job {
	uint64_t from, count;
};

static int store_some(struct store *s, void *ctx, struct err *e)
{
	static struct alert_new alerts[BATCH_MOST];
	static char docs[BATCH_MOST][64], rules[5][8];
	struct job *j = ctx;
	uint64_t mark = 0;
	int r = ingest_mark(s, agent, spool, &mark, e);

	j->from = mark + 1;
	for (uint64_t i = 0; i < j->count; i++) {
		snprintf(docs[i], sizeof(docs[i]), "{\"seq\":%llu}",
			 (unsigned long long)(j->from + i));
		snprintf(rules[i % 5], sizeof(rules[0]), "r%llu", (unsigned long long)(i % 5));
		alerts[i] = (struct alert_new){ .series = { .rule = str_from(rules[i % 5]),
							    .host = S("h"),
							    .agent = agent },
						.time_ns = store_now() - (int64_t)i * 977000000,
						.container = S("c1"),
						.doc = str_from(docs[i]) };
	}
	r = r < 0 ? r : alerts_append(s, alerts, j->count, store_now(), NULL, e);
	return r < 0 ? r : ingest_advance(s, agent, spool, mark + j->count, store_now(), e);
}

/* Stores until it is killed and says after each commit how far it came. */
static void write_on(const char *where, int told)
{
	struct store *s = NULL;
	struct err e = { 0 };
	uint64_t n = (uint64_t)getpid();
	int opened = store_open(where, NULL, &s, &e);

	/* Its server may be killed, too. */
	if (opened < 0)
		_exit(opened == -EHOSTUNREACH ? 0 : 1);
	for (;;) {
		struct job j = { 0 };
		uint64_t last;
		int r;

		n = n * 6364136223846793005ULL + 1442695040888963407ULL;
		j.count = 1 + (n >> 33) % BATCH_MOST;
		r = store_transact(s, store_some, &j, &e);
		if (r < 0)
			_exit(r == -EHOSTUNREACH ? 0 : 2);
		last = j.from + j.count - 1;
		if (write(told, &last, sizeof(last)) != sizeof(last))
			_exit(3);
	}
}

static uint64_t last_told(int fd)
{
	uint64_t last = 0, one;

	while (read(fd, &one, sizeof(one)) == sizeof(one))
		last = one;
	return last;
}

/* Lets a writer run for a while. @return what it was told is stored */
static uint64_t run_and_kill(const char *where, unsigned ms, bool server_too)
{
	uint64_t last = 0;
	int fds[2], status = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		write_on(where, fds[1]);
	}
	close(fds[1]);
	/* From its first word on, so that a slow machine's is heard, too; every third at any moment. */
	if (ms % 3) {
		struct pollfd first = { .fd = fds[0], .events = POLLIN };

		poll(&first, 1, 20000);
	}
	usleep(ms * 1000);
	if (server_too)
		store_stage_kill_server();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	last = last_told(fds[0]);
	close(fds[0]);
	if (server_too)
		store_stage_start_server();
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return last;
}

static uint64_t seq_of(str doc)
{
	uint64_t n = 0;

	assert_true(str_starts(doc, S("{\"seq\":")) && str_ends(doc, S("}")));
	assert_int_equal(str_u64((str){ doc.p + 7, doc.n - 8 }, &n), 0);
	return n;
}

/* Each of 1 to @p mark once, by looking at all; and counted so. */
static void check_all(struct store *s, uint64_t mark)
{
	static bool seen[SEQ_MOST];
	const struct alert_filter f = { .scope = &scope_everything };
	struct alert_facets facets = { 0 };
	int64_t cursor = 0;
	uint64_t n = 0;
	struct arena a;

	memset(seen, 0, sizeof(seen));
	arena_init(&a, 0);
	do {
		struct alert_page p = { 0 };

		OK(alerts_page(s, &f, cursor, ALERT_PAGE_MAX, true, &a, &p, E));
		for (size_t i = 0; i < p.count; i++, n++) {
			uint64_t seq = seq_of(p.items[i].doc);

			assert_true(seq >= 1 && seq <= mark && seq < SEQ_MOST && !seen[seq]);
			seen[seq] = true;
		}
		cursor = p.next;
		arena_reset(&a);
	} while (cursor);
	assert_int_equal(n, mark);
	OK(alerts_facets(s, &f, 5, &a, &facets, E));
	assert_int_equal(facets.total, mark);
	arena_done(&a);
}

static void kill_again_and_again(enum stage_engine engine)
{
	static const unsigned after_ms[] = { 3, 40, 11, 75, 24, 6, 130, 17, 55, 9, 33, 90 };
	const char *where = store_stage_where(engine);
	uint64_t told = 0, mark = 0;

	if (!where)
		return;
	OK(store_prepare(where, E));
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t now = run_and_kill(where, after_ms[i % ARRAY_LEN(after_ms)],
					    engine == STAGE_POSTGRES && i % 3 == 2);
		struct store *s = NULL;

		told = MAX(told, now);
		OK(store_prepare(where, E));
		OK(store_open(where, NULL, &s, E));
		OK(sql_check(s->sql, true, E));
		OK(sql_begin(s->sql, E));
		OK(ingest_mark(s, agent, spool, &mark, E));
		sql_rollback(s->sql);
		assert_true(mark >= told);
		check_all(s, mark);
		store_close(s);
	}
	assert_true(told > 0);
	print_message("# %s: %d kills, %llu alerts, none lost, none doubled\n",
		      engine == STAGE_SQLITE ? "SQLite" : "PostgreSQL", ROUNDS,
		      (unsigned long long)mark);
}

static void test_killed_writers_lose_nothing(void **state)
{
	(void)state;
	kill_again_and_again(STAGE_SQLITE);
	kill_again_and_again(STAGE_POSTGRES);
}

/* A full disk: said so, nothing half stored, and with room again it goes on. */
static void fill_up(enum stage_engine engine)
{
	const char *where = store_stage_small_where(engine, 20);
	struct job j = { .count = BATCH_MOST };
	struct store *s = NULL;
	uint64_t mark = 0, before;
	int r = 0;

	if (!where)
		return;
	OK(store_prepare(where, E));
	OK(store_open(where, NULL, &s, E));
	while ((r = store_transact(s, store_some, &j, E)) == 0)
		;
	assert_int_equal(r, -ENOSPC);
	OK(sql_get_int(s->sql, "SELECT seq FROM ingest_mark", SQL_NONE, (int64_t *)&mark, E));
	check_all(s, mark);
	store_stage_grow(60);
	before = mark;
	for (int i = 0; i < 5; i++)
		OK(store_transact(s, store_some, &j, E));
	OK(sql_get_int(s->sql, "SELECT seq FROM ingest_mark", SQL_NONE, (int64_t *)&mark, E));
	assert_int_equal(mark, before + 5 * BATCH_MOST);
	check_all(s, mark);
	OK(sql_check(s->sql, true, E));
	print_message("# %s: the disk was full after %llu alerts\n",
		      engine == STAGE_SQLITE ? "SQLite" : "PostgreSQL", (unsigned long long)before);
	store_close(s);
}

static void test_full_disks_lose_nothing(void **state)
{
	(void)state;
	fill_up(STAGE_SQLITE);
	fill_up(STAGE_POSTGRES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_writers_lose_nothing),
		cmocka_unit_test(test_full_disks_lose_nothing),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

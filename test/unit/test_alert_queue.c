#include "unit.h"

#include <stdio.h>
#include <sys/socket.h>

#include "prog/agent/alert_queue.h"

enum { ROOM = 64 << 10 };

/* A queue before a socket that is full: whatever is put in is kept. */
struct stage {
	int pair[2];
	struct alert_queue *queue;
	char *room;
};

static void begin(struct stage *s, size_t max_bytes)
{
	int least = 1;

	assert_int_equal(message_pair(s->pair, NULL), 0);
	assert_int_equal(setsockopt(s->pair[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)), 0);
	assert_int_equal(alert_queue_new(s->pair[0], max_bytes, &s->queue, NULL), 0);
	s->room = malloc(MESSAGE_MAX_BYTES);
	assert_non_null(s->room);
	while (message_send(s->pair[0], &(struct message){ .kind = MESSAGE_SAY }) == 0)
		;
}

static void end(struct stage *s)
{
	alert_queue_free(s->queue);
	free(s->room);
	close(s->pair[0]);
	close(s->pair[1]);
}

static void put(struct stage *s, const char *rule, enum alert_priority p)
{
	static const struct container host = { .runtime = CONTAINER_HOST };
	struct alert a = {
		.rule = str_from(rule), .message = str_from(rule), .priority = p, .container = &host
	};

	alert_queue_put(s->queue, &a);
}

/* The rules of what comes out, in order. */
static void take_all(struct stage *s, char *ret, size_t bytes)
{
	str name = S("\"rule\":\"");
	size_t n = 0;

	for (;;) {
		struct message m;

		while (message_receive(s->pair[1], s->room, &m) > 0)
			if (m.kind == MESSAGE_ALERT && n + 1 < bytes)
				ret[n++] = m.json.p[str_search(m.json, name) + name.n];
		if (alert_queue_flush(s->queue) == 0 &&
		    recv(s->pair[1], s->room, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
			break;
	}
	ret[n] = '\0';
}

static void test_order_holds(void **state)
{
	struct stage s;
	char got[16];

	(void)state;
	begin(&s, ROOM);
	put(&s, "a", PRIORITY_ERROR);
	put(&s, "b", PRIORITY_DEBUG);
	put(&s, "c", PRIORITY_ALERT);
	take_all(&s, got, sizeof(got));
	assert_string_equal(got, "abc");
	put(&s, "d", PRIORITY_DEBUG);
	take_all(&s, got, sizeof(got));
	assert_string_equal(got, "d");
	assert_int_equal(alert_queue_lost(s.queue), 0);
	end(&s);
}

/* Whatever place the one that gives way has, the next goes behind the last. */
static void test_least_urgent_gives_way(void **state)
{
	static const struct {
		enum alert_priority of[3];
		const char *left;
	} cases[] = {
		{ { PRIORITY_DEBUG, PRIORITY_ERROR, PRIORITY_ERROR }, "bcd" },
		{ { PRIORITY_ERROR, PRIORITY_DEBUG, PRIORITY_ERROR }, "acd" },
		{ { PRIORITY_ERROR, PRIORITY_ERROR, PRIORITY_DEBUG }, "abd" },
		{ { PRIORITY_ALERT, PRIORITY_ALERT, PRIORITY_ALERT }, "abc" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct stage s;
		size_t max = 0, kept = 0;
		char got[16];

		/* As much room as three of them want. */
		do {
			max += 64;
			begin(&s, max);
			for (int k = 0; k < 3; k++)
				put(&s, (const char *[]){ "a", "b", "c" }[k], PRIORITY_ERROR);
			kept = alert_queue_flush(s.queue);
			end(&s);
		} while (kept < 3);
		begin(&s, max + 64);
		for (int k = 0; k < 3; k++)
			put(&s, (const char *[]){ "a", "b", "c" }[k], cases[i].of[k]);
		assert_int_equal(alert_queue_lost(s.queue), 0);
		put(&s, "d", PRIORITY_ERROR);
		assert_int_equal(alert_queue_lost(s.queue), 1);
		take_all(&s, got, sizeof(got));
		assert_string_equal(got, cases[i].left);
		end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_holds),
		cmocka_unit_test(test_least_urgent_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

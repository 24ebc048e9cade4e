/* However long an alert's texts are and however its container is labelled, it arrives: shorter, said so, and as a document. */
#include "unit.h"

#include "base/text.h"
#include "codec/json.h"
#include "prog/agent/alert_queue.h"
#include "watch/alert_short.h"

enum { LONG = 65536 };

static char bytes[LONG];
static struct alert_field fields[ALERT_SHORT_FIELDS];
static struct alert_process lineage[ALERT_SHORT_LINEAGE];
static struct container_label labels[256];

/* As long as anything can get, of the bytes whose escapes are longest. */
static struct alert padded(struct container *c, size_t length)
{
	const str text = { bytes, length };

	memset(bytes, '\x01', sizeof(bytes));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		fields[i] = (struct alert_field){ S("proc.cmdline"), text };
	for (size_t i = 0; i < ARRAY_LEN(lineage); i++)
		lineage[i] = (struct alert_process){ { 7, 7 }, text, text, text, text };
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		labels[i] = (struct container_label){ text, text };
	*c = (struct container){ .runtime = CONTAINER_DOCKER, .labels = labels };
#define FILL(field, key) c->field = text;
	CONTAINER_FIELDS(FILL)
#undef FILL
	c->id = S("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	c->label_count = ARRAY_LEN(labels);
	return (struct alert){ .rule = S("Padded"),
			       .source = S("syscall"),
			       .message = text,
			       .message_zh = text,
			       .container = c,
			       .fields = fields,
			       .field_count = ARRAY_LEN(fields),
			       .lineage = lineage,
			       .lineage_count = ARRAY_LEN(lineage),
			       .count = 1 };
}

static void check_arrives(size_t length, size_t label_count, bool cut)
{
	static char room[MESSAGE_MAX_BYTES];
	struct container c;
	struct alert a = padded(&c, length);
	struct alert_queue *q = NULL;
	struct message m = { 0 };
	struct arena arena;
	struct value v;
	int pair[2];

	c.label_count = label_count;
	assert_int_equal(message_pair(pair, NULL), 0);
	assert_int_equal(alert_queue_new(pair[0], 1 << 20, &q, NULL), 0);
	alert_queue_put(q, &a);
	assert_int_equal(alert_queue_lost(q), 0);
	assert_int_equal(message_receive(pair[1], room, &m), 1);
	assert_int_equal(text_ill_formed(m.text), m.text.n);
	arena_init(&arena, (size_t)4 << 20);
	assert_int_equal(json_parse(m.json, &arena, &v, NULL), 0);
	assert_str(value_get_str(&v, "rule"), "Padded");
	assert_int_equal(value_is_true(value_get(&v, "cut")), cut);
	assert_true(value_get_str(&v, "message").n >= MIN(length, (size_t)48));
	assert_int_equal(value_get_str(value_get(&v, "container"), "id").n, 64);
	arena_done(&arena);
	alert_queue_free(q);
	close(pair[0]);
	close(pair[1]);
}

static void test_short_ones_stay_whole(void **state)
{
	(void)state;
	check_arrives(20, 20, false);
}

static void test_long_ones_arrive(void **state)
{
	(void)state;
	check_arrives(200, 256, true);
	check_arrives(4096, 0, true);
	check_arrives(LONG, 256, true);
}

static void test_no_character_is_cut_in_two(void **state)
{
	(void)state;
	assert_str(alert_cut(S("a容b"), 2), "a");
	assert_str(alert_cut(S("a容b"), 4), "a容");
	assert_str(alert_cut(S("ab"), 2), "ab");
	assert_str(alert_cut(S("\x80\x80\x80\x80\x80\x80"), 5), "\x80\x80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_ones_stay_whole),
		cmocka_unit_test(test_long_ones_arrive),
		cmocka_unit_test(test_no_character_is_cut_in_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

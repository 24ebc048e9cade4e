#include "unit.h"
#include "unit_arena.h"

#include "console/store/audit_verify.h"

#define ROWS 12

static const uint8_t seed[ED25519_KEY_BYTES] = "a seed that is only for this one";

struct log {
	char *line[ROWS + 8];
	size_t count;
	struct audit_entry entry[ROWS];
};

static char *text_of(const struct audit_entry *x)
{
	OWNED_BUF out = BUF_INIT;

	audit_render(x, &out);
	return strdup(buf_cstr(&out));
}

/* Rows 1 to ROWS, and a checkpoint. */
static void make(struct log *l)
{
	OWNED_BUF last = BUF_INIT;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < ROWS; i++) {
		struct audit_entry *x = &l->entry[i];

		*x = (struct audit_entry){ .id = (int64_t)i + 1,
					   .time_ns = 1800000000123456789 + (int64_t)i,
					   .user = 7,
					   .name = S("admin"),
					   .how = S("session"),
					   .address = S("192.0.2.1"),
					   .action = S("PATCH /api/v1/users/{id}"),
					   .target = S("a \"quoted\" one\n"),
					   .result = S("done"),
					   .before = S("{\"hash\":\"x\",\"id\":5}"),
					   .after = i % 2 ? S("") : S("{\"a\":[1,2]}") };
		memcpy(x->previous, i ? l->entry[i - 1].hash : audit_chain_start, AUDIT_HASH_TEXT);
		assert_int_equal(audit_seal(x, NULL), 0);
		l->line[l->count++] = text_of(x);
	}
	assert_int_equal(audit_checkpoint_render(ROWS, l->entry[ROWS - 1].hash, 1800000001000000000,
						 seed, &last, NULL),
			 0);
	l->line[l->count++] = strdup(buf_cstr(&last));
}

static void done(struct log *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->line[i]);
}

static struct audit_report verify_with(const struct log *l, const str *keys, size_t key_count)
{
	OWNED_BUF out = BUF_INIT;
	struct audit_report r;

	for (size_t i = 0; i < l->count; i++)
		if (l->line[i])
			buf_printf(&out, "%s\n", l->line[i]);
	assert_int_equal(audit_verify(buf_str(&out), keys, key_count, NULL, &arena, &r, NULL), 0);
	return r;
}

static struct audit_report verify(const struct log *l)
{
	return verify_with(l, NULL, 0);
}

static void expect(const struct audit_report *r, enum audit_fault_kind kind, size_t line,
		   int64_t id)
{
	for (size_t i = 0; i < r->fault_count; i++)
		if (r->faults[i].kind == kind && (!line || r->faults[i].line == line) &&
		    r->faults[i].id == id)
			return;
	fail_msg("no fault of kind %d at line %zu, row %lld among %zu", kind, line, (long long)id,
		 r->fault_count);
}

static void drop(struct log *l, size_t i)
{
	free(l->line[i]);
	memmove(&l->line[i], &l->line[i + 1], (l->count - i - 1) * sizeof(char *));
	l->count--;
}

static void put(struct log *l, size_t i, char *line)
{
	memmove(&l->line[i + 1], &l->line[i], (l->count - i) * sizeof(char *));
	l->line[i] = line;
	l->count++;
}

static void an_untouched_log_is_sound(void **state)
{
	struct audit_report r;
	struct log l;

	(void)state;
	make(&l);
	r = verify(&l);
	assert_int_equal(r.fault_count, 0);
	assert_int_equal(r.rows, ROWS);
	assert_int_equal(r.first, 1);
	assert_int_equal(r.last, ROWS);
	assert_true(r.has_checkpoint);
	assert_string_equal(r.head, l.entry[ROWS - 1].hash);
	r = verify_with(&l, &(str){ r.key, 64 }, 1);
	assert_int_equal(r.fault_count, 0);
	done(&l);
}

static void a_changed_row_is_named(void **state)
{
	struct audit_report r;
	struct log l;

	(void)state;
	for (size_t row = 0; row < ROWS; row++) {
		make(&l);
		strstr(l.line[row], "admin")[0] = 'e';
		r = verify(&l);
		assert_int_equal(r.fault_count, 1);
		expect(&r, AUDIT_CHANGED, row + 1, (int64_t)row + 1);
		done(&l);

		/* Its hash made anew: the next row tells. */
		make(&l);
		l.entry[row].name = S("eve");
		assert_int_equal(audit_seal(&l.entry[row], NULL), 0);
		free(l.line[row]);
		l.line[row] = text_of(&l.entry[row]);
		r = verify(&l);
		assert_int_equal(r.fault_count, 1);
		if (row + 1 < ROWS)
			expect(&r, AUDIT_CHANGED, row + 1, (int64_t)row + 1);
		else
			expect(&r, AUDIT_CUT, 0, ROWS);
		done(&l);
	}
}

static void a_removed_row_is_named(void **state)
{
	struct audit_report r;
	struct log l;

	(void)state;
	for (size_t row = 1; row + 1 < ROWS; row++) {
		make(&l);
		drop(&l, row);
		r = verify(&l);
		assert_int_equal(r.fault_count, 1);
		expect(&r, AUDIT_REMOVED, row + 1, (int64_t)row + 1);
		done(&l);
	}
	/* At the end only the checkpoint knows. */
	make(&l);
	drop(&l, ROWS - 1);
	r = verify(&l);
	assert_int_equal(r.fault_count, 1);
	expect(&r, AUDIT_CUT, 0, ROWS - 1);
	done(&l);
}

static void an_inserted_row_is_named(void **state)
{
	struct audit_report r;
	struct log l;

	(void)state;
	for (size_t row = 1; row < ROWS; row++) {
		struct audit_entry forged;

		make(&l);
		forged = l.entry[row];
		forged.name = S("nobody");
		assert_int_equal(audit_seal(&forged, NULL), 0);
		put(&l, row, text_of(&forged));
		r = verify(&l);
		assert_int_equal(r.fault_count, row + 1 == ROWS ? r.fault_count : 1);
		if (row + 1 < ROWS)
			expect(&r, AUDIT_INSERTED, row + 1, (int64_t)row + 1);
		done(&l);
	}
	make(&l);
	put(&l, 3, strdup("{\"id\":4}"));
	r = verify(&l);
	assert_int_equal(r.fault_count, 1);
	expect(&r, AUDIT_MALFORMED, 4, 0);
	done(&l);
}

static void a_moved_row_is_named(void **state)
{
	struct audit_report r;
	struct log l;
	char *moved;

	(void)state;
	make(&l);
	moved = strdup(l.line[2]);
	drop(&l, 2);
	put(&l, 8, moved);
	r = verify(&l);
	assert_int_equal(r.fault_count, 1);
	expect(&r, AUDIT_MOVED, 9, 3);
	done(&l);
}

static void a_chain_made_anew_is_told_by_the_checkpoint(void **state)
{
	struct audit_report r;
	struct log l;

	(void)state;
	make(&l);
	l.entry[4].result = S("refused");
	for (size_t i = 4; i < ROWS; i++) {
		memcpy(l.entry[i].previous, l.entry[i - 1].hash, AUDIT_HASH_TEXT);
		assert_int_equal(audit_seal(&l.entry[i], NULL), 0);
		free(l.line[i]);
		l.line[i] = text_of(&l.entry[i]);
	}
	r = verify(&l);
	assert_int_equal(r.fault_count, 1);
	expect(&r, AUDIT_CUT, ROWS + 1, ROWS);

	/* And a checkpoint of one's own by its key. */
	OWNED_BUF own = BUF_INIT;

	assert_int_equal(audit_checkpoint_render(
				 ROWS, l.entry[ROWS - 1].hash, 1,
				 (const uint8_t *)"another seed, of one who forges.", &own, NULL),
			 0);
	free(l.line[ROWS]);
	l.line[ROWS] = strdup(buf_cstr(&own));
	r = verify(&l);
	assert_int_equal(r.fault_count, 0);
	r = verify_with(&l, &S("00112233"), 1);
	assert_int_equal(r.fault_count, 1);
	expect(&r, AUDIT_FORGED, ROWS + 1, ROWS);
	done(&l);
}

static void secrets_become_stars(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "{\"password\":\"hunter2\",\"name\":\"a\"}",
		  "{\"password\":\"***\",\"name\":\"a\"}" },
		{ "{\"a\":[{\"clientSecret\":{\"x\":1}},{\"mustChangePassword\":true}]}",
		  "{\"a\":[{\"clientSecret\":\"***\"},{\"mustChangePassword\":true}]}" },
		{ "{\"url\":\"https://u:hunter2@h/p\"}", "{\"url\":\"https://***@h/p\"}" },
		{ "{\"x\":\"see skep_AAAAAAAAAAAAAAAAAAAAAAAAAAAA.\"}", "{\"x\":\"see ***.\"}" },
		{ "[1, 2.5, null, \"\\u0000\"]", "[1,2.5,null,\"\\u0000\"]" },
		{ "{\"a\":\n\"line\\nbreak\"}", "{\"a\":\"line\\nbreak\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		OWNED_BUF out = BUF_INIT;

		assert_int_equal(audit_redact(str_from(rows[i].in), &arena, &out, NULL), 0);
		assert_string_equal(buf_cstr(&out), rows[i].out);
	}
	OWNED_BUF out = BUF_INIT;

	assert_int_equal(audit_redact(S("{"), &arena, &out, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untouched_log_is_sound),
		cmocka_unit_test(a_changed_row_is_named),
		cmocka_unit_test(a_removed_row_is_named),
		cmocka_unit_test(an_inserted_row_is_named),
		cmocka_unit_test(a_moved_row_is_named),
		cmocka_unit_test(a_chain_made_anew_is_told_by_the_checkpoint),
		cmocka_unit_test(secrets_become_stars),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}

/* An audit log that verifies has no row that could be read in two ways: each line that holds is bound by its hash, so
 * changing any byte of it is found. Redacted JSON is JSON again and stays as it is when it is redacted once more. */
#include "fuzz.h"

#include "codec/json.h"
#include "console/store/audit_verify.h"

static void check_redaction(str text, struct arena *a)
{
	OWNED_BUF once = BUF_INIT, twice = BUF_INIT;
	struct value v;

	if (audit_redact(text, a, &once, NULL) < 0 || once.n == 0)
		return;
	assert(!memchr(once.p, '\n', once.n));
	assert(json_parse(buf_str(&once), a, &v, NULL) == 0);
	assert(audit_redact(buf_str(&once), a, &twice, NULL) == 0);
	assert(str_eq(buf_str(&once), buf_str(&twice)));
}

/* A sealed entry made of the input reads back, and not when a byte of it is another. */
static void check_row(str text, size_t size)
{
	struct audit_entry x = { .id = 1 + (int64_t)size,
				 .time_ns = 1800000000000000000,
				 .name = str_take(text, 64),
				 .target = text };
	OWNED_BUF line = BUF_INIT;
	struct audit_line of;

	memcpy(x.previous, audit_chain_start, sizeof(x.previous));
	assert(audit_seal(&x, NULL) == 0);
	audit_render(&x, &line);
	assert(audit_line_parse(buf_str(&line), &of, NULL) == 0);
	assert(of.holds && of.id == x.id);
	line.p[size % line.n] ^= 1;
	assert(audit_line_parse(buf_str(&line), &of, NULL) < 0 || !of.holds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	struct audit_report r;
	struct arena a;

	arena_init(&a, (size_t)64 << 20);
	if (audit_verify(text, NULL, 0, NULL, &a, &r, NULL) == 0) {
		assert(r.rows <= size);
		assert(r.first <= r.last);
		for (size_t i = 1; i < r.fault_count && i < AUDIT_MAX_FAULTS; i++)
			assert(r.faults[i - 1].line <= r.faults[i].line);
	}
	check_redaction(text, &a);
	if (size < 4096)
		check_row(text, size);
	arena_done(&a);
	return 0;
}

/* Records lie in what was decompressed, one behind the other, with numbers that grow, and each is an object that json_parse() takes; what
 * is an alert by record_alert() has a rule, a time and a priority, and its spans are text. When a batch was
 * sent is a number of 15 digits at most. */
#include "fuzz.h"

#include "codec/json.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/alerts.h"

static void check_alert(str doc, struct arena *a)
{
	const struct agent agent = { .id = S("a-x"), .name = S("h"), .labels = S("cluster=c,k=v") };
	struct alert_new n;

	if (record_alert(doc, &agent, a, &n, NULL) < 0)
		return;
	assert(n.series.rule.n && n.time_ns > 0 && n.series.priority < PRIORITY_COUNT);
	assert(n.doc.p == doc.p && n.doc.n == doc.n);
	assert(str_eq(n.series.cluster, S("c")));
	assert(n.series.labels.n >= 2 && n.series.labels.p[0] == ',' &&
	       n.series.labels.p[n.series.labels.n - 1] == ',');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const bool packed = size && data[0] == 0x28;
	const str body = { (const char *)data, size };
	struct buf plain = BUF_INIT;
	struct batch b;
	struct arena a;
	int64_t last = 0, ms;
	str all;

	assert(!batch_clock(body, 0, &ms) || (ms >= 0 && ms < 1000000000000000));
	arena_init(&a, (size_t)64 << 20);
	if (batch_decode(body, packed ? S("zstd") : S(""), &a, &plain, &b, NULL) == 0) {
		all = packed ? buf_str(&plain) : body;
		assert(b.count <= BATCH_MAX_RECORDS &&
		       b.count + b.refused + b.unknown <= BATCH_MAX_RECORDS);
		for (size_t i = 0; i < b.count; i++) {
			const struct batch_record *r = &b.records[i];
			struct value v;

			assert(r->number > last && r->kind < BATCH_KIND_COUNT);
			last = r->number;
			assert(r->doc.p >= all.p && r->doc.p + r->doc.n <= all.p + all.n);
			assert(json_parse(r->doc, &a, &v, NULL) == 0 && v.kind == VALUE_OBJECT);
			if (r->kind == BATCH_ALERT)
				check_alert(r->doc, &a);
		}
		assert(b.last >= last);
	}
	buf_done(&plain);
	arena_done(&a);
	return 0;
}

#include "policy/output_priv.h"

#include <inttypes.h>
#include <time.h>

#include "policy/ip_set.h"

/* How a point in time shows; fields not named here show the last. */
static const struct {
	const char *field, *format;
	bool fraction, utc;
	const char *zone;
} times[] = {
	{ "evt.time", "%H:%M:%S", true, false, "" },
	{ "evt.time.s", "%H:%M:%S", false, false, "" },
	{ "evt.datetime", "%Y-%m-%d %H:%M:%S", true, false, "" },
	{ "evt.datetime.s", "%Y-%m-%d %H:%M:%S", false, false, "" },
	{ "evt.time.iso8601", "%Y-%m-%dT%H:%M:%S", true, true, "+0000" },
	{ "", "%Y-%m-%dT%H:%M:%S", true, true, "Z" },
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are the table's */
static void put_time(const struct policy_field *f, int64_t ns, struct buf *out)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[64];
	size_t i = 0;

	if (str_is(S("evt.rawtime"), f->name)) {
		buf_printf(out, "%" PRId64, ns);
		return;
	}
	while (i + 1 < ARRAY_LEN(times) && strcmp(times[i].field, f->name) != 0)
		i++;
	if (times[i].utc ? !gmtime_r(&seconds, &tm) : !localtime_r(&seconds, &tm))
		return;
	buf_add(out, (str){ text, strftime(text, sizeof(text), times[i].format, &tm) });
	if (times[i].fraction)
		buf_printf(out, ".%09d", (int)(ns % 1000000000));
	buf_add(out, str_from(times[i].zone));
}
#pragma GCC diagnostic pop

static void put_ip(const struct policy_ip *ip, struct buf *out)
{
	char text[POLICY_IP_BYTES];

	buf_add(out, policy_ip_text(ip, text));
}

bool output_is_several(const struct policy_subject *s, const struct policy_ref *ref)
{
	return s->fields[ref->field].kind != POLICY_ONE && !ref->has_index;
}

void output_value_at(const struct policy_subject *s, const struct policy_ref *ref,
		     const struct policy_value *v, uint32_t i, struct buf *out)
{
	const struct policy_field *f = &s->fields[ref->field];
	bool several = output_is_several(s, ref);

	switch (f->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		buf_add(out, several ? v->strings[i] : v->string);
		break;
	case POLICY_INT:
		buf_printf(out, "%" PRId64, several ? v->integers[i] : v->integer);
		break;
	case POLICY_DURATION:
		buf_printf(out, "%" PRId64, v->integer);
		break;
	case POLICY_TIME:
		put_time(f, v->integer, out);
		break;
	case POLICY_UINT:
		buf_printf(out, "%" PRIu64, v->number);
		break;
	case POLICY_BOOL:
		buf_add(out, v->boolean ? S("true") : S("false"));
		break;
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_NAME:
		put_ip(&v->ip[i & 1], out);
		break;
	case POLICY_PORT:
		buf_printf(out, "%u", v->port[i & 1]);
		break;
	}
}

void output_value(const struct policy_subject *s, const struct policy_ref *ref,
		  const struct policy_value *v, struct buf *out)
{
	if (v->state != POLICY_KNOWN) {
		buf_add(out, v->state == POLICY_UNKNOWN ? S("<unknown>") : S("<NA>"));
		return;
	}
	if (!output_is_several(s, ref)) {
		output_value_at(s, ref, v, 0, out);
		return;
	}
	if (v->count != 1)
		buf_byte(out, '(');
	for (uint32_t i = 0; i < v->count; i++) {
		if (i)
			buf_byte(out, ',');
		output_value_at(s, ref, v, i, out);
	}
	if (v->count != 1)
		buf_byte(out, ')');
}

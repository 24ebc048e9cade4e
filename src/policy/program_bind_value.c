/* The right side of a comparison, read as the left side's type wants it. */
#include "base/time.h"
#include "policy/program_priv.h"

static const struct {
	const char *name;
	uint16_t port;
} services[] = {
	{ "ftp", 21 },          { "ssh", 22 },        { "telnet", 23 },       { "smtp", 25 },
	{ "domain", 53 },       { "dns", 53 },        { "tftp", 69 },         { "http", 80 },
	{ "kerberos", 88 },     { "pop3", 110 },      { "ntp", 123 },         { "imap", 143 },
	{ "imap2", 143 },       { "snmp", 161 },      { "bgp", 179 },         { "irc", 194 },
	{ "ldap", 389 },        { "https", 443 },     { "submissions", 465 }, { "syslog", 514 },
	{ "submission", 587 },  { "ldaps", 636 },     { "rsync", 873 },       { "imaps", 993 },
	{ "pop3s", 995 },       { "ms-sql-s", 1433 }, { "nfs", 2049 },        { "mysql", 3306 },
	{ "postgresql", 5432 }, { "amqp", 5672 },     { "redis", 6379 },      { "http-alt", 8080 },
};

static int bad(struct err *e, enum policy_type type, str text)
{
	return err_set(e, EBADMSG, "'%.*s' is no value of type %s", STR_ARG(text),
		       policy_type_name(type));
}

static int digits(str s, uint64_t *ret)
{
	uint64_t n = 0;

	if (!str_starts(s, S("0x")) && !str_starts(s, S("0X")))
		return str_u64(s, ret);
	s = str_skip(s, 2);
	if (!s.n || s.n > 16)
		return -EBADMSG;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		const char *at = memchr("0123456789abcdefABCDEF", c, 22);
		static const char hex[] = "0123456789abcdefABCDEF";
		size_t v;

		if (!at)
			return -EBADMSG;
		v = (size_t)(strchr(hex, c) - hex);
		n = n << 4 | (v > 15 ? v - 6 : v);
	}
	*ret = n;
	return 0;
}

static int bind_int(str s, uint64_t *ret)
{
	bool negative = str_starts(s, S("-"));
	uint64_t n;

	if (digits(str_skip(s, negative), &n) < 0 || n > (uint64_t)INT64_MAX + negative)
		return -EBADMSG;
	*ret = number_key(negative ? (int64_t)(0 - n) : (int64_t)n);
	return 0;
}

static int bind_port(str s, uint64_t *ret)
{
	uint64_t n;

	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (str_is(s, services[i].name)) {
			*ret = services[i].port;
			return 0;
		}
	if (digits(s, &n) < 0 || n > UINT16_MAX)
		return -EBADMSG;
	*ret = n;
	return 0;
}

/* Nanoseconds, or a number with a unit. */
static int bind_duration(str s, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "ns", 1 },
		      { "us", 1000 },
		      { "ms", 1000000 },
		      { "s", 1000000000 },
		      { "m", 60000000000 },
		      { "h", 3600000000000 },
		      { "d", 86400000000000 } };
	uint64_t n;

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		str unit = str_from(units[i].unit);

		if (str_ends(s, unit) && str_u64(str_take(s, s.n - unit.n), &n) == 0) {
			if (__builtin_mul_overflow(n, units[i].ns, &n) || n > INT64_MAX)
				return -EBADMSG;
			*ret = number_key((int64_t)n);
			return 0;
		}
	}
	return bind_int(s, ret);
}

static int bind_time(str s, uint64_t *ret)
{
	int64_t seconds;

	if (bind_int(s, ret) == 0)
		return 0;
	if (time_parse(s, &seconds) < 0 || seconds > INT64_MAX / 1000000000)
		return -EBADMSG;
	*ret = number_key(seconds * 1000000000);
	return 0;
}

static int bind_bool(str s, uint64_t *ret)
{
	*ret = str_is(s, "true");
	return *ret || str_is(s, "false") ? 0 : -EBADMSG;
}

static int bind_number(enum policy_type type, str s, uint64_t *ret)
{
	switch (type) {
	case POLICY_INT:
		return bind_int(s, ret);
	case POLICY_UINT:
		return digits(s, ret);
	case POLICY_BOOL:
		return bind_bool(s, ret);
	case POLICY_PORT:
		return bind_port(s, ret);
	case POLICY_DURATION:
		return bind_duration(s, ret);
	case POLICY_TIME:
		return bind_time(s, ret);
	default:
		return -EBADMSG;
	}
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int bind_numbers(struct compiler *c, enum policy_type type, const str *texts, size_t count,
		 uint64_t **ret, struct err *e)
{
	uint64_t *n = ARENA_ARRAY(c->a, count, uint64_t);

	if (!n)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	for (size_t i = 0; i < count; i++)
		if (bind_number(type, texts[i], &n[i]) < 0)
			return bad(e, type, texts[i]);
	qsort(n, count, sizeof(*n), ascending);
	*ret = n;
	return 0;
}

int bind_hex(struct compiler *c, str text, str *ret, struct err *e)
{
	char *p = arena_alloc(c->a, text.n / 2 + 1);
	static const char hex[] = "0123456789abcdefABCDEF";

	if (!p)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	if (!text.n || text.n % 2)
		return err_set(e, EBADMSG, "'%.*s' is no run of bytes in hexadecimal",
			       STR_ARG(text));
	for (size_t i = 0; i < text.n; i++) {
		const char *at = text.p[i] ? strchr(hex, text.p[i]) : NULL;
		long v = at ? at - hex : -1;

		if (v < 0)
			return err_set(e, EBADMSG, "'%.*s' is no run of bytes in hexadecimal",
				       STR_ARG(text));
		v = v > 15 ? v - 6 : v;
		p[i / 2] = (char)((unsigned char)p[i / 2] << 4 | v);
	}
	*ret = (str){ p, text.n / 2 };
	return 0;
}

/* The operators a type has, as a mask. */
static uint32_t operators_of(enum policy_type type)
{
	const uint32_t equal = 1u << CONDITION_EXISTS | 1u << CONDITION_EQ | 1u << CONDITION_NE |
			       1u << CONDITION_IN | 1u << CONDITION_INTERSECTS;
	const uint32_t order =
		1u << CONDITION_LT | 1u << CONDITION_LE | 1u << CONDITION_GT | 1u << CONDITION_GE;
	const uint32_t parts =
		1u << CONDITION_CONTAINS | 1u << CONDITION_STARTSWITH | 1u << CONDITION_ENDSWITH;

	switch (type) {
	case POLICY_STRING:
		return equal | order | parts | 1u << CONDITION_ICONTAINS | 1u << CONDITION_GLOB |
		       1u << CONDITION_IGLOB | 1u << CONDITION_REGEX | 1u << CONDITION_PMATCH;
	case POLICY_BYTES:
		return equal | parts | 1u << CONDITION_BCONTAINS | 1u << CONDITION_BSTARTSWITH;
	case POLICY_BOOL:
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_NAME:
		return equal;
	default:
		return equal | order;
	}
}

int bind_operator(enum policy_type type, enum policy_kind many, enum condition_operator op,
		  struct err *e)
{
	const uint32_t of_lists =
		1u << CONDITION_EXISTS | 1u << CONDITION_IN | 1u << CONDITION_INTERSECTS;

	if (many == POLICY_LIST && !(of_lists >> op & 1))
		return err_set(e, EBADMSG, "a field with a list of values has no operator '%s'",
			       condition_operator_name(op));
	if (!(operators_of(type) >> op & 1))
		return err_set(e, EBADMSG, "a field of type %s has no operator '%s'",
			       policy_type_name(type), condition_operator_name(op));
	return 0;
}

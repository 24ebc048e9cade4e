#include "console/store/audit_chain.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/time.h"
#include "codec/json_out.h"
#include "codec/json_slice.h"

const char audit_chain_start[AUDIT_HASH_TEXT] =
	"0000000000000000000000000000000000000000000000000000000000000000";

static const str hash_key = S(",\"hash\":\"");

static void raw(struct buf *out, const char *key, str json)
{
	buf_printf(out, ",\"%s\":", key);
	buf_add(out, json.n ? json : S("null"));
}

static void text(struct buf *out, const char *key, str s)
{
	buf_printf(out, ",\"%s\":", key);
	json_quote(out, s);
}

/* All that the hash is over: the line without its last member and its bracket. */
static void render_sealed(const struct audit_entry *entry, struct buf *out)
{
	char time[TIME_TEXT_BYTES];

	time_render(entry->time_ns / (int64_t)SECOND_NS, time);
	buf_printf(out, "{\"id\":%lld,\"time\":\"%.19s.%09lldZ\"", (long long)entry->id, time,
		   (long long)(entry->time_ns % (int64_t)SECOND_NS));
	text(out, "user", entry->name);
	buf_printf(out, ",\"userId\":%lld", (long long)entry->user);
	text(out, "how", entry->how);
	text(out, "address", entry->address);
	text(out, "action", entry->action);
	text(out, "target", entry->target);
	text(out, "result", entry->result);
	raw(out, "before", entry->before);
	raw(out, "after", entry->after);
	text(out, "previous", str_from(entry->previous));
}

int audit_seal(struct audit_entry *entry, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	uint8_t sum[SHA256_BYTES];

	out.max = AUDIT_MAX_LINE;
	render_sealed(entry, &out);
	if (buf_error(&out) == -E2BIG)
		return err_set(e, E2BIG, "audit log: an entry of more than %u bytes",
			       AUDIT_MAX_LINE);
	if (buf_error(&out))
		return err_set(e, ENOMEM, "audit log: no memory for an entry");
	sha256_of(buf_str(&out), sum);
	hex_render(sum, sizeof(sum), entry->hash);
	return 0;
}

void audit_render(const struct audit_entry *entry, struct buf *out)
{
	render_sealed(entry, out);
	buf_add(out, hash_key);
	buf_add(out, str_from(entry->hash));
	buf_add(out, S("\"}"));
}

static bool is_hash(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n == SHA256_HEX;
}

/* The text between the quotes of a member that holds a hash. */
static bool take_hash(str quoted, char ret[AUDIT_HASH_TEXT])
{
	if (quoted.n != SHA256_HEX + 2 || quoted.p[0] != '"' || quoted.p[quoted.n - 1] != '"' ||
	    !is_hash(str_take(str_skip(quoted, 1), SHA256_HEX)))
		return false;
	memcpy(ret, quoted.p + 1, SHA256_HEX);
	ret[SHA256_HEX] = '\0';
	return true;
}

int audit_line_parse(str line, struct audit_line *ret, struct err *e)
{
	struct audit_line out = { 0 };
	size_t tail = hash_key.n + SHA256_HEX + 2;
	uint8_t sum[SHA256_BYTES];
	char right[AUDIT_HASH_TEXT];
	str sealed, last;
	uint64_t id;

	if (line.n <= tail || line.n > AUDIT_MAX_LINE + tail)
		return err_set(e, EBADMSG, "no row of an audit log");
	sealed = str_take(line, line.n - tail);
	last = str_skip(line, sealed.n);
	if (!str_starts(last, hash_key) || !str_ends(last, S("\"}")) ||
	    !take_hash(str_take(str_skip(last, hash_key.n - 1), SHA256_HEX + 2), out.hash) ||
	    !take_hash(json_slice_get(line, S("previous")), out.previous) ||
	    str_u64(json_slice_get(line, S("id")), &id) < 0 || id == 0 || id > INT64_MAX)
		return err_set(e, EBADMSG, "no row of an audit log");
	out.id = (int64_t)id;
	sha256_of(sealed, sum);
	hex_render(sum, sizeof(sum), right);
	out.holds = str_eq(str_from(right), str_from(out.hash));
	*ret = out;
	return 0;
}

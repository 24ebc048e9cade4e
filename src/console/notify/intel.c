#include "console/notify/intel.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "base/word.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX = 63, LIST_NAME_MAX = 48 };

static const char *const kinds[INTEL_KIND_COUNT] = {
#define INTEL_KIND_NAME(id, name) [INTEL_##id] = name,
	INTEL_KINDS(INTEL_KIND_NAME)
#undef INTEL_KIND_NAME
};

int intel_kind_find(str name)
{
	return WORD_FIND(kinds, name);
}

static void clear_host_bits(uint8_t *bytes, size_t n, unsigned int bits)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int left = bits > 8 * i ? bits - (unsigned int)(8 * i) : 0;

		if (left < 8)
			bytes[i] = (uint8_t)(bytes[i] & ~(0xffu >> left));
	}
}

/* Unspecified, loopback: they would match everybody. */
static bool is_own(const uint8_t *bytes, bool v4)
{
	static const uint8_t zero[15] = { 0 };

	if (v4)
		return bytes[0] == 0 || bytes[0] == 127;
	return memcmp(bytes, zero, sizeof(zero)) == 0 && bytes[15] <= 1;
}

static int normalise_ip(str s, struct buf *out)
{
	str bits = s, address = str_cut(&bits, '/');
	const bool v4 = str_find(address, ':') == address.n, net = address.n < s.n;
	const unsigned int all = v4 ? 32 : 128;
	char text[INET6_ADDRSTRLEN] = { 0 };
	uint32_t n = all;
	uint8_t bytes[16];

	if (address.n >= sizeof(text))
		return -EBADMSG;
	memcpy(text, address.p, address.n);
	if (inet_pton(v4 ? AF_INET : AF_INET6, text, bytes) != 1 ||
	    (net && (str_u32(bits, &n) < 0 || n > all)) || n < (v4 ? 8 : 16) || is_own(bytes, v4))
		return -EBADMSG;
	clear_host_bits(bytes, all / 8, n);
	if (!inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text, sizeof(text)))
		return -EBADMSG;
	if (n < all)
		buf_printf(out, "%s/%u", text, n);
	else
		buf_add(out, str_from(text));
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_label(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = lower(s.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return s.n && s.n <= LABEL_MAX && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

static int normalise_domain(str s, struct buf *out)
{
	str rest, last = { 0 };
	size_t labels = 0;

	if (str_ends(s, S(".")))
		s.n--;
	if (!s.n || s.n > NAME_MAX_BYTES)
		return -EBADMSG;
	for (rest = s; rest.n; labels++) {
		last = str_cut(&rest, '.');
		if (!is_label(last))
			return -EBADMSG;
	}
	/* An address is no name, and a single label is this network's. */
	if (labels < 2 || (lower(last.p[0]) < 'a' || lower(last.p[0]) > 'z') || str_ends(s, S(".")))
		return -EBADMSG;
	for (size_t i = 0; i < s.n; i++)
		buf_byte(out, lower(s.p[i]));
	return 0;
}

static int normalise_hash(str s, struct buf *out)
{
	/* MD5, SHA-1, SHA-256, SHA-512 */
	if (s.n != 32 && s.n != 40 && s.n != 64 && s.n != 128)
		return -EBADMSG;
	for (size_t i = 0; i < s.n; i++) {
		char c = lower(s.p[i]);

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return -EBADMSG;
	}
	for (size_t i = 0; i < s.n; i++)
		buf_byte(out, lower(s.p[i]));
	return 0;
}

int intel_normalise(enum intel_kind k, str text, struct buf *out)
{
	switch (k) {
	case INTEL_IP:
		return normalise_ip(text, out);
	case INTEL_DOMAIN:
		return normalise_domain(text, out);
	default:
		return normalise_hash(text, out);
	}
}

int intel_collect(struct intel_collect *c, str text, struct err *e)
{
	OWNED_BUF b = BUF_INIT;
	str *at;

	if (intel_normalise(c->kind, text, &b) < 0)
		return 0;
	if (c->count == INTEL_MAX_ENTRIES)
		return err_set(e, E2BIG, "a list has more than %d entries", INTEL_MAX_ENTRIES);
	at = ARENA_PUSH(c->arena, c->entries, c->count, c->cap);
	if (at)
		*at = arena_str(c->arena, buf_str(&b));
	return at && at->p && !buf_error(&b)
		       ? 1
		       : err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
}

static int compare(const void *a, const void *b)
{
	return str_cmp(*(const str *)a, *(const str *)b);
}

/* Sorts, drops what is there twice. */
static void collected(struct intel_collect *c, struct intel_read *ret)
{
	size_t n = 0;

	if (c->count)
		qsort(c->entries, c->count, sizeof(str), compare);
	for (size_t i = 0; i < c->count; i++)
		if (!n || !str_eq(c->entries[n - 1], c->entries[i]))
			c->entries[n++] = c->entries[i];
	c->figures.entries = c->entries;
	c->figures.count = n;
	*ret = c->figures;
}

/* ---- Plain lists ---- */

static str first_word(str *rest)
{
	size_t n = 0;
	str word;

	*rest = str_trim(*rest);
	while (n < rest->n && !strchr(" \t,;", rest->p[n]))
		n++;
	word = str_take(*rest, n);
	*rest = str_skip(*rest, n);
	/* CSV */
	if (word.n >= 2 && word.p[0] == '"' && word.p[word.n - 1] == '"')
		word = str_skip(str_take(word, word.n - 1), 1);
	return word;
}

/* "bad[.]example": how people write what must not be clicked. */
static str refanged(str s, struct buf *room)
{
	size_t at;

	buf_reset(room);
	if (str_search(s, S("[.]")) == s.n)
		return s;
	while ((at = str_search(s, S("[.]"))) < s.n) {
		buf_add(room, str_take(s, at));
		buf_byte(room, '.');
		s = str_skip(s, at + 3);
	}
	buf_add(room, s);
	return buf_str(room);
}

static bool is_of_another_kind(enum intel_kind k, str s)
{
	OWNED_BUF b = BUF_INIT;

	for (unsigned int i = 0; i < INTEL_KIND_COUNT; i++)
		if (i != k && intel_normalise((enum intel_kind)i, s, &b) == 0)
			return true;
	return false;
}

static int take_line(struct intel_collect *c, str line, size_t no, struct err *e)
{
	OWNED_BUF room = BUF_INIT;
	str word = first_word(&line), entry = word;
	int r;

	if (!word.n || word.p[0] == '#' || word.p[0] == ';')
		return 0;
	if (c->kind == INTEL_DOMAIN && (str_is(word, "0.0.0.0") || str_is(word, "127.0.0.1") ||
					str_is(word, "::") || str_is(word, "::1")))
		entry = first_word(&line);
	entry = refanged(entry, &room);
	r = intel_collect(c, entry, e);
	if (r == 0 && is_of_another_kind(c->kind, entry))
		c->figures.others++;
	else if (r == 0 && ++c->figures.not_understood == 1)
		c->figures.first = no;
	return MIN(r, 0);
}

static int collect_plain(struct intel_collect *c, str text, struct err *e)
{
	if (str_starts(text, S("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	while (text.n) {
		int r = take_line(c, str_line(&text), ++c->read, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int intel_read_pages(const str *pages, size_t count, enum intel_kind k, int64_t now_s,
		     struct arena *a, struct intel_read *ret, struct err *e)
{
	struct intel_collect c = { .kind = k, .arena = a };

	for (size_t i = 0; i < count; i++) {
		bool is_object = str_starts(str_trim(pages[i]), S("{"));
		int r = is_object ? intel_collect_stix(&c, pages[i], now_s, e)
				  : collect_plain(&c, pages[i], e);

		if (r < 0)
			return r;
	}
	collected(&c, ret);
	return 0;
}

int intel_read(str text, enum intel_kind k, int64_t now_s, struct arena *a, struct intel_read *ret,
	       struct err *e)
{
	return intel_read_pages(&text, 1, k, now_s, a, ret, e);
}

/* ---- Rules ---- */

bool intel_is_name(str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '-'))
			return false;
	}
	/* Those of a kind are called so. */
	return name.n && name.n <= LIST_NAME_MAX && !str_is(name, "ip") &&
	       !str_is(name, "domain") && !str_is(name, "hash");
}

static void put_entries(str body, struct buf *out)
{
	while (body.n) {
		str entry = str_line(&body);

		if (entry.n)
			buf_printf(out, "    - \"%.*s\"\n", STR_ARG(entry));
	}
}

static size_t put_kind(const struct intel_list *lists, size_t count, enum intel_kind k,
		       struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (lists[i].kind != k)
			continue;
		buf_printf(out, "- list: intel_%.*s\n  items:%s\n", STR_ARG(lists[i].name),
			   lists[i].body.n ? "" : " []");
		put_entries(lists[i].body, out);
		n++;
	}
	/* Lists of lists: their entries stand here once. */
	buf_printf(out, "- list: intel_%s\n  items: [", kinds[k]);
	for (size_t i = 0, put = 0; i < count; i++)
		if (lists[i].kind == k)
			buf_printf(out, "%sintel_%.*s", put++ ? ", " : "", STR_ARG(lists[i].name));
	buf_add(out, S("]\n"));
	return n;
}

static const char address_rule[] =
	"- rule: Address of threat intelligence\n"
	"  rule_zh: 与威胁情报地址通信\n"
	"  desc: A connection with an address that a list of threat intelligence names.\n"
	"  desc_zh: 与威胁情报列表中的地址通信。\n"
	"  condition: >\n"
	"    evt.type in (connect, sendto, sendmsg, accept, accept4) and fd.ip in (intel_ip)\n"
	"  output: Connection with a known bad address (connection=%fd.name command=%proc.cmdline "
	"user=%user.name)\n"
	"  output_zh: 与已知恶意地址通信（连接=%fd.name 命令=%proc.cmdline 用户=%user.name）\n"
	"  priority: CRITICAL\n"
	"  tags: [network, intelligence, mitre_command_and_control, T1071]\n";

static const char name_rule[] =
	"- rule: Name of threat intelligence\n"
	"  rule_zh: 查询威胁情报域名\n"
	"  desc: A question for a name that a list of threat intelligence names.\n"
	"  desc_zh: 查询威胁情报列表中的域名。\n"
	"  condition: >\n"
	"    evt.type = dns and dns.name in (intel_domain)\n"
	"  output: Question for a known bad name (name=%dns.name command=%proc.cmdline "
	"user=%user.name)\n"
	"  output_zh: 查询已知恶意域名（域名=%dns.name 命令=%proc.cmdline 用户=%user.name）\n"
	"  priority: CRITICAL\n"
	"  tags: [network, intelligence, mitre_command_and_control, T1071.004]\n";

/* A field for each kind of hash there is among the entries, by their length in digits. */
static const struct {
	const char *field;
	size_t digits;
} hash_fields[] = {
	{ "proc.md5", 32 }, { "proc.sha1", 40 }, { "proc.sha256", 64 }, { "proc.sha512", 128 }
};

static bool has_hash(const struct intel_list *lists, size_t count, size_t digits)
{
	for (size_t i = 0; i < count; i++) {
		str body = lists[i].body;

		while (lists[i].kind == INTEL_HASH && body.n)
			if (str_line(&body).n == digits)
				return true;
	}
	return false;
}

/* Agents read files for what a condition names: no kind is named in vain, and where there are none there is no rule. */
static void put_program_rule(const struct intel_list *lists, size_t count, struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(hash_fields); i++) {
		if (!has_hash(lists, count, hash_fields[i].digits))
			continue;
		buf_printf(out, "%s%s in (intel_hash)",
			   n++ ? " or "
			       : "- rule: Program of threat intelligence\n"
				 "  rule_zh: 运行威胁情报所列程序\n"
				 "  desc: A program whose file a list of threat intelligence names "
				 "by its hash.\n"
				 "  desc_zh: 运行了威胁情报列表中哈希所指的程序。\n"
				 "  condition: >\n"
				 "    evt.type in (execve, execveat) and (",
			   hash_fields[i].field);
	}
	if (n)
		buf_add(out,
			S(")\n"
			  "  output: Known bad program run (file=%proc.exepath sha256=%proc.sha256 "
			  "command=%proc.cmdline user=%user.name)\n"
			  "  output_zh: 运行了已知恶意程序（文件=%proc.exepath "
			  "SHA-256=%proc.sha256 命令=%proc.cmdline 用户=%user.name）\n"
			  "  priority: CRITICAL\n"
			  "  tags: [process, intelligence, mitre_execution, T1204]\n"
			  "  skip-if-unknown-filter: true\n"));
}

int intel_render_rules(const struct intel_list *lists, size_t count, struct buf *out, struct err *e)
{
	const size_t from = out->n;
	size_t of[INTEL_KIND_COUNT];

	for (unsigned int k = 0; k < INTEL_KIND_COUNT; k++)
		of[k] = put_kind(lists, count, (enum intel_kind)k, out);
	if (of[INTEL_IP])
		buf_add(out, str_from(address_rule));
	if (of[INTEL_DOMAIN])
		buf_add(out, str_from(name_rule));
	put_program_rule(lists, count, out);
	if (buf_error(out))
		return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
	if (out->n - from > INTEL_MAX_RULE_BYTES)
		return err_set(e, E2BIG,
			       "lists of threat intelligence have more than %u bytes together",
			       INTEL_MAX_RULE_BYTES);
	return 0;
}

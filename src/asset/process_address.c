#include "asset/process_address.h"

#include <stdio.h>

#include "base/file.h"
#include "codec/digest.h"

#define TEXT_MAX ((uint64_t)1 << 20)
enum { SCOPE_LINK = 0x20, SCOPE_HOST = 0x10 };

/* "|-- 10.88.0.5" is followed by what it is to us: "/32 host LOCAL". Each stands in two tables. */
void process_address_take_trie(str text, struct networks *ret)
{
	str address = { 0 };

	while (text.n) {
		str line = str_trim(str_line(&text));

		if (str_starts(line, S("|-- ")))
			address = str_skip(line, 4);
		else if (str_is(line, "/32 host LOCAL") && !str_starts(address, S("127."))) {
			struct networks one = { 0 };

			if (networks_add(&one, address, NULL) == 0 &&
			    one.list[0].bits == 8 * NETWORK_ADDRESS_BYTES &&
			    !networks_have(ret, one.list[0].bytes) && ret->count < NETWORKS_MAX)
				ret->list[ret->count++] = one.list[0];
		}
	}
}

/* "fd000000000000000000000000000002 04 40 00 82 eth0": address, interface, length of the prefix, scope, flags, name. */
void process_address_take_inet6(str text, struct networks *ret)
{
	while (text.n && ret->count < NETWORKS_MAX) {
		char line[128];
		str whole = str_line(&text);
		struct network x = { .bits = 8 * NETWORK_ADDRESS_BYTES };
		char hex[2 * NETWORK_ADDRESS_BYTES + 1];
		unsigned int scope;
		bool good;

		snprintf(line, sizeof(line), "%.*s", STR_ARG(whole));
		good = sscanf(line, "%32[0-9a-f] %*x %*x %x", hex, &scope) == 2 &&
		       strlen(hex) == sizeof(hex) - 1 && scope != SCOPE_LINK && scope != SCOPE_HOST;
		if (good && hex_parse(str_from(hex), x.bytes) == 0 && !networks_have(ret, x.bytes))
			ret->list[ret->count++] = x;
	}
}

int process_addresses(int root_fd, uint32_t pid, struct networks *ret)
{
	static const struct {
		const char *file;
		void (*take)(str text, struct networks *ret);
	} tables[] = { { "fib_trie", process_address_take_trie },
		       { "if_inet6", process_address_take_inet6 } };
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		OWNED_BUF text = BUF_INIT;
		char path[48];
		int own;

		snprintf(path, sizeof(path), "proc/%u/net/%s", pid, tables[i].file);
		own = file_read(root_fd, path, TEXT_MAX, &text, NULL);
		if (own == 0)
			tables[i].take(buf_str(&text), ret);
		/* A kernel without IPv6 has one of them. */
		r = own == 0 || r == 0 ? 0 : own;
	}
	return r;
}

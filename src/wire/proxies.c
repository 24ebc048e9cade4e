#include "wire/proxies.h"

#include "base/word.h"
#include "codec/forwarded.h"

enum { HOPS_MAX = 64 };

int proxies_tell_find(str name, enum proxies_tell *ret, struct err *e)
{
	static const char *const names[] = { "x-forwarded-for", "forwarded", "proxy-protocol" };

	int tell = WORD_FIND(names, name);

	if (tell < 0)
		return err_set(e, EINVAL,
			       "'%.*s' is not x-forwarded-for, forwarded or proxy-protocol",
			       STR_ARG(str_take(name, 64)));
	*ret = (enum proxies_tell)tell;
	return 0;
}

void proxies_find_client(const struct proxies *p, const struct http_head *h,
			 uint8_t address[NETWORK_ADDRESS_BYTES])
{
	bool is_rfc7239 = p->tell == PROXIES_TELL_FORWARDED;
	str name = is_rfc7239 ? S("forwarded") : S("x-forwarded-for");
	unsigned int hops = 0;

	if (p->tell == PROXIES_TELL_PROTOCOL)
		return;
	/* A header that comes twice is one list (RFC 9110 section 5.3). */
	for (size_t i = h->field_count; i-- > 0;) {
		str list = h->fields[i].value;
		int r = str_eq_nocase(h->fields[i].name, name) ? 0 : -ENOENT;

		while (r == 0 && hops++ < HOPS_MAX && networks_have(&p->trusted, address))
			r = forwarded_cut_last(&list, is_rfc7239, address);
		/* An element that names nobody ends what is known. */
		if (r == -EBADMSG)
			return;
	}
}

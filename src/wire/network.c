#include "wire/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool network_has(const struct network *n, const uint8_t address[NETWORK_ADDRESS_BYTES])
{
	unsigned int whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->bytes, address, whole) != 0)
		return false;
	return !rest || ((n->bytes[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

bool networks_have(const struct networks *n, const uint8_t address[NETWORK_ADDRESS_BYTES])
{
	for (size_t i = 0; i < n->count; i++)
		if (network_has(&n->list[i], address))
			return true;
	return false;
}

int networks_add(struct networks *list, str network, struct err *e)
{
	struct network n = { .bits = 128 };
	str bits = network, address = str_cut(&bits, '/');
	bool v4 = str_find(address, ':') == address.n, has_bits = address.n < network.n;
	char text[INET6_ADDRSTRLEN] = { 0 };
	uint32_t written = 0;

	if (address.n < sizeof(text))
		memcpy(text, address.p, address.n);
	memcpy(n.bytes, mapped, v4 ? sizeof(mapped) : 0);
	if (inet_pton(v4 ? AF_INET : AF_INET6, text, n.bytes + (v4 ? 12 : 0)) != 1 ||
	    (has_bits && (str_u32(bits, &written) < 0 || written > (v4 ? 32 : 128))))
		return err_set(e, EINVAL, "'%.*s' is no address and no network",
			       STR_ARG(str_take(network, 64)));
	if (has_bits)
		n.bits = written + (v4 ? 96 : 0);
	if (list->count == NETWORKS_MAX)
		return err_set(e, E2BIG, "more than %d networks", NETWORKS_MAX);
	list->list[list->count++] = n;
	return 0;
}

bool network_address(const struct sockaddr *a, uint8_t ret[NETWORK_ADDRESS_BYTES])
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (a->sa_family == AF_INET) {
		memcpy(&four, a, sizeof(four));
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + sizeof(mapped), &four.sin_addr, 4);
	} else if (a->sa_family == AF_INET6) {
		memcpy(&six, a, sizeof(six));
		memcpy(ret, &six.sin6_addr, 16);
	} else {
		return false;
	}
	return true;
}

void network_show(const uint8_t address[NETWORK_ADDRESS_BYTES], char ret[NETWORK_TEXT_BYTES])
{
	bool v4 = memcmp(address, mapped, sizeof(mapped)) == 0;

	ret[0] = '\0';
	(void)inet_ntop(v4 ? AF_INET : AF_INET6, address + (v4 ? sizeof(mapped) : 0), ret,
			NETWORK_TEXT_BYTES);
}

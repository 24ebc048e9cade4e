#include "codec/tar_priv.h"

int tar_number(const uint8_t *p, size_t n, uint64_t *ret, struct err *e)
{
	uint64_t v = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		v = p[0] & 0x7f;
		if (p[0] & 0x40)
			return err_set(e, EBADMSG, "tar: negative number in a header");
		for (i = 1; i < n; i++) {
			if (v >> 55)
				return err_set(e, EBADMSG, "tar: number in a header is too large");
			v = v << 8 | p[i];
		}
		*ret = v;
		return 0;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	if (i < n && p[i] != ' ' && p[i] != '\0')
		return err_set(e, EBADMSG, "tar: malformed number in a header");
	*ret = v;
	return 0;
}

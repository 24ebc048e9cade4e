/* A name that is accepted is not empty, all visible ASCII without capitals, and fits the bound. */
#include "fuzz.h"

#include "codec/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[DNS_NAME_BYTES];
	struct dns_question q;

	if (dns_question_parse((str){ (const char *)data, size }, text, &q, NULL) == 0) {
		assert(q.name.n && q.name.n < DNS_NAME_BYTES && q.name.p == text);
		for (size_t i = 0; i < q.name.n; i++)
			assert(text[i] > ' ' && text[i] < 127 && (text[i] < 'A' || text[i] > 'Z'));
	}
	return 0;
}

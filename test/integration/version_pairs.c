/*
 * Orders pairs of versions: reads "a<TAB>b" lines and prints '<', '=', '>' for each, '!' where either is refused.
 * test_version_oracles.py sets its answers against those of the tools the schemes come from.
 */
#include <fcntl.h>

#include "base/file.h"
#include "codec/version.h"

int main(int argc, char **argv)
{
	enum version_scheme scheme;
	struct err e = { 0 };
	OWNED_BUF in = BUF_INIT;
	OWNED_BUF out = BUF_INIT;
	str rest;

	if (argc != 2 || version_scheme_find(str_from(argv[1]), &scheme) < 0) {
		fprintf(stderr, "usage: version_pairs SCHEME <PAIRS\n");
		return 2;
	}
	if (file_read_fd(STDIN_FILENO, UINT32_MAX, &in, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 3;
	}
	for (rest = buf_str(&in); rest.n;) {
		str b = str_cut(&rest, '\n');
		str a = str_cut(&b, '\t');
		int order;

		if (version_compare(scheme, a, b, &order, NULL) < 0)
			buf_byte(&out, '!');
		else
			buf_byte(&out, order < 0 ? '<' : order > 0 ? '>' : '=');
	}
	if (buf_error(&out) || file_write_all(STDOUT_FILENO, buf_str(&out), &e) < 0)
		return 3;
	return 0;
}

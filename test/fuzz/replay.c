/* Runs a fuzz target over each file of a folder, in name order, and reports in TAP. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	int n = argc == 2 ? scandir(argv[1], &names, not_hidden, alphasort) : -1;

	if (n < 0) {
		fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
		return 2;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct buf b = BUF_INIT;
		struct err e = { 0 };
		int r;

		snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		r = file_read(AT_FDCWD, path, UINT32_MAX, &b, &e);
		/* A copy of the exact size lets a sanitizer see one byte too far. */
		uint8_t *exact = malloc(b.n ? b.n : 1);
		if (r == 0 && exact) {
			memcpy(exact, b.n ? b.p : "", b.n);
			LLVMFuzzerTestOneInput(exact, b.n);
		}
		printf("%s %d - %s%s\n", r == 0 && exact ? "ok" : "not ok", i + 1, names[i]->d_name,
		       e.text);
		fflush(stdout);
		free(exact);
		buf_done(&b);
		free(names[i]);
	}
	free(names);
	return 0;
}

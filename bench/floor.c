/* The least an image scanner must do: inflate a gzip layer with ISA-L and take SHA-256 of both streams. Prints processor
 * seconds for the files named; `make bench` sets a whole scan against it. */
#include <fcntl.h>
#include <stdio.h>

#include <isa-l/igzip_lib.h>

#include "base/clock.h"
#include "codec/digest.h"

enum { PIECE_BYTES = 256 * 1024 };

static int run(const char *path, struct sha256 *stored, struct sha256 *plain, uint64_t *bytes)
{
	static uint8_t in[PIECE_BYTES], out[PIECE_BYTES];
	static struct inflate_state z;
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	isal_inflate_init(&z);
	z.crc_flag = ISAL_GZIP;
	while ((n = read(fd, in, sizeof(in))) > 0) {
		sha256_update(stored, (str){ (const char *)in, (size_t)n });
		z.next_in = in;
		z.avail_in = (uint32_t)n;
		do {
			z.next_out = out;
			z.avail_out = sizeof(out);
			if (isal_inflate(&z) != ISAL_DECOMP_OK)
				return -EBADMSG;
			sha256_update(plain, (str){ (const char *)out, sizeof(out) - z.avail_out });
			*bytes += sizeof(out) - z.avail_out;
		} while (z.avail_out == 0 || (z.avail_in && z.block_state != ISAL_BLOCK_FINISH));
	}
	return n < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct sha256 *stored, *plain;
	uint64_t bytes = 0;
	uint8_t sum[SHA256_BYTES];
	uint64_t begun_ns;

	if (argc < 2 || sha256_new(&stored, NULL) < 0 || sha256_new(&plain, NULL) < 0) {
		fprintf(stderr, "usage: %s GZIP_FILE...\n", argv[0]);
		return 2;
	}
	begun_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 1; i < argc; i++) {
		if (run(argv[i], stored, plain, &bytes) < 0) {
			fprintf(stderr, "%s: cannot inflate\n", argv[i]);
			return 1;
		}
		sha256_final(stored, sum);
		sha256_final(plain, sum);
	}
	printf("%.3f s of processor time for %.1f MB\n",
	       (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begun_ns) / 1e9, (double)bytes / 1e6);
	sha256_free(stored);
	sha256_free(plain);
	return 0;
}

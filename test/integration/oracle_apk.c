/*
 * apk's own answer to the lines version_pairs reads, from the libapk of an Alpine root file system.
 *
 * Built by test_version_oracles.py against that libapk and its musl, by their file names: hence no libc headers and a
 * start of its own. libapk is GPL-2; nothing of Skep links it and this program is never installed. x86-64 only.
 */
typedef struct {
	long len;
	char *ptr;
} apk_blob_t;

extern int apk_version_compare_blob_fuzzy(apk_blob_t a, apk_blob_t b, int fuzzy);
extern int apk_version_validate(apk_blob_t v);
extern long read(int fd, void *to, unsigned long n);
extern long write(int fd, const void *from, unsigned long n);
extern int __libc_start_main(int (*)(void), int, char **, void (*)(void), void (*)(void),
			     void (*)(void));

static char in[1 << 27], out[1 << 22];

static apk_blob_t field(char **at, char *end, char stop)
{
	apk_blob_t f = { 0, *at };

	while (*at < end && **at != stop)
		(*at)++;
	f.len = *at - f.ptr;
	(*at)++;
	return f;
}

static int answer(void)
{
	unsigned long have = 0, answers = 0, written = 0;
	long n;

	while ((n = read(0, in + have, sizeof(in) - have)) > 0)
		have += (unsigned long)n;
	for (char *at = in, *end = in + have; at < end && answers < sizeof(out);) {
		apk_blob_t a = field(&at, end, '\t');
		apk_blob_t b = field(&at, end, '\n');
		int order = apk_version_validate(a) && apk_version_validate(b)
				    ? apk_version_compare_blob_fuzzy(a, b, 0)
				    : 0;

		out[answers++] = "!=<!>"[order];
	}
	while (written < answers && (n = write(1, out + written, answers - written)) > 0)
		written += (unsigned long)n;
	return written != answers;
}

__asm__(".globl _start\n_start: xor %rbp,%rbp; mov %rsp,%rdi; and $-16,%rsp; call begin");

void begin(long *stack);
void begin(long *stack)
{
	__libc_start_main(answer, (int)stack[0], (char **)(stack + 1), 0, 0, 0);
}

#include "console/store/secret_key.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/mac.h"
#include "console/store/store_fact.h"

#define NAME "secret.key"
#define FACT "secret_key"

/* Under another name first: who comes at the same moment finds a whole file or none. */
static int make(int dir, struct err *e)
{
	struct seal_key k;
	char name[40];
	OWNED_FD fd = -1;
	int r = random_bytes(&k, sizeof(k), e);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), NAME ".%d", (int)getpid());
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot make '%s'", NAME);
	r = file_write_all(fd, (str){ (const char *)k.bytes, sizeof(k.bytes) }, e);
	secret_wipe(&k, sizeof(k));
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(e, errno, "cannot make '%s'", NAME);
	if (r == 0 && linkat(dir, name, dir, NAME, 0) < 0 && errno != EEXIST)
		r = err_sys(e, errno, "cannot make '%s'", NAME);
	unlinkat(dir, name, 0);
	return r;
}

static int read_key(int fd, struct seal_key *ret, struct err *e)
{
	char bytes[SEAL_KEY_BYTES + 1];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot read '%s'", NAME);
	if (!S_ISREG(st.st_mode) || st.st_mode & 077)
		return err_set(e, EBADMSG, "'%s' may be read by others: chmod 600", NAME);
	n = read(fd, bytes, sizeof(bytes));
	if (n == SEAL_KEY_BYTES)
		memcpy(ret->bytes, bytes, SEAL_KEY_BYTES);
	secret_wipe(bytes, sizeof(bytes));
	return n == SEAL_KEY_BYTES ? 0 : err_set(e, EBADMSG, "'%s' is no key of 32 bytes", NAME);
}

int secret_key_get(const char *folder, struct seal_key *ret, struct err *e)
{
	OWNED_FD dir = -1;
	OWNED_FD fd = -1;
	int r = file_make_dirs(folder, 0700, e);

	if (r < 0)
		return r;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, errno, "'%s'", folder);
	fd = openat(dir, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT) {
		r = make(dir, e);
		if (r < 0)
			return r;
		fd = openat(dir, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return err_sys(e, errno, "cannot read '%s'", NAME);
	return read_key(fd, ret, e);
}

int secret_key_check(const char *folder, const struct seal_key *k, struct sql *s, bool replace,
		     struct err *e)
{
	char ours[SHA256_HEX + 1];
	uint8_t sum[SHA256_BYTES];
	struct arena a;
	str held;
	int r;

	hmac_sha256((str){ (const char *)k->bytes, SEAL_KEY_BYTES }, S("check"), sum);
	hex_render(sum, sizeof(sum), ours);
	if (replace)
		return store_fact_put(s, FACT, str_from(ours), e);
	arena_init(&a, (size_t)1 << 20);
	/* Of two that come first at once, one is. */
	r = store_fact_offer(s, FACT, str_from(ours), e);
	r = r < 0 ? r : store_fact_get(s, FACT, &a, &held, e);
	if (r > 0 && !secret_eq(held, str_from(ours)))
		r = err_set(
			e, EKEYREJECTED,
			"'%s/%s' is not the key this database's secrets are sealed with: "
			"put the file of another console of this database, or the one that was "
			"saved with it, in its place; if there is none any more, start once with "
			"--replace-secret-key and give passwords and tokens of other systems anew",
			folder, NAME);
	arena_done(&a);
	return MIN(r, 0);
}

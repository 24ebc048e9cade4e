#include "wire/fetch_part.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/digest.h"

#define TAG_BYTES_MAX 4096

static void url_sum(const char *url, char ret[DIGEST_TEXT_BYTES])
{
	uint8_t sum[SHA256_BYTES];

	sha256_of(str_from(url), sum);
	digest_render(sum, ret);
}

/* The ETag of the part, when it is of this URL. */
static void read_tag(struct fetch_part *p)
{
	OWNED_BUF text = BUF_INIT;
	char sum[DIGEST_TEXT_BYTES];
	str rest;

	if (file_read(AT_FDCWD, buf_cstr(&p->tag), TAG_BYTES_MAX, &text, NULL) < 0)
		return;
	rest = buf_str(&text);
	url_sum(p->url, sum);
	if (str_is(str_line(&rest), sum))
		buf_add(&p->etag, str_line(&rest));
}

void fetch_part_close(struct fetch_part *p)
{
	fd_close(&p->fd);
	buf_done(&p->part);
	buf_done(&p->tag);
	buf_done(&p->etag);
}

int fetch_part_open(const char *path, const char *url, struct fetch_part *ret, struct err *e)
{
	struct fetch_part p = { .path = path, .url = url, .fd = -1 };
	struct stat st;
	int r = 0;

	buf_printf(&p.part, "%s.part", path);
	buf_printf(&p.tag, "%s.part.tag", path);
	if (buf_error(&p.part) || buf_error(&p.tag))
		r = err_set(e, ENOMEM, "no memory for a download");
	if (r == 0)
		p.fd = open(buf_cstr(&p.part), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (r == 0 && (p.fd < 0 || fstat(p.fd, &st) < 0))
		r = err_sys(e, errno, "%s", buf_cstr(&p.part));
	if (r == 0 && flock(p.fd, LOCK_EX | LOCK_NB) < 0)
		r = err_set(e, EBUSY, "%s: another process is fetching it", path);
	if (r == 0) {
		read_tag(&p);
		p.bytes = p.etag.n ? (uint64_t)st.st_size : 0;
		if (ftruncate(p.fd, (off_t)p.bytes) < 0 || lseek(p.fd, 0, SEEK_END) < 0)
			r = err_sys(e, errno, "%s", buf_cstr(&p.part));
	}
	if (r < 0) {
		fetch_part_close(&p);
		return r;
	}
	*ret = p;
	return 0;
}

int fetch_part_restart(struct fetch_part *p, str etag, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	char sum[DIGEST_TEXT_BYTES];

	buf_reset(&p->etag);
	if (str_starts(etag, S("\"")) && etag.n <= 1024)
		buf_add(&p->etag, etag);
	if (ftruncate(p->fd, 0) < 0 || lseek(p->fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "%s", buf_cstr(&p->part));
	p->bytes = 0;
	url_sum(p->url, sum);
	buf_printf(&text, "%s\n%s\n", sum, buf_cstr(&p->etag));
	return file_write_atomic(AT_FDCWD, buf_cstr(&p->tag), buf_str(&text), 0644, e);
}

int fetch_part_write(struct fetch_part *p, str bytes, struct err *e)
{
	int r = file_write_all(p->fd, bytes, e);

	if (r < 0)
		return err_wrap(e, r, "%s", buf_cstr(&p->part));
	p->bytes += bytes.n;
	return 0;
}

int fetch_part_finish(struct fetch_part *p, struct err *e)
{
	if (fsync(p->fd) < 0 || rename(buf_cstr(&p->part), p->path) < 0)
		return err_sys(e, errno, "%s", p->path);
	unlink(buf_cstr(&p->tag));
	return 0;
}

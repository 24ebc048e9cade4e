#include "console/notify/sender.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "console/notify/sender_http.h"

int sender_open(const struct receiver *r, const struct sender_host *host,
		void (*done)(void *ctx, const struct outbox_result *r), void *ctx,
		struct sender **ret, struct err *e)
{
	struct sender *s = NULL;
	int result =
		r->kind->http ? sender_http_open(r, host, &s, e) : r->kind->open(r, host, &s, e);

	if (result < 0)
		return result;
	s->receiver = r;
	s->host = host;
	s->done = done;
	s->ctx = ctx;
	*ret = s;
	return 0;
}

int sender_pem_file(const struct receiver *r, const struct sender_host *host, const char *setting,
		    char **ret, struct err *e)
{
	str pem = receiver_text(r, setting);
	OWNED char *path = NULL;
	int fd, result;

	*ret = NULL;
	if (!pem.n)
		return 0;
	result = file_make_dirs(host->folder, 0700, e);
	if (result < 0)
		return result;
	if (asprintf(&path, "%s/receiver-%" PRId64 ".%s.pem", host->folder, r->id, setting) < 0) {
		path = NULL;
		return err_sys(e, ENOMEM, "notification");
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot write '%s'", path);
	result = file_write_all(fd, pem, e);
	close(fd);
	if (result == 0)
		*ret = TAKE(&path);
	return result;
}

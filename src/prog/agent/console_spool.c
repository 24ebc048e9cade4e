#include "prog/agent/console_spool.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "codec/digest.h"
#include "codec/mac.h"
#include "wire/spool.h"

/* A line is LIFE, a blank, and the record; of one with a file instead of a doc, LIFE, '@', the file, a blank and the record's
 * beginning. */
#define FILE_NAME_MAX 128

struct console_spool {
	struct spool *spool;
	char life[CONSOLE_LIFE_DIGITS + 1];
	uint64_t number;
	uint64_t
		last_doc; /* hash of the doc written last by a predecessor; 0: none, or no longer of interest */
	struct buf line, file;
};

/** {"seq":7,"kind":"alert","doc":DOC} */
static str doc_of(str record)
{
	const str mark = S("\"doc\":");
	str doc = str_skip(record, str_search(record, mark) + mark.n);

	return str_take(doc, doc.n - MIN(doc.n, (size_t)1));
}

/** The last line, which its writer may have died behind before it took the record from where it came. */
static int find_last(struct console_spool *s, struct err *e)
{
	str line;
	int r;

	while ((r = spool_next(s->spool, &line, e)) > 0)
		s->last_doc = str_hash(doc_of(line)) | 1;
	spool_back(s->spool);
	return r;
}

int console_spool_open(const char *dir, const char *name, uint64_t max_bytes,
		       struct console_spool **ret, struct err *e)
{
	struct console_spool *s = calloc(1, sizeof(*s));
	uint8_t random[CONSOLE_LIFE_DIGITS / 2];
	int r;

	if (!s)
		return err_sys(e, ENOMEM, "spool");
	s->file.max = CONSOLE_RECORD_MAX;
	r = random_bytes(random, sizeof(random), e);
	if (r == 0)
		r = spool_open(dir, name, max_bytes, &s->spool, e);
	if (r < 0) {
		console_spool_close(s);
		return r;
	}
	r = find_last(s, e);
	if (r < 0) {
		console_spool_close(s);
		return r;
	}
	hex_render(random, sizeof(random), s->life);
	*ret = s;
	return 0;
}

void console_spool_close(struct console_spool *s)
{
	if (!s)
		return;
	spool_close(s->spool);
	buf_done(&s->line);
	buf_done(&s->file);
	free(s);
}

static int add_line(struct console_spool *s, struct err *e)
{
	int r = buf_error(&s->line);

	return r < 0 ? err_sys(e, -r, "spool") : spool_add(s->spool, buf_str(&s->line), e);
}

int console_spool_add(struct console_spool *s, const char *kind, str doc, struct err *e)
{
	uint64_t last = s->last_doc;

	s->last_doc = 0;
	if (last && last == (str_hash(doc) | 1))
		return 0;
	buf_reset(&s->line);
	buf_printf(&s->line, "%s {\"seq\":%llu,\"kind\":\"%s\",\"doc\":", s->life,
		   (unsigned long long)++s->number, kind);
	buf_add(&s->line, doc);
	buf_byte(&s->line, '}');
	return add_line(s, e);
}

int console_spool_add_file(struct console_spool *s, const char *kind, str file, struct err *e)
{
	if (file.n > FILE_NAME_MAX || str_find(file, ' ') < file.n || str_find(file, '/') < file.n)
		return err_set(e, EINVAL, "no file name");
	buf_reset(&s->line);
	buf_printf(&s->line, "%s@%.*s {\"seq\":%llu,\"kind\":\"%s\",\"doc\":", s->life,
		   STR_ARG(file), (unsigned long long)++s->number, kind);
	return add_line(s, e);
}

/** {"seq":7,... */
static uint64_t number_of(str record)
{
	str rest = str_skip(record, sizeof("{\"seq\":") - 1);
	uint64_t n;

	return str_u64(str_cut(&rest, ','), &n) == 0 ? n : 0;
}

/** Appends the file's doc to @p body. @return 1, 0: it is gone, or too long to be sent */
static int add_file(struct console_spool *s, const char *folder, str name, str record,
		    struct buf *body)
{
	char path[512];
	str doc;

	snprintf(path, sizeof(path), "%s/%.*s", folder, STR_ARG(name));
	buf_reset(&s->file);
	if (file_read(AT_FDCWD, path, CONSOLE_RECORD_MAX, &s->file, NULL) < 0)
		return 0;
	doc = str_trim(buf_str(&s->file));
	if (doc.n == 0 || str_find(doc, '\n') < doc.n)
		return 0;
	buf_add(body, record);
	buf_add(body, doc);
	buf_byte(body, '}');
	return 1;
}

static int put(struct console_spool *s, str line, const char *folder, struct buf *body)
{
	const bool is_file = line.p[CONSOLE_LIFE_DIGITS] == '@';
	str record = str_skip(line, CONSOLE_LIFE_DIGITS + 1), name = { 0 };
	size_t before = body->n;
	int r = 1;

	if (is_file) {
		name = str_cut(&record, ' ');
		r = add_file(s, folder, name, record, body);
	} else {
		buf_add(body, record);
	}
	if (body->n > before)
		buf_byte(body, '\n');
	return r;
}

int console_spool_fill(struct console_spool *s, size_t most, size_t bytes, const char *folder,
		       struct buf *body, struct console_batch *ret, struct err *e)
{
	struct console_batch b = { 0 };
	str line;
	int r = 0;

	buf_reset(body);
	while (b.records < most && body->n < bytes) {
		r = spool_next(s->spool, &line, e);
		if (r <= 0)
			break;
		if (line.n <= CONSOLE_LIFE_DIGITS + 1) {
			b.taken++;
			continue;
		}
		/* A batch is of one life, and what may be long travels alone. */
		if (b.records && (memcmp(b.life, line.p, CONSOLE_LIFE_DIGITS) != 0 ||
				  line.p[CONSOLE_LIFE_DIGITS] == '@')) {
			spool_untake(s->spool);
			break;
		}
		b.taken++;
		memcpy(b.life, line.p, CONSOLE_LIFE_DIGITS);
		b.last = number_of(line.p[CONSOLE_LIFE_DIGITS] == '@'
					   ? str_skip(line, str_find(line, ' ') + 1)
					   : str_skip(line, CONSOLE_LIFE_DIGITS + 1));
		b.records += (size_t)put(s, line, folder, body);
	}
	*ret = b;
	return r < 0 ? r : buf_error(body);
}

void console_spool_ack(struct console_spool *s)
{
	/* Should it not reach the disk: it is sent once more after a restart, and passed over there. */
	(void)spool_ack(s->spool, NULL);
}

void console_spool_back(struct console_spool *s)
{
	spool_back(s->spool);
}

void console_spool_sync(struct console_spool *s)
{
	spool_sync(s->spool);
}

uint64_t console_spool_waiting(const struct console_spool *s)
{
	return spool_waiting(s->spool);
}

uint64_t console_spool_lost(const struct console_spool *s)
{
	return spool_lost(s->spool);
}

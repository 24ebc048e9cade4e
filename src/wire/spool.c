#include "wire/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/digest.h"

enum { SEGMENTS = 8, NAME_MAX_BYTES = 96, READ_BYTES = 64 << 10, SUM_DIGITS = 16 };
#define LEAST_BYTES ((uint64_t)64 << 10)
#define STORED_MAX (SUM_DIGITS + 1 + SPOOL_MAX_LINE)
/* Ids we never reach: a file with a greater one is not ours. */
#define ID_MAX ((uint64_t)1 << 48)

/* One file, NAME.0000000000000001 and so on; the last is written to, the others are whole. */
struct segment {
	uint64_t id, bytes, lines; /* lines: undamaged ones */
};

struct place {
	uint64_t id, offset,
		line; /* line: how many of the segment's undamaged ones stand before it */
};

struct spool {
	int dir, lock, out, in;
	uint64_t in_id; /* the segment `in` reads */
	char name[NAME_MAX_BYTES / 2];
	uint64_t segment_max;
	struct segment segments[SEGMENTS + 1];
	size_t count; /* at least 1 */
	struct place taken, acked;
	struct place before; /* where the line taken last begins */
	uint64_t lost;
	struct buf read; /* bytes of segment taken.id; `read_at` stands at taken.offset */
	size_t read_at;
	bool oversize; /* the line at taken.offset began before it and is longer than ours are */
	bool spoilt;   /* half a line stands at the last segment's end and could not be cut off */
	bool dirty;
};

static void segment_name(const struct spool *s, uint64_t id, char ret[NAME_MAX_BYTES])
{
	snprintf(ret, NAME_MAX_BYTES, "%s.%016" PRIx64, s->name, id);
}

static int open_segment(const struct spool *s, uint64_t id, int flags)
{
	char name[NAME_MAX_BYTES];

	segment_name(s, id, name);
	return openat(s->dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static struct segment *last(struct spool *s)
{
	return &s->segments[s->count - 1];
}

static int add_segment(struct spool *s, uint64_t id, struct err *e)
{
	int fd = open_segment(s, id, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC);

	if (fd < 0)
		return err_sys(e, errno, "cannot write the spool '%s'", s->name);
	fd_close(&s->out);
	s->out = fd;
	s->segments[s->count++] = (struct segment){ .id = id };
	s->spoilt = false;
	return 0;
}

/** Where acknowledged lines end: "segment offset" as fixed-width text, written in one piece. */
static int write_ack(struct spool *s, struct err *e)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%016" PRIx64 " %016" PRIx64 "\n", s->acked.id,
			 s->acked.offset);

	if (pwrite(s->lock, text, (size_t)n, 0) != n)
		return err_sys(e, errno, "cannot write the spool '%s'", s->name);
	s->dirty = true;
	return 0;
}

static struct place read_ack(const struct spool *s)
{
	char text[64] = { 0 };
	struct place p = { 0 };

	if (pread(s->lock, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%16" SCNx64 " %16" SCNx64, &p.id, &p.offset) != 2 || p.id > ID_MAX)
		return (struct place){ 0 };
	return p;
}

/* Disks and power fail: what a line is stored behind tells whether it is what was written. */
static void sum_of(str line, char ret[SUM_DIGITS + 1])
{
	uint8_t sum[SHA256_BYTES];

	sha256_of(line, sum);
	hex_render(sum, SUM_DIGITS / 2, ret);
}

static bool is_whole(str stored, str *ret_line)
{
	char sum[SUM_DIGITS + 1];

	if (stored.n <= SUM_DIGITS || stored.p[SUM_DIGITS] != ' ')
		return false;
	*ret_line = str_skip(stored, SUM_DIGITS + 1);
	sum_of(*ret_line, sum);
	return str_starts(stored, str_from(sum));
}

static void remove_segment(struct spool *s, uint64_t id)
{
	char name[NAME_MAX_BYTES];

	segment_name(s, id, name);
	unlinkat(s->dir, name, 0);
}

/* In order. Of more than we ever write the newest are taken, so that no name is written to that exists. */
static void keep_segment(struct spool *s, struct segment g)
{
	size_t at = s->count;

	while (at && s->segments[at - 1].id > g.id)
		at--;
	memmove(s->segments + at + 1, s->segments + at, (s->count - at) * sizeof(g));
	s->segments[at] = g;
	if (++s->count > SEGMENTS)
		memmove(s->segments, s->segments + 1, --s->count * sizeof(g));
}

static int find_segments(struct spool *s, struct err *e)
{
	DIR *d = file_open_folder(openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t name_n = strlen(s->name);
	struct dirent *f;
	int error;

	if (!d)
		return err_sys(e, errno, "cannot read the spool '%s'", s->name);
	while ((errno = 0, f = readdir(d))) {
		char ours[NAME_MAX_BYTES];
		struct stat st;
		uint64_t id;

		if (strncmp(f->d_name, s->name, name_n) != 0 || f->d_name[name_n] != '.' ||
		    sscanf(f->d_name + name_n + 1, "%16" SCNx64, &id) != 1 || !id || id > ID_MAX)
			continue;
		segment_name(s, id, ours);
		if (strcmp(f->d_name, ours) != 0 ||
		    fstatat(s->dir, ours, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		keep_segment(s, (struct segment){ .id = id, .bytes = (uint64_t)st.st_size });
	}
	error = errno;
	closedir(d);
	/* A segment that is not found would be written over. */
	return error ? err_sys(e, error, "cannot read the spool '%s'", s->name) : 0;
}

static void go_to(struct spool *s, struct place p)
{
	s->taken = p;
	buf_reset(&s->read);
	s->read_at = 0;
	s->oversize = false;
}

static const struct segment *find(const struct spool *s, uint64_t id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->segments[i].id == id)
			return &s->segments[i];
	return NULL;
}

/** Forgets segments before the acknowledged place. */
static void remove_told(struct spool *s)
{
	size_t gone = 0;

	while (gone + 1 < s->count && s->segments[gone].id < s->acked.id)
		remove_segment(s, s->segments[gone++].id);
	s->count -= gone;
	memmove(s->segments, s->segments + gone, s->count * sizeof(s->segments[0]));
}

/** Reads on in the segment of `taken`. @return 1, 0 at its end, -errno */
static int fill(struct spool *s, struct err *e)
{
	size_t kept = s->read.n - s->read_at;
	char *at;
	ssize_t n;

	if (s->in < 0 || s->in_id != s->taken.id) {
		fd_close(&s->in);
		s->in = open_segment(s, s->taken.id, O_RDONLY);
		s->in_id = s->taken.id;
	}
	if (s->in < 0)
		return err_sys(e, errno, "cannot read the spool '%s'", s->name);
	if (kept)
		memmove(s->read.p, s->read.p + s->read_at, kept);
	s->read.n = kept;
	s->read_at = 0;
	at = buf_reserve(&s->read, READ_BYTES);
	n = at ? pread(s->in, at, READ_BYTES, (off_t)(s->taken.offset + kept)) : -1;
	if (n < 0)
		return err_sys(e, at ? errno : ENOMEM, "cannot read the spool '%s'", s->name);
	s->read.n += (size_t)n;
	return n > 0;
}

/**
 * The next stored line of the segment of `taken`, damaged or not.
 * @return 1, 0 there is no further line end in it, -errno
 */
static int next_stored(struct spool *s, const struct segment *g, str *ret, struct err *e)
{
	for (;;) {
		str rest = str_skip(buf_str(&s->read), s->read_at);
		size_t n = str_find(rest, '\n');
		int r;

		if (n < rest.n) {
			*ret = s->oversize ? S("") : str_take(rest, n);
			s->oversize = false;
			s->read_at += n + 1;
			s->taken.offset += n + 1;
			return 1;
		}
		/* No line of ours is that long: it is passed over without being held. */
		if (rest.n > STORED_MAX) {
			s->oversize = true;
			s->read_at += rest.n;
			s->taken.offset += rest.n;
			rest.n = 0;
		}
		r = s->taken.offset + rest.n < g->bytes ? fill(s, e) : 0;
		if (r <= 0)
			return r;
	}
}

/**
 * Counts a segment's lines, and as lost those that are damaged and stand behind the acknowledged place; what stands behind
 * the last line feed was cut by a crash and goes.
 */
static int count_lines(struct spool *s, struct segment *g, struct place ack, struct err *e)
{
	const uint64_t size = g->bytes;
	uint64_t damaged = 0, end = 0;
	OWNED_FD fd = -1;
	str stored, line;
	int r;

	go_to(s, (struct place){ .id = g->id });
	if (ack.id == g->id && ack.offset == 0) {
		s->acked = ack;
		s->lost = 0;
	}
	while ((r = next_stored(s, g, &stored, e)) > 0) {
		end = s->taken.offset;
		if (is_whole(stored, &line))
			g->lines++;
		else
			damaged++;
		if (ack.id == g->id && ack.offset == end) {
			s->acked = (struct place){ g->id, end, g->lines };
			s->lost = damaged = 0;
		}
	}
	if (r < 0)
		return r;
	g->bytes = end;
	s->lost += damaged + (size > end);
	if (size == end)
		return 0;
	fd = open_segment(s, g->id, O_WRONLY);
	return fd < 0 || ftruncate(fd, (off_t)end) < 0
		       ? err_sys(e, errno, "cannot mend the spool '%s'", s->name)
		       : 0;
}

static int recover(struct spool *s, struct err *e)
{
	const struct place ack = read_ack(s);
	int r = find_segments(s, e);

	for (size_t i = 0; i < s->count && r == 0; i++)
		r = count_lines(s, &s->segments[i], ack, e);
	if (r < 0)
		return r;
	/* No line ends there: all again. */
	if (!s->acked.id)
		s->acked = (struct place){ .id = s->count ? s->segments[0].id : ack.id + 1 };
	if (s->count == 0)
		r = add_segment(s, s->acked.id, e);
	else
		s->out = open_segment(s, last(s)->id, O_WRONLY | O_APPEND);
	if (r == 0 && s->out < 0)
		r = err_sys(e, errno, "cannot write the spool '%s'", s->name);
	/* A place where no line ends may become one where a later line does: it is not to be found again. */
	if (r == 0 && ack.id && (ack.id != s->acked.id || ack.offset != s->acked.offset))
		r = write_ack(s, e);
	if (r == 0) {
		remove_told(s);
		go_to(s, s->acked);
	}
	return r;
}

int spool_open(const char *dir, const char *name, uint64_t max_bytes, struct spool **ret,
	       struct err *e)
{
	char lock[NAME_MAX_BYTES];
	struct spool *s;
	int r = file_make_dirs(dir, 0700, e);

	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(e, ENOMEM, "spool");
	s->dir = s->lock = s->out = s->in = -1;
	s->segment_max = MAX(max_bytes, LEAST_BYTES) / SEGMENTS;
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(lock, sizeof(lock), "%s.ack", s->name);
	s->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dir >= 0)
		s->lock = openat(s->dir, lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		r = err_sys(e, errno, "cannot open the spool '%s/%s'", dir, s->name);
	else if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		r = err_set(e, EBUSY, "another process uses the spool '%s/%s'", dir, s->name);
	if (r == 0)
		r = recover(s, e);
	if (r < 0) {
		spool_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	if (s->out >= 0)
		spool_sync(s);
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->lock);
	fd_close(&s->dir);
	buf_done(&s->read);
	free(s);
}

/** The oldest segment gives way; lines of it that were acknowledged are not lost. */
static void drop_oldest(struct spool *s)
{
	const struct segment g = s->segments[0];
	struct place next = { .id = s->segments[1].id };

	s->lost += g.lines - (s->acked.id == g.id ? s->acked.line : 0);
	remove_segment(s, g.id);
	s->count--;
	memmove(s->segments, s->segments + 1, s->count * sizeof(s->segments[0]));
	if (s->acked.id == g.id) {
		s->acked = next;
		(void)!write_ack(s, NULL);
	}
	if (s->taken.id == g.id)
		go_to(s, next);
}

int spool_add(struct spool *s, str line, struct err *e)
{
	OWNED_BUF whole = BUF_INIT;
	char sum[SUM_DIGITS + 1];
	int r = 0;

	if (line.n >= SPOOL_MAX_LINE)
		return err_set(e, E2BIG, "a line of %zu bytes is not spooled", line.n);
	sum_of(line, sum);
	buf_printf(&whole, "%s ", sum);
	buf_add(&whole, line);
	buf_byte(&whole, '\n');
	if (buf_error(&whole))
		return err_sys(e, ENOMEM, "spool");
	if (s->spoilt || (last(s)->bytes && last(s)->bytes + whole.n > s->segment_max)) {
		if (s->count == SEGMENTS)
			drop_oldest(s);
		r = add_segment(s, last(s)->id + 1, e);
		if (r < 0)
			return r;
	}
	r = file_write_all(s->out, buf_str(&whole), e);
	if (r < 0) {
		/* Half a line would spoil the next one. */
		s->spoilt = ftruncate(s->out, (off_t)last(s)->bytes) < 0;
		return r;
	}
	last(s)->bytes += whole.n;
	last(s)->lines++;
	s->dirty = true;
	return 0;
}

int spool_next(struct spool *s, str *ret, struct err *e)
{
	for (;;) {
		const struct segment *g = find(s, s->taken.id);
		str stored;
		int r = g ? next_stored(s, g, &stored, e) : 0;

		if (r < 0)
			return r;
		if (r > 0) {
			/* The damaged ones were counted when the spool was opened. */
			if (!is_whole(stored, ret))
				continue;
			s->before = s->taken;
			s->before.offset -= stored.n + 1;
			s->taken.line++;
			return 1;
		}
		if (!g || g == last(s))
			return 0;
		go_to(s, (struct place){ .id = g[1].id });
	}
}

int spool_ack(struct spool *s, struct err *e)
{
	if (s->acked.id == s->taken.id && s->acked.offset == s->taken.offset)
		return 0;
	s->acked = s->taken;
	/* Nothing waits: what was told need not stay on disk. */
	if (s->acked.id == last(s)->id && s->acked.offset == last(s)->bytes &&
	    last(s)->bytes > s->segment_max / 2 && add_segment(s, last(s)->id + 1, NULL) == 0) {
		s->acked = (struct place){ .id = last(s)->id };
		go_to(s, s->acked);
	}
	remove_told(s);
	return write_ack(s, e);
}

void spool_back(struct spool *s)
{
	go_to(s, s->acked);
}

void spool_untake(struct spool *s)
{
	go_to(s, s->before);
}

void spool_sync(struct spool *s)
{
	if (!s->dirty)
		return;
	s->dirty = false;
	fdatasync(s->out);
	fdatasync(s->lock);
}

uint64_t spool_waiting(const struct spool *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->segments[i].lines;
	return n - s->acked.line;
}

uint64_t spool_lost(const struct spool *s)
{
	return s->lost;
}

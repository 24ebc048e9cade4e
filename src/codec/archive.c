#include "codec/archive.h"

#include <archive.h>
#include <archive_entry.h>

struct archive_stream {
	struct archive *archive;
	struct archive_source source;
	/* what the source said, for the caller whose call failed through libarchive */
	struct err why;
	int source_error;
};

static la_ssize_t pull(struct archive *a, void *ctx, const void **ret)
{
	struct archive_stream *s = ctx;
	ssize_t n = s->source.pull(s->source.ctx, ret, &s->why);

	if (n < 0) {
		s->source_error = (int)n;
		archive_set_error(a, EIO, "%s", s->why.text);
	}
	return n;
}

static int failed(struct archive_stream *s, struct err *e)
{
	const char *text = archive_error_string(s->archive);

	if (s->source_error)
		return err_set(e, -s->source_error, "%s", s->why.text);
	if (archive_errno(s->archive) == ENOMEM)
		return err_set(e, ENOMEM, "archive: out of memory");
	return err_set(e, EBADMSG, "archive: %s", text ? text : "damaged");
}

static int enable(struct archive *a, unsigned int accept)
{
	static const struct {
		unsigned int of;
		int (*support)(struct archive *a);
	} readers[] = {
		{ ARCHIVE_ACCEPT_TAR, archive_read_support_format_tar },
		{ ARCHIVE_ACCEPT_ZIP, archive_read_support_format_zip_streamable },
		{ ARCHIVE_ACCEPT_ANY, archive_read_support_format_raw },
		{ ARCHIVE_ACCEPT_ANY, archive_read_support_format_empty },
		{ ARCHIVE_ACCEPT_COMPRESSED, archive_read_support_filter_gzip },
		{ ARCHIVE_ACCEPT_COMPRESSED, archive_read_support_filter_zstd },
		{ ARCHIVE_ACCEPT_COMPRESSED, archive_read_support_filter_xz },
		{ ARCHIVE_ACCEPT_COMPRESSED, archive_read_support_filter_bzip2 },
	};
	int worst = ARCHIVE_OK;

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		const int r = accept & readers[i].of ? readers[i].support(a) : ARCHIVE_OK;

		worst = MIN(worst, r);
	}
	return worst;
}

int archive_stream_open(struct archive_source source, unsigned int accept,
			struct archive_stream **ret, struct err *e)
{
	struct archive_stream *s = calloc(1, sizeof(*s));
	int r;

	if (!s || !(s->archive = archive_read_new())) {
		free(s);
		return err_set(e, ENOMEM, "archive: out of memory");
	}
	s->source = source;
	if (enable(s->archive, accept) < ARCHIVE_WARN ||
	    archive_read_open(s->archive, s, NULL, pull, NULL) < ARCHIVE_WARN) {
		r = failed(s, e);
		archive_stream_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void archive_stream_close(struct archive_stream *s)
{
	if (!s)
		return;
	archive_read_free(s->archive);
	free(s);
}

static enum archive_item_type type_of(struct archive_entry *en)
{
	if (archive_entry_hardlink(en) || archive_entry_hardlink_utf8(en))
		return ARCHIVE_ITEM_HARDLINK;
	switch (archive_entry_filetype(en)) {
	case AE_IFREG:
		return ARCHIVE_ITEM_FILE;
	case AE_IFDIR:
		return ARCHIVE_ITEM_FOLDER;
	case AE_IFLNK:
		return ARCHIVE_ITEM_SYMLINK;
	default:
		return ARCHIVE_ITEM_OTHER;
	}
}

/* A pax name has a UTF-8 form that the C locale cannot express; an old tar's name is raw bytes with no UTF-8 form. */
static str either(const char *utf8, const char *raw)
{
	return str_from(utf8 ? utf8 : raw);
}

static str link_of(struct archive_entry *en, enum archive_item_type type)
{
	if (type == ARCHIVE_ITEM_HARDLINK)
		return either(archive_entry_hardlink_utf8(en), archive_entry_hardlink(en));
	if (type == ARCHIVE_ITEM_SYMLINK)
		return either(archive_entry_symlink_utf8(en), archive_entry_symlink(en));
	return (str){ 0 };
}

int archive_stream_next(struct archive_stream *s, struct archive_item *ret, struct err *e)
{
	struct archive_entry *en;
	struct archive_item item = { 0 };
	int r = archive_read_next_header(s->archive, &en);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN)
		return failed(s, e);
	if (r == ARCHIVE_WARN)
		item.warning = str_from(archive_error_string(s->archive));
	item.type = type_of(en);
	item.path = either(archive_entry_pathname_utf8(en), archive_entry_pathname(en));
	item.link = link_of(en, item.type);
	item.size_known = archive_entry_size_is_set(en);
	if (archive_entry_size(en) > 0)
		item.size = (uint64_t)archive_entry_size(en);
	item.raw = archive_format(s->archive) == ARCHIVE_FORMAT_RAW;
	item.mode = (uint32_t)archive_entry_perm(en);
	item.mtime = archive_entry_mtime(en);
	*ret = item;
	return 1;
}

int archive_stream_block(struct archive_stream *s, str *ret, uint64_t *ret_offset, struct err *e)
{
	const void *p;
	size_t n;
	la_int64_t offset;
	int r = archive_read_data_block(s->archive, &p, &n, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN)
		return failed(s, e);
	*ret = (str){ p, n };
	*ret_offset = (uint64_t)offset;
	return 1;
}

#include "codec/inflate_priv.h"

static const struct inflate_codec *codec_of(enum inflate_format f)
{
	switch (f) {
	case INFLATE_GZIP:
		return &inflate_gzip;
	case INFLATE_ZSTD:
		return &inflate_zstd;
	case INFLATE_XZ:
		return &inflate_xz;
	case INFLATE_BZIP2:
		return &inflate_bzip2;
	case INFLATE_PLAIN:
		break;
	}
	return NULL;
}

int inflate_new(const struct inflate_options *o, struct inflate **ret, struct err *e)
{
	struct inflate *z = calloc(1, sizeof(*z));

	if (!z)
		return err_set(e, ENOMEM, "no memory to decompress");
	z->o = *o;
	*ret = z;
	return 0;
}

void inflate_free(struct inflate *z)
{
	if (!z)
		return;
	if (z->state)
		codec_of(z->format)->close(z->state);
	free(z->out);
	free(z);
}

enum inflate_format inflate_recognise(str head)
{
	if (str_starts(head, S("\x1f\x8b\x08")))
		return INFLATE_GZIP;
	if (str_starts(head, S("\x28\xb5\x2f\xfd")))
		return INFLATE_ZSTD;
	if (str_starts(head, S("\xfd"
			       "7zXZ\0")))
		return INFLATE_XZ;
	if (str_starts(head, S("BZh")) && head.n > 3 && head.p[3] >= '1' && head.p[3] <= '9')
		return INFLATE_BZIP2;
	return INFLATE_PLAIN;
}

static int feed(struct inflate *z, str bytes, struct err *e)
{
	return z->state ? codec_of(z->format)->push(z, bytes, e) : inflate_emit(z, bytes, e);
}

/* Settles the format and passes on the bytes held back for it. */
static int recognise(struct inflate *z, struct err *e)
{
	str head = { (const char *)z->head, z->head_bytes };
	const struct inflate_codec *codec;
	int r;

	z->recognised = true;
	z->format = inflate_recognise(head);
	codec = codec_of(z->format);
	if (codec) {
		z->out = malloc(INFLATE_OUT_BYTES);
		if (!z->out)
			return err_set(e, ENOMEM, "no memory to decompress");
		r = codec->open(z, e);
		if (r < 0)
			return r;
	}
	return feed(z, head, e);
}

int inflate_push(struct inflate *z, str bytes, struct err *e)
{
	z->in_bytes += bytes.n;
	if (!z->recognised) {
		size_t n = MIN(bytes.n, sizeof(z->head) - z->head_bytes);
		int r;

		if (n)
			memcpy(z->head + z->head_bytes, bytes.p, n);
		z->head_bytes += n;
		bytes = str_skip(bytes, n);
		if (z->head_bytes < sizeof(z->head))
			return 0;
		r = recognise(z, e);
		if (r < 0)
			return r;
	}
	return bytes.n ? feed(z, bytes, e) : 0;
}

int inflate_end(struct inflate *z, struct err *e)
{
	if (!z->recognised) {
		int r = recognise(z, e);

		if (r < 0)
			return r;
	}
	return z->state ? codec_of(z->format)->end(z, e) : 0;
}

enum inflate_format inflate_format(const struct inflate *z)
{
	return z->format;
}

const char *inflate_suffix(enum inflate_format f)
{
	static const char *const suffixes[] = {
#define INFLATE_SUFFIX(id, suffix) [INFLATE_##id] = (suffix),
		INFLATE_FORMATS(INFLATE_SUFFIX)
#undef INFLATE_SUFFIX
	};

	return suffixes[f];
}

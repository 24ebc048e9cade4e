#include "console/registry/registry_line.h"

#include "codec/digest.h"
#include "codec/reference.h"

enum { FIELD_MAX = 512 };

static const char letters[] = {
#define X(id, letter) letter,
	REGISTRY_LINES(X)
#undef X
};

/* What each field of a kind is: r repository, t tag, d digest, e digest or empty, n number, any other: text. */
static const char *const shapes[] = {
	[REGISTRY_LINE_REPOSITORY] = "r",
	[REGISTRY_LINE_TAG] = "rtex",
	[REGISTRY_LINE_IMAGE] = "rdxddn",
	[REGISTRY_LINE_NO_IMAGE] = "rdxxe",
	[REGISTRY_LINE_REPOSITORY_DONE] = "r",
	[REGISTRY_LINE_SKIPPED] = "xx",
	[REGISTRY_LINE_DONE] = "",
	[REGISTRY_LINE_TROUBLE] = "nnx",
};

static bool fits(char shape, str field)
{
	uint8_t sum[SHA256_BYTES];
	uint64_t number;

	switch (shape) {
	case 'r':
		return field.n <= REFERENCE_MAX_NAME && reference_is_repository(field);
	case 't':
		return reference_is_tag(field);
	case 'e':
		return field.n == 0 || digest_parse(field, sum, NULL) == 0;
	case 'd':
		return digest_parse(field, sum, NULL) == 0;
	case 'n':
		return str_u64(field, &number) == 0;
	default:
		return field.n <= FIELD_MAX;
	}
}

int registry_line_parse(str line, struct registry_line *ret)
{
	struct registry_line l = { 0 };
	const char *at = line.n ? memchr(letters, line.p[0], sizeof(letters)) : NULL;
	size_t i = 0;

	if (!at || line.n > REGISTRY_LINE_MAX)
		return -EBADMSG;
	l.kind = (enum registry_line_kind)(at - letters);
	for (line = str_skip(line, 1); line.n; i++) {
		if (line.p[0] != '\t' || i == strlen(shapes[l.kind]))
			return -EBADMSG;
		line = str_skip(line, 1);
		l.fields[i] = str_take(line, str_find(line, '\t'));
		line = str_skip(line, l.fields[i].n);
		if (!fits(shapes[l.kind][i], l.fields[i]))
			return -EBADMSG;
	}
	if (i != strlen(shapes[l.kind]))
		return -EBADMSG;
	*ret = l;
	return 0;
}

void registry_line_render(const struct registry_line *l, struct buf *out)
{
	buf_byte(out, letters[l->kind]);
	for (size_t i = 0; i < strlen(shapes[l->kind]); i++) {
		str field = str_take(l->fields[i], FIELD_MAX);

		buf_byte(out, '\t');
		for (size_t k = 0; k < field.n; k++)
			buf_byte(out, (unsigned char)field.p[k] < 0x20 ? ' ' : field.p[k]);
	}
	buf_byte(out, '\n');
}

#include "asset/id_map.h"

#include "base/file.h"

/* The kernel takes 340 lines of at most 33 bytes. */
#define FILE_MAX_BYTES ((uint64_t)16 << 10)

static str next_word(str *line)
{
	str at = str_trim(*line);
	str word = str_cut(&at, ' ');

	*line = at;
	return word;
}

int id_map_parse(str text, struct id_map *ret, struct err *e)
{
	struct id_map m = { 0 };

	while (text.n && m.count < ID_MAP_MAX) {
		str line = str_line(&text);

		if (str_u32(next_word(&line), &m.ranges[m.count].inside) < 0 ||
		    str_u32(next_word(&line), &m.ranges[m.count].outside) < 0 ||
		    str_u32(next_word(&line), &m.ranges[m.count].count) < 0)
			return err_set(e, EBADMSG, "map of users' numbers: line %u", m.count + 1);
		m.count++;
	}
	if (!m.count)
		return err_set(e, EBADMSG, "map of users' numbers: empty");
	*ret = m;
	return 0;
}

int id_map_read(int dir_fd, const char *path, struct id_map *ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = file_read(dir_fd, path, FILE_MAX_BYTES, &text, e);

	return r < 0 ? r : id_map_parse(buf_str(&text), ret, e);
}

/* The number at @p n's place in another range of the same length. */
static bool move(uint32_t n, uint32_t from, uint32_t to, uint32_t count, uint32_t *ret)
{
	if (n < from || n - from >= count)
		return false;
	*ret = to + (n - from);
	return true;
}

bool id_map_inside(const struct id_map *m, uint32_t outside, uint32_t *ret)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (move(outside, m->ranges[i].outside, m->ranges[i].inside, m->ranges[i].count,
			 ret))
			return true;
	return false;
}

bool id_map_outside(const struct id_map *m, uint32_t inside, uint32_t *ret)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (move(inside, m->ranges[i].inside, m->ranges[i].outside, m->ranges[i].count,
			 ret))
			return true;
	return false;
}

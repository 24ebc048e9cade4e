#include "prog/skep/db_command.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "base/text.h"

const struct option_def db_file_options[] = {
	{ .name = "db",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_DATABASE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "vulnerability database (default: the one installed)",
		    "漏洞库文件（默认已安装的）" } },
	{ 0 },
};

const struct option_def db_key_options[] = {
	{ .name = "key",
	  .type = OPTION_MULTI,
	  .group = OPTION_GROUP_DATABASE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "insist on a signature by this Ed25519 public key (64 hex digits)",
		    "必须由该 Ed25519 公钥（64 位十六进制）签名" } },
	{ 0 },
};

const struct option_def db_json_options[] = {
	{ .name = "json",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "print JSON", "输出 JSON" } },
	{ 0 },
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int db_command_key(const char *path, uint8_t ret[32], struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = file_read(AT_FDCWD, path, 4096, &text, e);
	str hex = str_trim(buf_str(&text));

	if (r < 0)
		return r;
	if (text.n == 32) {
		memcpy(ret, text.p, 32);
		return 0;
	}
	for (size_t i = 0; i < 32 && hex.n == 64; i++) {
		int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			hex.n = 0;
		else
			ret[i] = (uint8_t)(high << 4 | low);
	}
	return hex.n == 64 ? 0
			   : err_set(e, EINVAL, "'%s' is no Ed25519 key: 64 hex digits are wanted",
				     path);
}

int db_command_keys(struct invocation *v, struct db_keys *ret)
{
	size_t count;
	const char *const *files = option_list(&v->options, "key", &count);
	uint8_t(*keys)[32] = arena_array(v->arena, count + 1, sizeof(*keys));

	if (!keys)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	for (size_t i = 0; i < count; i++) {
		int r = db_command_key(files[i], keys[i], &v->err);

		if (r < 0)
			return r;
	}
	*ret = (struct db_keys){ .keys = (const uint8_t(*)[32])keys, .count = count };
	return 0;
}

void db_command_say(const struct invocation *v, struct buf *out, struct phrase p, const str *args)
{
	for (const char *c = say(v, p); *c; c++) {
		if (c[0] == '{' && c[1] >= '0' && c[1] <= '9' && c[2] == '}') {
			text_escape(args[c[1] - '0'], out);
			c += 2;
		} else {
			buf_byte(out, *c);
		}
	}
}

str db_command_number(const struct invocation *v, uint64_t n)
{
	str s = arena_printf(v->arena, "%llu", (unsigned long long)n);

	return s.p ? s : S("?");
}

void db_table_init(struct db_table *t, struct arena *a)
{
	*t = (struct db_table){ .arena = a };
}

void db_table_column(struct db_table *t, const char *title, unsigned int min, bool align_right)
{
	assert(t->grid.column_count < GRID_MAX_COLUMNS);
	t->grid.columns[t->grid.column_count++] = (struct grid_column){
		.title = str_from(title), .min = min, .align_right = align_right
	};
}

void db_table_cell(struct db_table *t, str text)
{
	OWNED_BUF safe = BUF_INIT;
	struct grid_cell *cell = ARENA_PUSH(t->arena, t->grid.cells, t->cell_count, t->cell_cap);

	text_escape(text, &safe);
	if (cell)
		cell->text = arena_str(t->arena, buf_str(&safe));
	t->spent |= !cell || !cell->text.p || buf_error(&safe) < 0;
}

int db_table_render(struct invocation *v, const struct db_table *t, struct buf *out)
{
	struct grid g = t->grid;
	unsigned int width = 0;
	struct winsize w;

	if (t->spent)
		return err_set(&v->err, ENOBUFS, "memory budget spent on the table");
	if (ioctl(fileno(v->out), TIOCGWINSZ, &w) == 0)
		width = w.ws_col;
	g.row_count = g.column_count ? t->cell_count / g.column_count : 0;
	if (!grid_render(&g, width, v->color, out) && !grid_render(&g, 0, v->color, out))
		return err_set(&v->err, ENOBUFS, "memory budget spent on the table");
	return 0;
}

int db_command_print(struct invocation *v, const struct buf *out)
{
	if (buf_error(out) < 0)
		return err_set(&v->err, ENOMEM, "no memory for the result");
	if (fwrite(out->n ? out->p : "", 1, out->n, v->out) != out->n)
		return err_sys(&v->err, errno, "cannot write the result");
	return EXIT_CODE_OK;
}

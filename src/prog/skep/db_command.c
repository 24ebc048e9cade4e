#include "prog/skep/db_command.h"

#include <fcntl.h>

#include "base/file.h"

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

const struct option_def db_install_options[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "install there instead of for this user", "安装到该文件，而非当前用户目录" } },
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

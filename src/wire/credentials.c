#include "wire/credentials.h"

#include <fcntl.h>

#include "base/file.h"
#include "wire/credential_helper.h"

static int read_file(str path, str registry, struct arena *a, struct docker_credential *ret,
		     struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = file_read(AT_FDCWD, path.p, DOCKER_CONFIG_MAX_BYTES, &text, e);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == 0 && str_trim(buf_str(&text)).n)
		r = docker_config_find(buf_str(&text), registry, a, ret, e);
	if (text.p)
		explicit_bzero(text.p, text.n);
	return r < 0 ? err_wrap(e, r, "%s", path.p) : r;
}

static bool is_empty(const struct docker_credential *c)
{
	return !c->user.n && !c->identity_token.n && !c->registry_token.n && !c->helper.n;
}

static str docker_path(const char *config_dir, struct arena *a)
{
	const char *home = getenv("HOME");

	if (!config_dir)
		config_dir = getenv("DOCKER_CONFIG");
	if (config_dir && *config_dir)
		return arena_printf(a, "%s/config.json", config_dir);
	return home ? arena_printf(a, "%s/.docker/config.json", home) : (str){ NULL, 0 };
}

static str podman_path(struct arena *a)
{
	const char *file = getenv("REGISTRY_AUTH_FILE"), *run = getenv("XDG_RUNTIME_DIR");

	if (file && *file)
		return arena_str(a, str_from(file));
	return run ? arena_printf(a, "%s/containers/auth.json", run) : (str){ NULL, 0 };
}

static void ask_helper(struct docker_credential *c, struct arena *a, str *note)
{
	struct docker_credential answer = { 0 };
	struct err why = { 0 };
	int r = credential_helper_get(c->helper.p, c->helper_key, a, &answer, &why);

	if (r == 0) {
		answer.registry_token = c->registry_token;
		*c = answer;
	} else if (r != -ENOENT) {
		*note = arena_str(a, str_from(why.text));
	}
}

int credentials_find(const char *config_dir, str registry, struct arena *a,
		     struct docker_credential *ret, str *ret_note, struct err *e)
{
	struct docker_credential c = { 0 };
	str path = docker_path(config_dir, a), note = S("");
	int r = path.p ? read_file(path, registry, a, &c, e) : 0;

	if (r == 0 && is_empty(&c) && !config_dir) {
		path = podman_path(a);
		r = path.p ? read_file(path, registry, a, &c, e) : 0;
	}
	if (r < 0)
		return r;
	if (c.helper.n)
		ask_helper(&c, a, &note);
	*ret = c;
	*ret_note = note;
	return 0;
}

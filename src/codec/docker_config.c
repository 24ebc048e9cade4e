#include "codec/docker_config.h"

#include "codec/base64.h"
#include "codec/json.h"

#define HELPER_NAME_MAX 64
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"

/* "https://host:port/v1/" and "host:port" mean the same registry; Docker Hub has three names. */
static str normal_key(str key)
{
	size_t scheme = str_search(key, S("://"));

	if (scheme < key.n)
		key = str_skip(key, scheme + 3);
	key = str_take(key, str_find(key, '/'));
	if (str_is(key, "index.docker.io") || str_is(key, "registry-1.docker.io"))
		return S("docker.io");
	return key;
}

static const struct value *find_registry(const struct value *table, str registry)
{
	VALUE_MEMBERS (m, table)
		if (str_eq_nocase(normal_key(m->key), normal_key(registry)))
			return &m->value;
	return NULL;
}

static int set_helper(str name, str registry, struct arena *a, struct docker_credential *c,
		      struct err *e)
{
	bool ok = name.n && name.n <= HELPER_NAME_MAX && name.p[0] != '.' && name.p[0] != '-';

	for (size_t i = 0; ok && i < name.n; i++)
		ok = name.p[i] && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-_.",
					 name.p[i]);
	if (!ok)
		return err_set(e, EBADMSG, "a credential helper has a name no program can have");
	c->helper = arena_str(a, name);
	c->helper_key = arena_str(a, str_is(normal_key(registry), "docker.io") ? S(DOCKER_HUB_KEY)
									       : registry);
	return c->helper.p && c->helper_key.p ? 0 : err_set(e, ENOBUFS, "memory budget spent");
}

/* "auth" is base64 of user:password */
static int set_auth(str auth, struct arena *a, struct docker_credential *c, struct err *e)
{
	OWNED_BUF plain = BUF_INIT;
	str rest;
	int r = base64_decode(&plain, auth, e);

	if (r < 0)
		return err_wrap(e, r, "\"auth\" of a registry");
	rest = arena_str(a, buf_str(&plain));
	explicit_bzero(plain.p, plain.n);
	if (!rest.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	if (str_find(rest, ':') == rest.n)
		return err_set(e, EBADMSG, "\"auth\" of a registry is not user:password");
	c->user = str_cut(&rest, ':');
	/* Docker pads the password with NUL in files of old. */
	while (rest.n && rest.p[rest.n - 1] == '\0')
		rest.n--;
	c->password = rest;
	return 0;
}

static int set_entry(const struct value *entry, struct arena *a, struct docker_credential *c,
		     struct err *e)
{
	str auth = str_trim(value_get_str(entry, "auth"));

	c->identity_token = value_get_str(entry, "identitytoken");
	c->registry_token = value_get_str(entry, "registrytoken");
	if (auth.n)
		return set_auth(auth, a, c, e);
	c->user = value_get_str(entry, "username");
	c->password = value_get_str(entry, "password");
	return 0;
}

int docker_config_find(str json, str registry, struct arena *a, struct docker_credential *ret,
		       struct err *e)
{
	struct docker_credential c = { 0 };
	const struct value *helper, *entry;
	struct value root;
	str store;
	int r;

	if (json.n > DOCKER_CONFIG_MAX_BYTES)
		return err_set(e, EBADMSG, "longer than %u bytes", DOCKER_CONFIG_MAX_BYTES);
	r = json_parse(json, a, &root, e);
	if (r < 0)
		return r;
	helper = find_registry(value_get(&root, "credHelpers"), registry);
	store = helper ? value_str(helper) : value_get_str(&root, "credsStore");
	if (store.n)
		r = set_helper(store, registry, a, &c, e);
	entry = find_registry(value_get(&root, "auths"), registry);
	if (r == 0 && entry)
		r = set_entry(entry, a, &c, e);
	if (r == 0)
		*ret = c;
	return r;
}

int docker_helper_parse(str json, struct arena *a, struct docker_credential *ret, struct err *e)
{
	struct docker_credential c = { 0 };
	struct value root;
	str user, secret;
	int r = json_parse(json, a, &root, NULL);

	if (r == -ENOBUFS)
		return err_set(e, ENOBUFS, "memory budget spent");
	user = value_get_str(r < 0 ? NULL : &root, "Username");
	secret = value_get_str(r < 0 ? NULL : &root, "Secret");
	/* The parser's own words could quote the secret. */
	if (user.n == 0 || secret.n == 0)
		return err_set(e, EBADMSG, "the answer is not {\"Username\", \"Secret\"}");
	if (str_is(user, "<token>")) {
		c.identity_token = secret;
	} else {
		c.user = user;
		c.password = secret;
	}
	*ret = c;
	return 0;
}

#include "console/access/sign_in_config.h"

#include <fcntl.h>

#include "base/file.h"
#include "codec/yaml.h"
#include "console/store/roles.h"

#define MAX_FILE (1u << 20)
#define MAX_SECRET 4096

enum setting_kind { TEXT, SECRET_FILE, YES_OR_NO, SECONDS };

struct setting {
	const char *name;
	enum setting_kind kind;
	void *at; /**< const char **, bool * or unsigned int * */
	bool must;
};

struct reading {
	struct arena *arena;
	const char *path;
	struct err *err;
};

static int fault(struct reading *r, const struct value *v, const char *what)
{
	return err_set(r->err, EINVAL, "%s:%u:%u: %s", r->path, v->line, v->column, what);
}

static int read_secret(struct reading *r, const char *path, const char **ret)
{
	OWNED_BUF text = BUF_INIT;
	int n = file_read(AT_FDCWD, path, MAX_SECRET, &text, r->err);
	str secret = n < 0 ? (str){ 0 } : arena_str(r->arena, str_trim(buf_str(&text)));

	if (text.p)
		explicit_bzero(text.p, text.n);
	if (n < 0)
		return n;
	if (!secret.p)
		return err_set(r->err, ENOBUFS, "%s: memory budget spent", r->path);
	*ret = secret.p;
	return 0;
}

static int read_setting(struct reading *r, const struct setting *s, const struct value *v)
{
	str text = arena_str(r->arena, value_str(v));
	int64_t n = value_int(v, -1);

	if (!text.p)
		return err_set(r->err, ENOBUFS, "%s: memory budget spent", r->path);
	if (s->kind == YES_OR_NO) {
		if (v->kind != VALUE_BOOL)
			return fault(r, v, "true or false is expected");
		*(bool *)s->at = v->boolean;
		return 0;
	}
	if (s->kind == SECONDS) {
		if (v->kind != VALUE_NUMBER || n < 1 || n > 300)
			return fault(r, v, "seconds, 1 to 300, are expected");
		*(unsigned int *)s->at = (unsigned int)n;
		return 0;
	}
	if (!text.n || memchr(text.p, '\0', text.n))
		return fault(r, v, "a text is expected");
	if (s->kind == SECRET_FILE)
		return read_secret(r, text.p, s->at);
	*(const char **)s->at = text.p;
	return 0;
}

static int read_section(struct reading *r, const struct value *section,
			const struct setting *settings, size_t count)
{
	if (section->kind != VALUE_OBJECT)
		return fault(r, section, "a mapping is expected");
	VALUE_MEMBERS (m, section) {
		size_t i = 0;
		int n;

		while (i < count && !str_is(m->key, settings[i].name))
			i++;
		if (i == count)
			return err_set(r->err, EINVAL, "%s:%u:%u: there is no setting '%.*s' here",
				       r->path, m->value.line, m->value.column,
				       STR_ARG(str_take(m->key, 64)));
		n = read_setting(r, &settings[i], &m->value);
		if (n < 0)
			return n;
	}
	for (size_t i = 0; i < count; i++)
		if (settings[i].must && !value_get(section, settings[i].name))
			return err_set(r->err, EINVAL, "%s:%u:%u: '%s' is missing", r->path,
				       section->line, section->column, settings[i].name);
	return 0;
}

static int read_ldap(struct reading *r, const struct value *section, struct ldap_options *o)
{
	const struct setting settings[] = {
		{ "url", TEXT, &o->url, true },
		{ "ca", TEXT, &o->ca_file, false },
		{ "clear", YES_OR_NO, &o->clear, false },
		{ "bindDn", TEXT, &o->bind_dn, false },
		{ "bindPasswordFile", SECRET_FILE, &o->bind_password, false },
		{ "base", TEXT, &o->base, true },
		{ "filter", TEXT, &o->filter, false },
		{ "subjectAttribute", TEXT, &o->subject_attribute, false },
		{ "displayAttribute", TEXT, &o->display_attribute, false },
		{ "memberAttribute", TEXT, &o->member_attribute, false },
		{ "groupBase", TEXT, &o->group_base, false },
		{ "groupFilter", TEXT, &o->group_filter, false },
		{ "timeout", SECONDS, &o->timeout_s, false },
	};
	OWNED_BUF probe = BUF_INIT;
	int n = read_section(r, section, settings, ARRAY_LEN(settings));

	if (n == 0 && o->filter)
		n = ldap_filter(o->filter, S("x"), &probe, r->err);
	if (n == 0 && o->group_filter)
		n = ldap_filter(o->group_filter, S("x"), &probe, r->err);
	return n;
}

static int read_oidc(struct reading *r, const struct value *section, struct oidc_options *o)
{
	const struct setting settings[] = {
		{ "issuer", TEXT, &o->issuer, true },
		{ "clientId", TEXT, &o->client_id, true },
		{ "clientSecretFile", SECRET_FILE, &o->client_secret, false },
		{ "redirect", TEXT, &o->redirect, true },
		{ "scope", TEXT, &o->scope, false },
		{ "nameClaim", TEXT, &o->name_claim, false },
		{ "groupsClaim", TEXT, &o->groups_claim, false },
		{ "ca", TEXT, &o->ca_file, false },
		{ "timeout", SECONDS, &o->timeout_s, false },
	};

	return read_section(r, section, settings, ARRAY_LEN(settings));
}

static int read_roles(struct reading *r, const struct value *section, struct sign_in_config *out)
{
	if (section->kind != VALUE_OBJECT)
		return fault(r, section, "a mapping from roles to lists of groups is expected");
	out->roles = ARENA_ARRAY(r->arena, section->count, struct role_groups);
	if (!out->roles)
		return err_set(r->err, ENOBUFS, "%s: memory budget spent", r->path);
	VALUE_MEMBERS (m, section) {
		OWNED_BUF lines = BUF_INIT;
		str groups;

		if (m->value.kind != VALUE_ARRAY)
			return fault(r, &m->value, "a list of groups is expected");
		VALUE_EACH (group, &m->value) {
			buf_add(&lines, str_trim(value_str(group)));
			buf_byte(&lines, '\n');
		}
		groups = arena_str(r->arena, buf_str(&lines));
		if (buf_error(&lines) || !groups.p)
			return err_set(r->err, ENOBUFS, "%s: memory budget spent", r->path);
		out->roles[out->role_count++] = (struct role_groups){ m->key, groups };
	}
	return 0;
}

static int read_all(struct reading *r, const struct value *root, struct sign_in_config *out)
{
	int n = 0;

	if (root->kind != VALUE_OBJECT)
		return fault(r, root, "a mapping is expected");
	VALUE_MEMBERS (m, root) {
		if (str_is(m->key, "ldap")) {
			out->has_ldap = true;
			n = read_ldap(r, &m->value, &out->ldap);
		} else if (str_is(m->key, "oidc")) {
			out->has_oidc = true;
			n = read_oidc(r, &m->value, &out->oidc);
		} else if (str_is(m->key, "roles")) {
			n = read_roles(r, &m->value, out);
		} else {
			n = fault(r, &m->value, "ldap, oidc or roles is expected");
		}
		if (n < 0)
			return n;
	}
	return 0;
}

int sign_in_config_read(const char *path, struct arena *a, struct sign_in_config *ret,
			struct err *e)
{
	struct reading reading = { .arena = a, .path = path, .err = e };
	struct sign_in_config out = { 0 };
	OWNED_BUF text = BUF_INIT;
	struct value root;
	int r = file_read(AT_FDCWD, path, MAX_FILE, &text, e);

	if (r == 0) {
		r = yaml_parse(buf_str(&text), a, &root, e);
		if (r < 0)
			return err_wrap(e, r, "%s", path);
		r = read_all(&reading, &root, &out);
	}
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}

int sign_in_config_apply(const struct sign_in_config *c, struct sql *s, struct err *e)
{
	struct arena a;
	int r = 0;

	arena_init(&a, 1u << 20);
	for (size_t i = 0; i < c->role_count && r == 0; i++) {
		struct role role;

		r = roles_find(s, c->roles[i].role, &a, &role, e);
		if (r == -ENOENT)
			r = err_set(e, ENOENT, "there is no role '%.*s'",
				    STR_ARG(str_take(c->roles[i].role, ROLE_NAME_BYTES)));
		if (r == 0)
			r = roles_set_groups(s, role.id, c->roles[i].groups, e);
	}
	arena_done(&a);
	return r;
}

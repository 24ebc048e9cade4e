#include "console/access/access.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "codec/mac.h"
#include "console/access/permission.h"
#include "console/access/totp_secret_priv.h"
#include "console/store/audit.h"
#include "console/store/partition.h"
#include "console/store/roles.h"
#include "console/store/secret_key.h"
#include "console/store/sessions.h"
#include "console/store/settings.h"
#include "console/store/users.h"

/* Failures are remembered so long; a lock never lasts longer. */
#define FAILURES_KEPT_NS (24 * 3600 * (int64_t)SECOND_NS)

void access_init(struct access *a, const struct access_options *o)
{
	*a = (struct access){ .options = *o };
	a->options.policy = password_policy_of(o->policy);
	password_kitchen_init(&a->kitchen, o->cost, o->hashes_at_once);
}

void access_done(struct access *a)
{
	secret_wipe(a->audit_seed, sizeof(a->audit_seed));
	secret_wipe(&a->seal_key, sizeof(a->seal_key));
	password_kitchen_done(&a->kitchen);
}

/* Both of one file, which replicas share: whoever exports the audit log signs it alike. */
static int get_keys(struct access *a, struct sql *s, struct err *e)
{
	uint8_t key[ED25519_KEY_BYTES];
	char path[4096], hex[2 * sizeof(key) + 2];
	int r = secret_key_get(a->options.key_folder, &a->seal_key, e);

	static_assert(sizeof(a->audit_seed) == SHA256_BYTES, "a seed is a digest");
	if (r == 0)
		r = secret_key_check(a->options.key_folder, &a->seal_key, s, a->options.replace_key,
				     e);
	if (r < 0)
		return r;
	hmac_sha256((str){ (const char *)a->seal_key.bytes, SEAL_KEY_BYTES }, S("audit log"),
		    a->audit_seed);
	r = ed25519_public(a->audit_seed, key, e);
	if (r < 0)
		return r;
	hex_render(key, sizeof(key), hex);
	hex[2 * sizeof(key)] = '\n';
	snprintf(path, sizeof(path), "%s/audit.key.pub", a->options.key_folder);
	r = file_write_atomic(AT_FDCWD, path, (str){ hex, sizeof(hex) - 1 }, 0644, e);
	a->seals = r == 0;
	return r;
}

int access_prepare(struct access *a, struct sql *s, struct err *e)
{
#define P(id) PERMISSION_BIT(PERMISSION_##id)
#define X(role_name, bits, separate, en, zh) \
	{ .name = S(role_name), .description = S(en), .permissions = (bits) },
	static const struct role built_in[] = {
#include "console/access/built_in_role.def"
	};
#undef X
#undef P

	int r = a->options.key_folder ? get_keys(a, s, e) : 0;

	if (r == 0)
		r = sql_begin(s, e);
	if (r == 0)
		r = totp_secret_seal_all(a, s, e);
	for (size_t i = 0; i < ARRAY_LEN(built_in) && r == 0; i++)
		r = roles_put_built_in(s, &built_in[i], e);
	return sql_end(s, r, e);
}

static int add_first(struct access *a, struct sql *s, const char *name, const char *role_name,
		     struct first_account *ret, struct err *e)
{
	int64_t now = (int64_t)clock_ns(CLOCK_REALTIME), id;
	char hash[PASSWORD_HASH_BYTES];
	struct arena scratch;
	struct role role;
	int r = password_random(ret->password, e);

	arena_init(&scratch, 1u << 20);
	ret->name = name;
	if (r == 0)
		r = password_hash(&a->kitchen, str_from(ret->password), hash, e);
	if (r == 0)
		r = roles_find(s, str_from(role_name), &scratch, &role, e);
	if (r == 0)
		r = users_add(s,
			      &(struct user){ .name = str_from(name),
					      .source = S("local"),
					      .password = str_from(hash),
					      .must_change = true,
					      .created_ns = now,
					      .password_ns = now },
			      &id, e);
	if (r == 0)
		r = users_set_roles(s, id, &role.id, 1, e);
	arena_done(&scratch);
	return r;
}

static int add_all_first(struct access *a, struct sql *s, struct first_account *ret, size_t *count,
			 struct err *e)
{
	static const struct {
		const char *name, *role;
		bool separate;
	} first[] = {
		{ "admin", "administrator", false },
		{ "sysadmin", "system-administrator", true },
		{ "secadmin", "security-administrator", true },
		{ "auditor", "auditor", true },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(first) && r == 0; i++)
		if (first[i].separate == a->options.separate_duties) {
			r = add_first(a, s, first[i].name, first[i].role, &ret[*count], e);
			(*count)++;
		}
	return r;
}

int access_first_password(struct access *a, struct sql *s, struct first_account ret[FIRST_ACCOUNTS],
			  size_t *ret_count, struct err *e)
{
	int64_t users = 0;
	size_t count = 0;
	int r = sql_begin(s, e);

	/* Two replicas may start on an empty store at once. */
	if (r == 0)
		r = sql_lock(s, "first_account", e);
	if (r == 0)
		r = users_count(s, &users, e);
	if (r == 0 && users == 0)
		r = add_all_first(a, s, ret, &count, e);
	r = sql_end(s, r, e);
	if (r < 0) {
		secret_wipe(ret, FIRST_ACCOUNTS * sizeof(*ret));
		return r;
	}
	*ret_count = count;
	return 0;
}

int access_sweep(struct access *a, struct store *s, int64_t now_ns, struct err *e)
{
	struct settings set;
	int r = settings_get(s, &set, e);

	(void)a;
	if (r < 0)
		return r;
	r = sessions_sweep(
		s->sql, now_ns,
		now_ns - set.values[SETTING_SESSION_IDLE_MINUTES] * 60 * (int64_t)SECOND_NS, e);
	if (r >= 0)
		r = locks_sweep(s->sql, now_ns - FAILURES_KEPT_NS, e);
	if (r >= 0)
		r = audit_drop_days(s, now_ns - set.values[SETTING_AUDIT_RETENTION_DAYS] * DAY_NS,
				    e);
	return MIN(r, 0);
}

#include "console/access/ldap_directory.h"

#include <ldap.h>
#include <sys/time.h>

#include "base/text.h"
#include "codec/digest.h"

#define DEFAULT_TIMEOUT_S 5
#define MAX_NAME 256
#define MAX_PASSWORD 1024

static void unbind(LDAP **ld)
{
	if (*ld)
		ldap_unbind_ext_s(*ld, NULL, NULL);
}

static void free_message(LDAPMessage **m)
{
	if (*m)
		ldap_msgfree(*m);
}

/* Appends @p text as a value in a filter (RFC 4515 section 3). */
static void escape(str text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c < 0x20 || c >= 0x7f || strchr("*()\\/&|!=<>~", c))
			buf_printf(out, "\\%02x", c);
		else
			buf_byte(out, (char)c);
	}
}

int ldap_filter(const char *filter, str text, struct buf *out, struct err *e)
{
	str rest = str_from(filter);
	size_t places = 0, at;

	while ((at = str_find(rest, '%')) < rest.n) {
		if (!str_starts(str_skip(rest, at), S("%s")))
			return err_set(e, EINVAL, "LDAP: in the filter '%s' a %% is none of %%s",
				       filter);
		buf_add(out, str_take(rest, at));
		escape(text, out);
		rest = str_skip(rest, at + 2);
		places++;
	}
	buf_add(out, rest);
	if (!places)
		return err_set(e, EINVAL, "LDAP: the filter '%s' must hold %%s", filter);
	return buf_error(out) ? err_set(e, ENOBUFS, "LDAP: no memory for a filter") : 0;
}

/* The library tells a certificate it did not like as "server down" and says more in the diagnosis only. */
static int trouble(LDAP *ld, int code, const char *doing, struct err *e)
{
	char *said = NULL;
	str why;
	int r = EPROTO;

	ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said);
	why = str_from(said);
	if (code == LDAP_TIMEOUT || code == LDAP_TIMELIMIT_EXCEEDED)
		r = ETIMEDOUT;
	else if ((code == LDAP_SERVER_DOWN || code == LDAP_BUSY || code == LDAP_UNAVAILABLE) &&
		 why.n == 0)
		r = EHOSTUNREACH;
	if (r == EPROTO && (code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR))
		r = err_set(e, r,
			    "LDAP: %s: no TLS, or the directory's certificate is not trusted or "
			    "not its name's: %.*s",
			    doing, STR_ARG(str_take(why, 200)));
	else if (code == LDAP_REFERRAL)
		r = err_set(e, r, "LDAP: %s: a referral is not followed", doing);
	else
		r = err_set(e, r, "LDAP: %s: %s%s%.*s", doing, ldap_err2string(code),
			    why.n ? ": " : "", STR_ARG(str_take(why, 200)));
	ldap_memfree(said);
	return r;
}

static int set_tls(LDAP *ld, const struct ldap_options *o)
{
	int demand = LDAP_OPT_X_TLS_DEMAND, least = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
	int r = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);

	if (r == LDAP_OPT_SUCCESS)
		r = ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &least);
	if (r == LDAP_OPT_SUCCESS && o->ca_file)
		r = ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, o->ca_file);
	return r == LDAP_OPT_SUCCESS ? ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client) : r;
}

static int set_options(LDAP *ld, const struct ldap_options *o)
{
	struct timeval wait = { .tv_sec = o->timeout_s ? o->timeout_s : DEFAULT_TIMEOUT_S };
	int version = LDAP_VERSION3;
	int r = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);

	if (r == LDAP_OPT_SUCCESS)
		r = ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	if (r == LDAP_OPT_SUCCESS)
		r = ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &wait);
	if (r == LDAP_OPT_SUCCESS)
		r = ldap_set_option(ld, LDAP_OPT_TIMEOUT, &wait);
	if (r == LDAP_OPT_SUCCESS && !o->clear)
		r = set_tls(ld, o);
	return r;
}

static int connect_to(const struct ldap_options *o, LDAP **ret, struct err *e)
{
	bool tls_first = str_starts(str_from(o->url), S("ldaps://"));
	LDAP *ld = NULL;
	int r;

	if (!tls_first && !str_starts(str_from(o->url), S("ldap://")))
		return err_set(e, EINVAL, "LDAP: '%s' is neither ldaps://HOST nor ldap://HOST",
			       o->url);
	if (ldap_initialize(&ld, o->url) != LDAP_SUCCESS)
		return err_set(e, EINVAL, "LDAP: '%s' is no address of a directory", o->url);
	if (set_options(ld, o) != LDAP_OPT_SUCCESS) {
		unbind(&ld);
		return err_set(e, EINVAL, "LDAP: the CA file '%s' cannot be used",
			       o->ca_file ? o->ca_file : "");
	}
	if (!tls_first && !o->clear) {
		r = ldap_start_tls_s(ld, NULL, NULL);
		if (r != LDAP_SUCCESS) {
			r = trouble(ld, r, "StartTLS", e);
			unbind(&ld);
			return r;
		}
	}
	*ret = ld;
	return 0;
}

static bool is_wrong_password(int code)
{
	return code == LDAP_INVALID_CREDENTIALS || code == LDAP_UNWILLING_TO_PERFORM ||
	       code == LDAP_CONSTRAINT_VIOLATION || code == LDAP_INAPPROPRIATE_AUTH ||
	       code == LDAP_NO_SUCH_OBJECT || code == LDAP_INSUFFICIENT_ACCESS;
}

/* @return -EACCES: the name or the password is not right */
static int bind_as(LDAP *ld, const char *dn, str password, struct err *e)
{
	struct berval secret = { .bv_len = password.n };
	char room[MAX_PASSWORD + 1];
	int r;

	if (password.n > MAX_PASSWORD)
		return err_set(e, EACCES, "LDAP: the directory refuses the password");
	memcpy(room, password.p, password.n);
	room[password.n] = '\0';
	secret.bv_val = room;
	r = ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
	explicit_bzero(room, sizeof(room));
	if (is_wrong_password(r))
		return err_set(e, EACCES, "LDAP: the directory refuses the password");
	return r == LDAP_SUCCESS ? 0 : trouble(ld, r, "bind", e);
}

static int bind_service(LDAP *ld, const struct ldap_options *o, struct err *e)
{
	int r;

	if (!o->bind_dn)
		return 0;
	r = bind_as(ld, o->bind_dn, str_from(o->bind_password), e);
	if (r == -EACCES)
		return err_set(e, EPERM, "LDAP: the directory refuses the account '%s'",
			       o->bind_dn);
	return r;
}

static int search(LDAP *ld, const struct ldap_options *o, const char *base, const char *filter,
		  char **attributes, int most, LDAPMessage **ret, struct err *e)
{
	struct timeval wait = { .tv_sec = o->timeout_s ? o->timeout_s : DEFAULT_TIMEOUT_S };
	LDAPMessage *answer = NULL;
	int r = ldap_search_ext_s(ld, base, LDAP_SCOPE_SUBTREE, filter, attributes, 0, NULL, NULL,
				  &wait, most, &answer);

	/* More than was asked for: what came counts, and the caller sees that it is too many. */
	if (r == LDAP_SUCCESS || (r == LDAP_SIZELIMIT_EXCEEDED && answer)) {
		*ret = answer;
		return 0;
	}
	free_message(&answer);
	return r == LDAP_NO_SUCH_OBJECT
		       ? err_set(e, EINVAL, "LDAP: the directory has no '%s'", base)
		       : trouble(ld, r, "search", e);
}

/* A value as text: bytes that are none (Active Directory's objectGUID) in hex. */
static str text_of(const struct berval *v, struct arena *a)
{
	str raw = { v->bv_val, v->bv_len };
	char *hex;

	if (text_ill_formed(raw) == raw.n && (raw.n == 0 || !memchr(raw.p, '\0', raw.n)))
		return arena_str(a, raw);
	hex = arena_alloc(a, 2 * raw.n + 1);
	if (!hex)
		return (str){ 0 };
	hex_render((const uint8_t *)raw.p, raw.n, hex);
	return (str){ hex, 2 * raw.n };
}

static int one_value(LDAP *ld, LDAPMessage *entry, const char *attribute, struct arena *a, str *ret,
		     struct err *e)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);

	*ret = values && values[0] ? text_of(values[0], a) : arena_str(a, (str){ 0 });
	ldap_value_free_len(values);
	return ret->p ? 0 : err_set(e, ENOBUFS, "LDAP: memory budget spent");
}

static int add_group(struct ldap_person *p, str group, struct err *e)
{
	if (!group.p)
		return err_set(e, ENOBUFS, "LDAP: memory budget spent");
	if (p->group_count < LDAP_MAX_GROUPS)
		p->groups[p->group_count++] = group;
	return 0;
}

static int groups_of_entry(LDAP *ld, LDAPMessage *entry, const char *attribute,
			   struct ldap_person *p, struct arena *a, struct err *e)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	int r = 0;

	for (size_t i = 0; values && values[i] && r == 0; i++)
		r = add_group(p, text_of(values[i], a), e);
	ldap_value_free_len(values);
	return r;
}

static int dn_of(LDAP *ld, LDAPMessage *entry, struct arena *a, str *ret, struct err *e)
{
	char *dn = ldap_get_dn(ld, entry);

	*ret = dn ? arena_str(a, str_from(dn)) : (str){ 0 };
	ldap_memfree(dn);
	return ret->p ? 0 : err_set(e, ENOBUFS, "LDAP: memory budget spent");
}

static int find_person(LDAP *ld, const struct ldap_options *o, str name, struct arena *a,
		       struct ldap_person *p, struct err *e)
{
	const char *subject = o->subject_attribute ? o->subject_attribute : "entryUUID";
	const char *display = o->display_attribute ? o->display_attribute : "cn";
	const char *member = o->member_attribute ? o->member_attribute : "memberOf";
	/* The library does not write to them. */
	char *attributes[] = { (char *)(uintptr_t)subject, (char *)(uintptr_t)display,
			       (char *)(uintptr_t)member, NULL };
	CLEANUP(free_message) LDAPMessage *answer = NULL;
	OWNED_BUF filter = BUF_INIT;
	LDAPMessage *entry;
	int r = ldap_filter(o->filter ? o->filter : "(uid=%s)", name, &filter, e);

	if (r == 0)
		r = search(ld, o, o->base, buf_cstr(&filter), attributes, 2, &answer, e);
	if (r < 0)
		return r;
	if (ldap_count_entries(ld, answer) != 1)
		return err_set(e, EACCES, "LDAP: there is not exactly one person of this name");
	entry = ldap_first_entry(ld, answer);
	r = dn_of(ld, entry, a, &p->dn, e);
	if (r == 0)
		r = one_value(ld, entry, subject, a, &p->subject, e);
	if (r == 0)
		r = one_value(ld, entry, display, a, &p->display, e);
	if (r == 0 && (!p->subject.n || !p->dn.n))
		r = err_set(e, EPROTO, "LDAP: the person has no %s", subject);
	return r < 0 ? r : groups_of_entry(ld, entry, member, p, a, e);
}

static int find_groups(LDAP *ld, const struct ldap_options *o, struct ldap_person *p,
		       struct arena *a, struct err *e)
{
	char none[] = LDAP_NO_ATTRS;
	char *attributes[] = { none, NULL };
	CLEANUP(free_message) LDAPMessage *answer = NULL;
	OWNED_BUF filter = BUF_INIT;
	int r;

	if (!o->group_base)
		return 0;
	r = ldap_filter(o->group_filter ? o->group_filter : "(member=%s)", p->dn, &filter, e);
	if (r == 0)
		r = search(ld, o, o->group_base, buf_cstr(&filter), attributes, LDAP_MAX_GROUPS,
			   &answer, e);
	for (LDAPMessage *m = r == 0 ? ldap_first_entry(ld, answer) : NULL; m && r == 0;
	     m = ldap_next_entry(ld, m)) {
		str dn;

		r = dn_of(ld, m, a, &dn, e);
		if (r == 0)
			r = add_group(p, dn, e);
	}
	return r;
}

static int check_password(const struct ldap_options *o, const struct ldap_person *p, str password,
			  struct err *e)
{
	CLEANUP(unbind) LDAP *ld = NULL;
	int r = connect_to(o, &ld, e);

	return r < 0 ? r : bind_as(ld, p->dn.p, password, e);
}

int ldap_authenticate(const struct ldap_options *o, str name, str password, struct arena *a,
		      struct ldap_person *ret, struct err *e)
{
	CLEANUP(unbind) LDAP *ld = NULL;
	struct ldap_person p = { 0 };
	int r;

	if (!name.n || name.n > MAX_NAME || !password.n)
		return err_set(e, EACCES, "LDAP: the directory refuses the password");
	p.groups = ARENA_ARRAY(a, LDAP_MAX_GROUPS, str);
	if (!p.groups)
		return err_set(e, ENOBUFS, "LDAP: memory budget spent");
	r = connect_to(o, &ld, e);
	if (r == 0)
		r = bind_service(ld, o, e);
	if (r == 0)
		r = find_person(ld, o, name, a, &p, e);
	if (r == 0)
		r = check_password(o, &p, password, e);
	if (r == 0)
		r = find_groups(ld, o, &p, a, e);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

#include "console/server/own_certificate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "codec/certificate.h"

#define DAY_S ((int64_t)86400)
#define AUTHORITY_S (3650 * DAY_S)
#define SERVER_S (365 * DAY_S)
/* Machines' clocks are not all right. */
#define BEFORE_S DAY_S

enum { NAME_BYTES = 256 };

struct maker {
	int folder;
	const char *const *wanted;
	char names[CERTIFICATE_MAX_NAMES][NAME_BYTES];
	const char *list[CERTIFICATE_MAX_NAMES];
	size_t count;
	struct certificate *authority;
	struct certificate_key *authority_key;
	struct buf all; /* the names, a line each: kept beside the certificate */
};

static int read_or_nothing(int folder, const char *name, struct buf *out, struct err *e)
{
	int r = file_read(folder, name, CERTIFICATE_MAX_BYTES, out, e);

	return r == -ENOENT ? 0 : r;
}

static void add_name(struct maker *m, const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= NAME_BYTES || m->count == CERTIFICATE_MAX_NAMES)
		return;
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->list[i], name) == 0)
			return;
	memcpy(m->names[m->count], name, n + 1);
	m->list[m->count] = m->names[m->count];
	m->count++;
	buf_printf(&m->all, "%s\n", name);
}

/** Addresses that others may reach it at. */
static void add_addresses(struct maker *m)
{
	struct ifaddrs *all = NULL;
	char text[INET6_ADDRSTRLEN];

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		const struct sockaddr_in *four = (const void *)a->ifa_addr;
		const struct sockaddr_in6 *six = (const void *)a->ifa_addr;
		const void *at = NULL;

		if (!a->ifa_addr)
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			at = &four->sin_addr;
		else if (a->ifa_addr->sa_family == AF_INET6 &&
			 !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
			at = &six->sin6_addr;
		if (at && inet_ntop(a->ifa_addr->sa_family, at, text, sizeof(text)))
			add_name(m, text);
	}
	freeifaddrs(all);
}

static void gather_names(struct maker *m)
{
	char host[NAME_BYTES] = "";

	for (size_t i = 0; m->wanted && m->wanted[i]; i++)
		add_name(m, m->wanted[i]);
	add_name(m, "localhost");
	add_name(m, "127.0.0.1");
	add_name(m, "::1");
	if (gethostname(host, sizeof(host) - 1) == 0)
		add_name(m, host);
	add_addresses(m);
}

static int make_authority(struct maker *m, struct err *e)
{
	int64_t now = (int64_t)time(NULL);
	struct certificate_wish w = { .purpose = CERTIFICATE_AUTHORITY,
				      .subject = "Skep console",
				      .from_s = now - BEFORE_S,
				      .to_s = now + AUTHORITY_S };
	OWNED_BUF pem = BUF_INIT;
	OWNED_BUF key = BUF_INIT;
	int r = certificate_key_generate(&m->authority_key, e);

	if (r == 0)
		r = certificate_key_render(m->authority_key, &key, e);
	if (r == 0)
		r = certificate_issue(&w, m->authority_key, NULL, NULL, &pem, e);
	if (r == 0)
		r = certificate_parse(buf_str(&pem), &m->authority, e);
	if (r == 0)
		r = file_write_atomic(m->folder, "authority.key", buf_str(&key), 0600, e);
	if (r == 0)
		r = file_write_atomic(m->folder, "authority.pem", buf_str(&pem), 0644, e);
	return r;
}

static int get_authority(struct maker *m, struct err *e)
{
	OWNED_BUF pem = BUF_INIT;
	OWNED_BUF key = BUF_INIT;
	int r = read_or_nothing(m->folder, "authority.pem", &pem, e);

	if (r == 0)
		r = read_or_nothing(m->folder, "authority.key", &key, e);
	if (r == 0 && !pem.n)
		return make_authority(m, e);
	if (r == 0)
		r = certificate_parse(buf_str(&pem), &m->authority, e);
	if (r == 0)
		r = certificate_key_parse(buf_str(&key), &m->authority_key, e);
	if (r == 0 && !certificate_is_of(m->authority, m->authority_key))
		r = err_set(e, EBADMSG, "the key is not the certificate's");
	return r < 0 ? err_wrap(e, r, "the console's authority") : 0;
}

/** Whether what is there will do for a while. */
static bool is_good(struct maker *m, str pem, str key, str names)
{
	struct certificate *c = NULL;
	struct certificate_key *k = NULL;
	struct certificate_facts f;
	int64_t now = (int64_t)time(NULL);
	bool good = pem.n && str_eq(names, buf_str(&m->all)) &&
		    certificate_parse(pem, &c, NULL) == 0 &&
		    certificate_key_parse(key, &k, NULL) == 0 && certificate_is_of(c, k) &&
		    certificate_is_signed_by(c, m->authority);

	if (good) {
		certificate_read(c, &f);
		good = f.from_s <= now && f.to_s - now > SERVER_S / 3;
	}
	certificate_free(c);
	certificate_key_free(k);
	return good;
}

static int make_server(struct maker *m, struct buf *pem, struct buf *key, struct err *e)
{
	int64_t now = (int64_t)time(NULL);
	struct certificate_wish w = { .purpose = CERTIFICATE_SERVER,
				      .subject = "Skep console server",
				      .names = m->list,
				      .name_count = m->count,
				      .from_s = now - BEFORE_S,
				      .to_s = now + SERVER_S };
	struct certificate_key *k = NULL;
	int r = certificate_key_generate(&k, e);

	buf_reset(pem);
	buf_reset(key);
	if (r == 0)
		r = certificate_key_render(k, key, e);
	if (r == 0)
		r = certificate_issue(&w, k, m->authority, m->authority_key, pem, e);
	certificate_key_free(k);
	if (r == 0)
		r = file_write_atomic(m->folder, "server.key", buf_str(key), 0600, e);
	if (r == 0)
		r = file_write_atomic(m->folder, "server.pem", buf_str(pem), 0644, e);
	if (r == 0)
		r = file_write_atomic(m->folder, "server.names", buf_str(&m->all), 0644, e);
	return r;
}

static int get_all(struct maker *m, struct buf *pem, struct buf *key, struct buf *authority,
		   struct err *e)
{
	OWNED_BUF names = BUF_INIT;
	int r = get_authority(m, e);

	if (r == 0)
		r = read_or_nothing(m->folder, "server.pem", pem, e);
	if (r == 0)
		r = read_or_nothing(m->folder, "server.key", key, e);
	if (r == 0)
		r = read_or_nothing(m->folder, "server.names", &names, e);
	if (r == 0 && !is_good(m, buf_str(pem), buf_str(key), buf_str(&names)))
		r = make_server(m, pem, key, e);
	if (r == 0)
		r = file_read(m->folder, "authority.pem", CERTIFICATE_MAX_BYTES, authority, e);
	return r;
}

int own_certificate_get(const char *folder, const char *const *names, struct buf *ret_certificate,
			struct buf *ret_key, struct buf *ret_authority, struct err *e)
{
	struct maker *m = calloc(1, sizeof(*m));
	int r = m ? file_make_dirs(folder, 0700, e)
		  : err_set(e, ENOMEM, "no memory for a certificate");

	if (r < 0) {
		free(m);
		return r;
	}
	m->wanted = names;
	m->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = m->folder < 0 ? err_sys(e, errno, "%s", folder) : 0;
	gather_names(m);
	if (r == 0)
		r = get_all(m, ret_certificate, ret_key, ret_authority, e);
	fd_close(&m->folder);
	certificate_free(m->authority);
	certificate_key_free(m->authority_key);
	buf_done(&m->all);
	free(m);
	return r < 0 ? err_wrap(e, r, "the certificate in '%s'", folder) : 0;
}

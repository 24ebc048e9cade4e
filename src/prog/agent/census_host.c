#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "asset/accounts.h"
#include "base/file.h"
#include "prog/agent/census_collect.h"

enum { PATH_BYTES = 512, HOST_USERS_MAX = 4096, CONTAINER_USERS_MAX = 512, TEXT_MAX = 256 };
#define FILE_MAX_BYTES ((uint64_t)1 << 20)

static void load(const char *root, const char *path, struct buf *b)
{
	char whole[PATH_BYTES];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	buf_reset(b);
	if (file_read(AT_FDCWD, whole, FILE_MAX_BYTES, b, NULL) < 0)
		buf_reset(b);
}

/** The value of KEY=value or KEY="value" (os-release(5)). */
static str assigned(str text, str key)
{
	while (text.n) {
		str line = str_line(&text);

		if (!str_starts(line, key))
			continue;
		line = str_trim(str_skip(line, key.n));
		if (line.n >= 2 && (line.p[0] == '"' || line.p[0] == '\''))
			line = str_take(str_skip(line, 1), line.n - 2);
		return str_take(line, 200);
	}
	return (str){ 0 };
}

static void put_os(struct json_out *j, const char *root)
{
	OWNED_BUF b = BUF_INIT;

	load(root, "/etc/os-release", &b);
	json_opt_str(j, "os", assigned(buf_str(&b), S("PRETTY_NAME=")));
	json_opt_str(j, "osId", assigned(buf_str(&b), S("ID=")));
	json_opt_str(j, "osVersion", assigned(buf_str(&b), S("VERSION_ID=")));
	load(root, "/etc/machine-id", &b);
	json_opt_str(j, "machineId", str_take(str_trim(buf_str(&b)), 64));
}

static void put_boot(struct json_out *j, const char *root)
{
	OWNED_BUF b = BUF_INIT;
	str rest;
	uint64_t s;

	load(root, "/proc/stat", &b);
	for (rest = buf_str(&b); rest.n;) {
		str line = str_line(&rest);

		if (str_starts(line, S("btime ")) && str_u64(str_skip(line, 6), &s) == 0)
			json_put_uint(j, "bootTime", s);
	}
}

static void put_addresses(struct json_out *j)
{
	struct ifaddrs *all = NULL;

	json_key(j, "addresses");
	json_array_open(j);
	if (getifaddrs(&all) < 0)
		all = NULL;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		char text[NI_MAXHOST];
		socklen_t n;

		if (!i->ifa_addr || !i->ifa_name || strcmp(i->ifa_name, "lo") == 0 ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		n = i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						      : sizeof(struct sockaddr_in6);
		if (getnameinfo(i->ifa_addr, n, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
			json_str(j, str_take(str_from(text), str_find(str_from(text), '%')));
	}
	json_array_close(j);
	if (all)
		freeifaddrs(all);
}

void census_host_look(struct census *c, const char *root, str engines)
{
	OWNED_BUF doc = BUF_INIT;
	struct utsname u = { 0 };
	struct sysinfo m = { 0 };
	struct json_out j;

	uname(&u);
	sysinfo(&m);
	census_begin(c, CENSUS_HOST);
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_cstr(&j, "id", "host");
	json_put_cstr(&j, "name", u.nodename);
	json_put_cstr(&j, "kernel", u.release);
	json_put_cstr(&j, "architecture", u.machine);
	json_put_cstr(&j, "agentVersion", SKEP_VERSION);
	json_put_int(&j, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	json_put_uint(&j, "memoryBytes", (uint64_t)m.totalram * m.mem_unit);
	put_os(&j, root);
	put_boot(&j, root);
	put_addresses(&j);
	json_object_close(&j);
	if (!buf_error(&doc)) {
		doc.n--;
		buf_printf(&doc, ",\"engines\":%.*s}", STR_ARG(engines));
		census_put(c, CENSUS_HOST, S("host"), buf_str(&doc));
	}
	census_end(c, CENSUS_HOST);
}

static bool may_log_in(str shell)
{
	return !(str_ends(shell, S("/nologin")) || str_ends(shell, S("/false")) ||
		 str_ends(shell, S("/sync")) || str_ends(shell, S("/halt")) ||
		 str_ends(shell, S("/shutdown")));
}

struct users_look {
	struct census *census;
	struct asset *asset;
	uint64_t left_out;
};

/** Two may share a number, as one does who was added to be root as well: the name is what an entry is found by. */
static void put_user(struct census *c, const struct container *of, const struct account *x)
{
	OWNED_BUF doc = BUF_INIT;
	OWNED_BUF id = BUF_INIT;
	struct json_out j;

	if (of->runtime != CONTAINER_HOST)
		buf_printf(&id, "%.*s/", STR_ARG(of->id));
	buf_add(&id, x->name);
	if (buf_error(&id) || census_has(c, CENSUS_USER, buf_str(&id)))
		return;
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", buf_str(&id));
	json_put_str(&j, "name", x->name);
	json_put_uint(&j, "uid", x->user);
	json_put_uint(&j, "group", x->group);
	json_opt_str(&j, "home", str_take(x->home, TEXT_MAX));
	json_opt_str(&j, "shell", str_take(x->shell, TEXT_MAX));
	json_put_bool(&j, "loginAllowed", may_log_in(x->shell));
	json_put_str(&j, "container", of->id);
	json_object_close(&j);
	census_put_doc(c, CENSUS_USER, buf_str(&id), &doc);
}

/* Each container repeats its image's accounts of services: of those, only who is root is told. */
static bool is_told(const struct container *of, const struct account *x)
{
	return of->runtime == CONTAINER_HOST || x->user == 0 || may_log_in(x->shell);
}

static void put_users(void *ctx, const struct container *of)
{
	const int most = of->runtime == CONTAINER_HOST ? HOST_USERS_MAX : CONTAINER_USERS_MAX;
	struct users_look *k = ctx;
	struct account x;
	str rest;
	int r = asset_users(k->asset, of, &rest);

	k->left_out += r == -E2BIG;
	for (int n = 0; r == 0 && accounts_next(&rest, &x);) {
		if (!is_told(of, &x))
			continue;
		if (n++ < most)
			put_user(k->census, of, &x);
		else
			k->left_out++;
	}
}

uint64_t census_users_look(struct census *c, struct asset *a)
{
	struct users_look k = { c, a, 0 };

	census_begin(c, CENSUS_USER);
	put_users(&k, asset_host(a));
	asset_each(a, put_users, &k);
	census_end(c, CENSUS_USER);
	return k.left_out;
}

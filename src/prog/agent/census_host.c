#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "prog/agent/census_collect.h"

enum { PATH_BYTES = 512 };
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

#include "prog/agent/census_lone.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/proc_stat.h"

#define ARGS_MAX ((uint64_t)64 << 10)
enum { ID_DIGITS = 64 };

static bool is_id(str s)
{
	return s.n == ID_DIGITS && str_is_hex(s);
}

str census_lone_parse(str args)
{
	bool next = false;

	while (args.n) {
		str one = str_cut(&args, '\0');

		if (next)
			return is_id(one) ? one : (str){ 0 };
		next = str_is(one, "-c") || str_is(one, "--cid");
	}
	return (str){ 0 };
}

static bool is_grown_up(const struct proc_stat *s)
{
	struct timespec up;

	if (clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return false;
	return (uint64_t)up.tv_sec >=
	       s->start_ticks / (uint64_t)sysconf(_SC_CLK_TCK) + CENSUS_LONE_YOUNG_NS / SECOND_NS;
}

static bool was_told(struct census_lone *l, str id)
{
	const uint64_t hash = str_hash(id);

	for (size_t i = 0; i < l->count; i++)
		if (l->told[i] == hash)
			return true;
	if (l->count < CENSUS_LONE_MAX)
		l->told[l->count++] = hash;
	else
		return true;
	return false;
}

bool census_lone_look(struct census_lone *l, int proc_fd, struct census *c, lone_teller tell,
		      void *ctx)
{
	DIR *d = file_open_folder(openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	bool young = false;

	if (!d)
		return false;
	for (struct dirent *f; (f = readdir(d));) {
		struct lone_container found = { 0 };
		OWNED_BUF args = BUF_INIT;
		struct proc_stat s;
		struct stat st;
		char name[32];
		str id;

		if (str_u32(str_from(f->d_name), &found.pid) < 0 ||
		    proc_stat_read(proc_fd, found.pid, &s, NULL) < 0 ||
		    strcmp(s.name, "conmon") != 0)
			continue;
		if (!is_grown_up(&s)) {
			young = true;
			continue;
		}
		snprintf(name, sizeof(name), "%u", found.pid);
		if (fstatat(proc_fd, name, &st, 0) < 0)
			continue;
		snprintf(name, sizeof(name), "%u/cmdline", found.pid);
		if (file_read(proc_fd, name, ARGS_MAX, &args, NULL) < 0)
			continue;
		id = census_lone_parse(buf_str(&args));
		if (!id.n || census_has(c, CENSUS_CONTAINER, id) || was_told(l, id))
			continue;
		snprintf(found.id, sizeof(found.id), "%.*s", STR_ARG(id));
		found.user = st.st_uid;
		tell(ctx, &found);
	}
	closedir(d);
	return young;
}

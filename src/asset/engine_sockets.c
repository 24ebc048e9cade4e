#include "asset/engine_sockets.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	enum engine_kind kind;
	const char *path;
	bool is_other_name; /* of the one before it, nearly everywhere */
} usual[] = {
	{ ENGINE_DOCKER, "/run/docker.sock", false },
	{ ENGINE_DOCKER, "/var/run/docker.sock", true },
	{ ENGINE_PODMAN, "/run/podman/podman.sock", false },
};

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino &&
				     x.st_dev == y.st_dev);
}

/* @return it; NULL: it is there already under this or another name, its path is too long, or there are too many */
static const struct engine_socket *add(struct engine_sockets *s, enum engine_kind kind,
				       const char *root, const char *path)
{
	struct engine_socket *x = &s->list[s->count];
	size_t n = root ? strlen(root) : 0;

	while (n && root[n - 1] == '/')
		n--;
	if (s->count == ENGINE_SOCKETS_MAX ||
	    snprintf(x->path, sizeof(x->path), "%.*s%s", (int)n, root ? root : "", path) >=
		    (int)sizeof(x->path))
		return NULL;
	for (size_t i = 0; i < s->count; i++)
		if (is_same_file(x->path, s->list[i].path))
			return NULL;
	x->kind = kind;
	s->count++;
	return x;
}

void engine_sockets_usual(const char *root, const char *host, struct engine_sockets *ret)
{
	*ret = (struct engine_sockets){ 0 };
	if (host && strncmp(host, "unix://", 7) == 0)
		(void)add(ret, strstr(host, "podman") ? ENGINE_PODMAN : ENGINE_DOCKER, "",
			  host + 7);
	for (size_t i = 0; !host && i < ARRAY_LEN(usual); i++)
		if (!usual[i].is_other_name || access(usual[i].path, F_OK) == 0)
			(void)add(ret, usual[i].kind, root, usual[i].path);
}

void engine_sockets_add_places(struct engine_sockets *s, const char *root, const struct places *p)
{
	for (size_t i = 0; i < p->socket_count; i++)
		(void)add(s, ENGINE_DOCKER, root, p->docker_sockets[i]);
}

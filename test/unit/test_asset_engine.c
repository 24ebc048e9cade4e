/* A host full of containers that only their engine knows: an engine of the test's own, played by a child. */
#include "asset_host.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"

#define CONTAINERS 1500
#define PATIENCE_NS (120 * SECOND_NS)

/* What the child was asked, counted where the test sees it. */
struct asked {
	_Atomic unsigned int lists, descriptions, events;
};

struct played_engine {
	char host[64];
	struct asked *asked;
	pid_t child;
};

/* Ids in no order, as engines make them; the same for the same number. */
static void make_id(size_t i, char id[65])
{
	snprintf(id, 65, "%064llx", (unsigned long long)(i + 1) * 0x9e3779b97f4a7c15ull);
}

static void answer(FILE *to, const char *what, struct asked *asked)
{
	char id[65];

	fprintf(to,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
	if (strncmp(what, "/events", 7) == 0) {
		asked->events++;
	} else if (strcmp(what, "/containers/json") == 0) {
		asked->lists++;
		for (size_t i = 0; i < CONTAINERS; i++) {
			make_id(i, id);
			fprintf(to, "%c{\"Id\":\"%s\"}", i ? ',' : '[', id);
		}
		fputc(']', to);
	} else if (sscanf(what, "/containers/%64[0-9a-f]/json", id) == 1) {
		asked->descriptions++;
		fprintf(to,
			"{\"Id\":\"%s\",\"Name\":\"/of-%s\",\"Config\":{\"Image\":\"plain:1\"},"
			"\"HostConfig\":{},\"State\":{\"Pid\":77}}",
			id, id);
	}
}

/* Streams of events stay open. */
static _Noreturn void play(int listener, struct asked *asked)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char request[4096], what[256];
		ssize_t n = fd < 0 ? -1 : read(fd, request, sizeof(request) - 1);
		FILE *to;

		request[MAX(n, 0)] = '\0';
		to = n > 0 && sscanf(request, "GET %255s", what) == 1 ? fdopen(fd, "w") : NULL;
		if (!to)
			continue;
		answer(to, what, asked);
		fflush(to);
		if (strncmp(what, "/events", 7) != 0)
			fclose(to);
	}
}

static void start_engine(const struct fixture *f, struct played_engine *ret)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	pid_t parent = getpid();
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/engine.sock", f->root);
	snprintf(ret->host, sizeof(ret->host), "unix://%s", at.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 64), 0);
	ret->asked = mmap(NULL, sizeof(*ret->asked), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(ret->asked, MAP_FAILED);
	ret->child = fork();
	assert_true(ret->child >= 0);
	if (ret->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		if (getppid() == parent)
			play(listener, ret->asked);
		_exit(1);
	}
	close(listener);
}

static void end_engine(struct played_engine *g)
{
	kill(g->child, SIGKILL);
	waitpid(g->child, NULL, 0);
	munmap(g->asked, sizeof(*g->asked));
}

static void count_known(void *ctx, const struct container *c)
{
	size_t *known = ctx;
	OWNED_BUF name = BUF_INIT;

	buf_printf(&name, "of-%.*s", STR_ARG(c->id));
	*known += (c->known & CONTAINER_METADATA) && str_eq(c->name, buf_str(&name));
}

/* @return how many are known in the end */
static size_t ask_until_settled(struct asset *a)
{
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	size_t known = 0;

	do {
		struct pollfd p = { .fd = asset_fd(a), .events = POLLIN };

		(void)!poll(&p, 1, 5);
		assert_int_equal(asset_poll(a, NULL, NULL, NULL), 0);
		known = 0;
		asset_each(a, count_known, &known);
	} while (!(known == CONTAINERS && asset_settled(a)) && clock_ns(CLOCK_MONOTONIC) < end);
	return known;
}

static void every_container_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct played_engine g;
	struct asset_config c = { .root = f->root, .docker_host = g.host };

	asset_free(TAKE(&f->a));
	start_engine(f, &g);
	assert_int_equal(asset_new(&c, &f->a, NULL), 0);
	for (size_t i = 0; i < CONTAINERS; i++) {
		char path[80] = "/docker/";

		make_id(i, path + strlen(path));
		/* No file tells what it is: not known yet. */
		assert_null(asset_cgroup_made(f->a, 100 + i, str_from(path)));
	}
	assert_int_equal(ask_until_settled(f->a), CONTAINERS);
	/* Not in a circle: the list is read as often as there are pages of it, and again each minute of a slow machine. */
	assert_in_range(g.asked->lists, 3, 12);
	assert_in_range(g.asked->descriptions, CONTAINERS, 4 * CONTAINERS);
	assert_int_equal(g.asked->events, 1);
	end_engine(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(every_container_is_asked_for) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

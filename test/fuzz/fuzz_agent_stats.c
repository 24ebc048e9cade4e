/*
 * What the agent tells of itself, were it any bytes: the control client gives back the lines as they are and in their order,
 * until the peer hangs up or a line grows without end; and of a line that is a document, each metric is a line Prometheus can read.
 */
#include "fuzz.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "input.h"
#include "prog/agent/agent.h"
#include "prog/agent/metrics.h"

static int listener = -1;
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void remove_socket(void)
{
	unlink(address.sun_path);
}

static void listen_once(void)
{
	if (listener >= 0)
		return;
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/fuzz-agent-stats-%d",
		 (int)getpid());
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(address.sun_path);
	assert(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(listener, 4) == 0);
	atexit(remove_socket);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static str take_name(str *s)
{
	size_t n = 0;

	while (n < s->n && is_name(s->p[n]))
		n++;
	*s = str_skip(*s, n);
	return (str){ s->p - n, n };
}

/* name="value",... with nothing but \\, \" and \n behind a backslash; s stands behind the brace after it. */
static void check_labels(str *s)
{
	do {
		*s = str_skip(*s, 1);
		assert(take_name(s).n && str_starts(*s, S("=\"")));
		*s = str_skip(*s, 2);
		while (s->n && s->p[0] != '"') {
			assert(s->p[0] != '\\' || (s->n > 1 && strchr("\\\"n", s->p[1])));
			*s = str_skip(*s, s->p[0] == '\\' ? 2 : 1);
		}
		assert(s->n > 1);
		*s = str_skip(*s, 1);
	} while (s->p[0] == ',');
	assert(s->p[0] == '}');
	*s = str_skip(*s, 1);
}

static void check_metrics(str all)
{
	assert(str_ends(all, S("\n")) && text_ill_formed(all) == all.n);
	while (all.n) {
		str line = str_cut(&all, '\n');
		char *end, number[512];

		if (str_starts(line, S("# HELP ")) || str_starts(line, S("# TYPE ")))
			continue;
		assert(str_starts(line, S("skep_")) && take_name(&line).n && line.n);
		if (line.p[0] == '{')
			check_labels(&line);
		assert(str_starts(line, S(" ")) && line.n > 1 && line.n < sizeof(number));
		memcpy(number, line.p + 1, line.n - 1);
		number[line.n - 1] = '\0';
		(void)strtod(number, &end);
		assert(*end == '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str all = { (const char *)data, size }, line;
	struct agent_control *c;
	OWNED_BUF metrics = BUF_INIT;
	int fd;

	/* The peer's bytes wait in the socket: there is one thread. */
	if (size > 32768)
		return 0;
	listen_once();
	assert(agent_control_open(address.sun_path, &c, NULL) == 0);
	fd = accept(listener, NULL, NULL);
	assert(fd >= 0 && send(fd, all.p, all.n, MSG_NOSIGNAL) == (ssize_t)all.n);
	close(fd);
	while (str_find(all, '\n') < all.n) {
		str wanted = str_cut(&all, '\n');

		assert(agent_control_next(c, &line, NULL) == 1 && str_eq(line, wanted));
		buf_reset(&metrics);
		if (metrics_render(line, &metrics, NULL) == 0)
			check_metrics(buf_str(&metrics));
	}
	assert(agent_control_next(c, &line, NULL) == -EPIPE);
	agent_control_close(c);
	return 0;
}

/* A reader that was taken over says what it likes: what is passed on is of a root that was asked, bounded, and told between its
 * beginning and its end; and all is said to be told only when no root is left open. */
#include "fuzz.h"

#include <fcntl.h>
#include <unistd.h>

#include "prog/agent/users_reader.h"

enum { FILES = 3, MOST = 5 };

struct heard {
	const struct users_reader *reader;
	uint32_t users;
};

static void on_user(void *ctx, size_t file, const struct account *x)
{
	struct heard *h = ctx;

	assert(file < FILES && file == h->reader->at && h->reader->reading);
	assert(x->name.n && x->name.n <= ACCOUNTS_TEXT_MAX);
	assert(x->home.n <= ACCOUNTS_TEXT_MAX && x->shell.n <= ACCOUNTS_TEXT_MAX);
	assert(++h->users <= MOST);
}

static void on_end(void *ctx, size_t file, const struct users_end *end)
{
	struct heard *h = ctx;

	assert(file < FILES && file == h->reader->at && end->gap <= USERS_TOO_LARGE);
	h->users = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct users_reader r = { .count = FILES, .most = MOST };
	struct heard h = { &r, 0 };
	const struct users_calls calls = { on_user, on_end, &h };
	int ends[2], done;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return 0;
	(void)!write(ends[1], data, size);
	close(ends[1]);
	r.answer = ends[0];
	done = users_reader_work(&r, 0, &calls);
	assert(done == 1 ? r.complete && !r.reading : done == -ECHILD);
	close(ends[0]);
	buf_done(&r.frame);
	return 0;
}

#include <signal.h>
#include <sys/prctl.h>

#include "prog/skep/help.h"
#include "prog/skep/invocation.h"
#include "prog/skep/log.h"
#include "prog/skep/progress.h"
#include "prog/skep/translate.h"

#define MEMORY_BYTES ((size_t)1 << 30)

static void on_signal(int signal)
{
	static const char wipe[] = "\r\033[K";

	/* Results are files renamed into place when whole, so there is nothing to undo. */
	if (isatty(STDERR_FILENO) && write(STDERR_FILENO, wipe, sizeof(wipe) - 1) < 0)
		_exit(EXIT_CODE_INTERNAL);
	_exit(128 + signal);
}

static void set_up_process(void)
{
	struct sigaction end = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	/* A reader that went away is an error of the write, which finish() and every peer's code look at. */
	sigaction(SIGPIPE, &ignore, NULL);
	/* Nothing here or below ever needs more rights than the user gave. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/** Hands the result over: what could not be written must not look like success. */
static int finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE) {
		/* `skep ... | head`: end as every program does whose reader has seen enough. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	log_error("standard output: %s", strerror(errno));
	return EXIT_CODE_INTERNAL;
}

static int show_help(struct invocation *v, FILE *to)
{
	OWNED_BUF text = BUF_INIT;

	if (v->command)
		help_command(&text, v->command, false, v->lang);
	else
		help_overview(&text, v->lang);
	fputs(buf_cstr(&text), to);
	return EXIT_CODE_OK;
}

static int show_version(void)
{
	printf("skep %s\n", SKEP_VERSION);
	return EXIT_CODE_OK;
}

static int run(struct invocation *v, int argc, const char *const *argv)
{
	int r = invocation_init(v, argc, argv);

	if (r >= 0 && option_flag(&v->options, "help"))
		return show_help(v, stdout);
	if (r >= 0 && option_flag(&v->options, "version"))
		return show_version();
	if (r >= 0 && (!v->command || !v->command->run)) {
		show_help(v, stderr);
		return EXIT_CODE_USAGE;
	}
	if (r >= 0)
		r = v->command->run(v);
	progress_done();
	if (r >= 0)
		return r;
	log_error("%s", v->err.text[0] ? v->err.text : strerror(-r));
	return exit_code_of(r);
}

int main(int argc, char **argv)
{
	struct invocation v = { .out = stdout };
	struct arena arena;
	const char *const *words = (const char *const *)argv + 1;
	int n = argc > 0 ? argc - 1 : 0, code;

	set_up_process();
	arena_init(&arena, MEMORY_BYTES);
	v.arena = &arena;
	v.lang = invocation_guess_lang(n, words);
	v.err.translate = translate_to(v.lang);
	log_setup(LOG_NOTE, false, v.lang);
	code = finish(run(&v, n, words));
	arena_done(&arena);
	return code;
}

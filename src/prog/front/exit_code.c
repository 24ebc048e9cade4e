#include "prog/front/exit_code.h"

const struct exit_code_text exit_code_texts[] = {
#define X(id, number, en, zh) { EXIT_CODE_##id, { en, zh } },
#include "prog/front/exit_code.def"
#undef X
};

const size_t exit_code_text_count = ARRAY_LEN(exit_code_texts);

int exit_code_of(int r)
{
	switch (r < 0 ? -r : r) {
	case 0:
		return EXIT_CODE_OK;
	case EINVAL:
		return EXIT_CODE_USAGE;
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case EPERM:
	case EBADMSG:
	case EUCLEAN:
	case EPROTO:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ECONNREFUSED:
	case ECONNRESET:
	case ETIMEDOUT:
		return EXIT_CODE_TARGET;
	case ENODATA:
	case ESTALE:
		return EXIT_CODE_DATA;
	case EINTR:
		return EXIT_CODE_INTERRUPTED;
	default:
		return EXIT_CODE_INTERNAL;
	}
}

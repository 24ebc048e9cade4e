/** @file
 * What reads users' files in the agent, played by the test itself: prog/agent/users_broker.h.
 */
#ifndef SKEP_TEST_USERS_LOOKED_UP_H
#define SKEP_TEST_USERS_LOOKED_UP_H

#include <fcntl.h>
#include <sys/stat.h>

#include "asset/accounts.h"
#include "base/buf.h"
#include "base/file.h"

/** Files as a reader would tell them. @param fault the one that hangs @return how many looks there were */
static inline size_t look_at_users(struct accounts *to, size_t fault)
{
	static const char *const names[ACCOUNT_FILES] = { "etc/passwd", "etc/group" };
	struct account_source files[ACCOUNTS_BATCH];
	size_t n = accounts_ask(to, files);

	for (size_t i = 0; i < n && i != fault; i++) {
		OWNED_FD root = openat(files[i].fd, files[i].path, O_PATH | O_CLOEXEC);
		struct account_version v = { .inode = 1 };
		OWNED_BUF text = BUF_INIT;
		struct account x;
		struct stat st;
		int r = root < 0 ? -ESRCH
				 : file_read(root, names[files[i].file], files[i].max_bytes, &text,
					     NULL);

		if (r == 0 && fstatat(root, names[files[i].file], &st, 0) == 0)
			v = (struct account_version){ st.st_ino, (uint64_t)st.st_size,
						      (uint64_t)st.st_ctim.tv_sec * 1000000000u +
							      (uint64_t)st.st_ctim.tv_nsec,
						      st.st_uid, 0 };
		if (r == 0 && memcmp(&v, &files[i].seen, sizeof(v)) == 0) {
			accounts_end(to, i, ACCOUNT_SAME, &v, 0);
			continue;
		}
		for (str rest = r < 0 ? S("") : buf_str(&text);
		     accounts_next((enum account_file)files[i].file, &rest, &x);)
			accounts_take(to, i, &x);
		accounts_end(to, i,
			     root < 0       ? ACCOUNT_GONE
			     : r == -ENOENT ? ACCOUNT_NONE
			     : r < 0        ? ACCOUNT_CLOSED
					    : ACCOUNT_READ,
			     &v, 0);
	}
	if (n)
		accounts_over(to, fault, NULL);
	return n / ACCOUNT_FILES;
}

#endif

#include "base/privilege.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What Linux 5.13 knows of. Later rights (truncate, ioctl) are left alone: each would need its own probing. */
#define RIGHTS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE \
	(RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_REG)
#define RIGHTS_FOLDERS (LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define RIGHTS_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

int privilege_keep(uint64_t keep, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "cannot set no_new_privs");
	/* Fails without CAP_SETPCAP; then no_new_privs alone already keeps the bounding set from mattering. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep & PRIVILEGE(cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, d) < 0)
		return err_sys(e, errno, "cannot drop capabilities");
	for (size_t i = 0; i < ARRAY_LEN(d); i++) {
		d[i].permitted &= (uint32_t)(keep >> (32 * i));
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, d) < 0)
		return err_sys(e, errno, "cannot drop capabilities");
	return 0;
}

bool privilege_has(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &head, d) == 0 &&
	       d[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

int privilege_become(uid_t uid, gid_t gid, uint64_t keep, struct err *e)
{
	int at_end = 0;

	if (prctl(PR_GET_PDEATHSIG, &at_end) < 0 || prctl(PR_SET_KEEPCAPS, 1) < 0 ||
	    setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0 || prctl(PR_SET_KEEPCAPS, 0) < 0 ||
	    (at_end && prctl(PR_SET_PDEATHSIG, at_end) < 0))
		return err_sys(e, errno, "cannot give up root's rights");
	return privilege_keep(keep, e);
}

static void allow(int rules, const struct privilege_place *p)
{
	struct landlock_path_beneath_attr a = { .allowed_access =
							p->writable ? RIGHTS_WRITE : RIGHTS_READ };
	struct stat st;
	OWNED_FD fd = open(p->path, O_PATH | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	if (p->folders)
		a.allowed_access |= RIGHTS_FOLDERS;
	if (!S_ISDIR(st.st_mode))
		a.allowed_access &= RIGHTS_FILE;
	a.parent_fd = fd;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
}

int privilege_confine(const struct privilege_place *places, size_t count, struct err *e)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = RIGHTS };
	OWNED_FD rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	if (rules < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		allow(rules, &places[i]);
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return err_sys(e, errno, "cannot close the file system");
	return 0;
}

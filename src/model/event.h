/** @file
 * An event: something a process did, with the facts the kernel knew at that moment.
 *
 * Paths, arguments and addresses are values the kernel itself used, read after it had copied and resolved them (or as
 * the program gave them where only that is known, see EVENT_RACY). Spans borrow from whoever delivered the event and
 * live until its handler returns. Bytes in them are hostile: any byte but NUL may occur in names and paths.
 */
#ifndef SKEP_MODEL_EVENT_H
#define SKEP_MODEL_EVENT_H

#include "base/str.h"

enum event_type {
#define X(id, name, family) EVENT_##id,
#include "model/event_type.def"
#undef X
	EVENT_TYPE_COUNT
};

enum event_family {
	EVENT_FAMILY_EXEC, /**< exec, cwd, path (as given) */
	/** task is the child; fork; flags (CLONE_*); arg[0] process, arg[1] its start: who forked it, 0: its parent did */
	EVENT_FAMILY_FORK,
	EVENT_FAMILY_EXIT,     /**< the last thread left; res: wait status */
	EVENT_FAMILY_OPEN,     /**< fd, path, raw, flags (O_*), mode; res: descriptor or -errno */
	EVENT_FAMILY_RENAME,   /**< path, path2 and raw, raw2: from, to; flags */
	EVENT_FAMILY_LINK,     /**< path: existing file, path2: new name */
	EVENT_FAMILY_SYMLINK,  /**< path: target text as given, path2: new name */
	EVENT_FAMILY_UNLINK,   /**< path, flags */
	EVENT_FAMILY_RMDIR,    /**< path */
	EVENT_FAMILY_MKDIR,    /**< path, mode */
	EVENT_FAMILY_MKNOD,    /**< path, mode; arg[0]: device */
	EVENT_FAMILY_CHMOD,    /**< path, mode; fd for fchmod */
	EVENT_FAMILY_CHOWN,    /**< path; arg[0] user, arg[1] group, -1: unchanged */
	EVENT_FAMILY_TRUNCATE, /**< path; arg[0] size in bytes */
	EVENT_FAMILY_SETXATTR, /**< path; text: attribute's name */
	EVENT_FAMILY_SOCKET,   /**< arg[0] domain, arg[1] type, arg[2] protocol; res */
	EVENT_FAMILY_CONNECT,  /**< fd with both ends; res, -EINPROGRESS too */
	EVENT_FAMILY_ACCEPT,   /**< fd: the new connection */
	EVENT_FAMILY_BIND,     /**< fd with the local end */
	EVENT_FAMILY_LISTEN,   /**< fd; arg[0] backlog */
	EVENT_FAMILY_SEND,     /**< fd with this call's ends; res: bytes or -errno */
	EVENT_FAMILY_RECV,     /**< fd; text: first bytes received, where rules ask for them */
	EVENT_FAMILY_DUP, /**< fd: what is duplicated; arg[0] old, arg[1] new descriptor; flags */
	EVENT_FAMILY_PTRACE,     /**< arg[0] request, arg[1] process */
	EVENT_FAMILY_PROCESS_VM, /**< arg[1] process */
	EVENT_FAMILY_KILL,       /**< arg[0] signal, arg[1] process */
	EVENT_FAMILY_NAMESPACE,  /**< flags (CLONE_NEW*); for setns fd: what was given */
	EVENT_FAMILY_MOUNT, /**< path: target, path2: source, text: file system type, flags (MS_*) */
	EVENT_FAMILY_CHROOT, /**< path */
	EVENT_FAMILY_SETID,  /**< arg[0..2] as given, -1: unchanged */
	EVENT_FAMILY_CAPSET, /**< caps: the new sets */
	EVENT_FAMILY_BPF,    /**< arg[0] command, arg[1] program or map type, where known */
	EVENT_FAMILY_MODULE, /**< path (finit_module: of the file), text: module name where known */
	EVENT_FAMILY_OTHER,  /**< arg[0..3] as given */
	EVENT_FAMILY_MEMFD,  /**< text: name; flags */
	EVENT_FAMILY_KEY,    /**< arg[0] operation; text: description */
	EVENT_FAMILY_MEMORY, /**< arg[0] length, arg[1] protection (PROT_*), flags (MAP_*); writable and executable */
	EVENT_FAMILY_DNS, /**< text: name asked, lower case, without the last dot; arg[0] record type; fd: both ends */
	EVENT_FAMILY_CGROUP, /**< cgroup_id, path: below the hierarchy's root; arg[0]: hierarchy id */
	EVENT_FAMILY_CONTAINER, /**< a container came or went, told by asset */
	EVENT_FAMILY_USAGE, /**< what a container did in the last interval, made by watch: usage */
	EVENT_FAMILY_LOSS,  /**< events were lost: arg[0] how many, arg[1] enum event_loss */
	EVENT_FAMILY_STDIO, /**< fd: what descriptor 0, 1 or 2 leads to; told before an event whose rules ask for it */
	EVENT_FAMILY_COUNT
};

const char *event_type_name(enum event_type t);
/** Of each type; what event_type_family() reads. */
extern const uint8_t event_families[EVENT_TYPE_COUNT];
/** Every event is asked several times; EVENT_FAMILY_COUNT of what is no type. */
static inline enum event_family event_type_family(enum event_type t)
{
	return t < EVENT_TYPE_COUNT ? (enum event_family)event_families[t] : EVENT_FAMILY_COUNT;
}
/** Whether such events are what a process did, not what the agent says of a container or of itself. */
bool event_type_is_of_process(enum event_type t);
/** The type called @p name, or EVENT_TYPE_COUNT. */
enum event_type event_type_find(str name);

/** Why events are lost; each is counted, by container where one is known. */
enum event_loss {
	EVENT_LOSS_RING_STATE, /**< the ring of process events was full */
	EVENT_LOSS_RING_BULK,  /**< the ring of all other events was full */
	EVENT_LOSS_RATE,       /**< the container spent its budget of events */
	EVENT_LOSS_READ,       /**< the kernel side could not read what the event needed */
	EVENT_LOSS_HELD,       /**< held for an unknown container, and too many were */
	/** the kernel passed a hook over that was at work on that processor already: so many calls, wanted or not */
	EVENT_LOSS_SKIPPED,
	EVENT_LOSS_COUNT
};

/** A process's name for as long as the host runs: numbers are used again, pairs are not. */
struct process_key {
	uint32_t pid;      /**< thread group, in the first pid namespace; 0: none */
	uint64_t start_ns; /**< when its first thread began, CLOCK_BOOTTIME */
};

static inline bool process_key_eq(struct process_key a, struct process_key b)
{
	return a.pid == b.pid && a.start_ns == b.start_ns;
}

struct event_caps {
	uint64_t effective, permitted, inheritable; /**< bit n: capability n */
};

enum event_exe_flag {
	EVENT_EXE_WRITABLE = 1 << 0, /**< by the user that runs it */
	/** overlayfs: from the container's own layer, not from the image */
	EVENT_EXE_UPPER = 1 << 1,
	EVENT_EXE_LOWER = 1 << 2, /**< overlayfs: from the image */
	EVENT_EXE_MEMFD = 1 << 3,
	EVENT_EXE_DELETED = 1 << 4, /**< no name leads to it any more */
	EVENT_EXE_SETUID = 1 << 5,
	EVENT_EXE_SETGID = 1 << 6,
	/** the script (#!) that was started, if one was, is known; of one that is not on an overlayfs no more is said */
	EVENT_EXE_SCRIPT_SEEN = 1 << 7,
	EVENT_EXE_SCRIPT_UPPER = 1 << 8, /**< overlayfs: from the container's own layer */
	EVENT_EXE_SCRIPT = 1 << 9,       /**< a script was started; what runs is its interpreter */
	/** its standard input is a connection by IPv4 or IPv6 */
	EVENT_EXE_INPUT_NETWORK = 1 << 10,
	/** overlayfs: its standard input is a file from the container's own layer */
	EVENT_EXE_INPUT_UPPER = 1 << 11,
};

/** What a process is from this exec on. */
struct event_exec {
	struct process_key parent;
	str comm;     /**< at most 15 bytes */
	str exe_path; /**< of the file that runs, resolved, as the process's root sees it; "memfd:NAME" of one in memory */
	str args;     /**< argv with its NULs, argv[0] first; cut when EVENT_TRUNCATED */
	str env;      /**< with NULs; empty unless asked for */
	str cwd;
	uint64_t exe_inode;
	uint64_t exe_ctime_ns, exe_mtime_ns; /**< CLOCK_REALTIME */
	uint32_t exe_device;
	uint32_t exe_flags;   /**< enum event_exe_flag */
	uint32_t user, group; /**< effective */
	uint32_t real_user, real_group;
	uint32_t login_user;               /**< audit's; UINT32_MAX: none */
	uint32_t tty;                      /**< device number; 0: none */
	uint32_t vpid, vppid, vpgid, vsid; /**< in the process's own pid namespace */
	uint32_t pgid, sid;
	uint64_t pid_ns, mnt_ns, net_ns, user_ns; /**< inode numbers */
	struct event_caps caps;
};

/** What a descriptor leads to. Values are fd.typechar's. */
enum event_fd_kind {
	EVENT_FD_NONE = 0,
	EVENT_FD_FILE = 'f',
	EVENT_FD_DIRECTORY = 'd',
	EVENT_FD_IPV4 = '4',
	EVENT_FD_IPV6 = '6',
	EVENT_FD_UNIX = 'u',
	EVENT_FD_PIPE = 'p',
	EVENT_FD_EVENT = 'e',
	EVENT_FD_SIGNAL = 's',
	EVENT_FD_EPOLL = 'l',
	EVENT_FD_INOTIFY = 'i',
	EVENT_FD_TIMER = 't',
	EVENT_FD_MEMFD = 'm',
	EVENT_FD_BPF = 'b',
	EVENT_FD_USERFAULT = 'u' + 128,
	EVENT_FD_IO_URING = 'r',
	EVENT_FD_OTHER = 'o',
};

/** What an open tells of its file. */
enum event_file_flag {
	EVENT_FILE_SEEN = 1 << 0, /**< the file was at hand: what the others say is known */
	EVENT_FILE_UPPER =
		1 << 1, /**< overlayfs: in the container's own layer, as EVENT_EXE_UPPER */
	EVENT_FILE_LOWER = 1 << 2,   /**< overlayfs: in the image, as EVENT_EXE_LOWER */
	EVENT_FILE_CREATED = 1 << 3, /**< this open made it */
};

/** An address and a port; IPv4 is held as such, in the first four bytes. */
struct event_end {
	uint8_t ip[16];
	uint16_t port; /**< host order */
};

struct event_fd {
	int32_t number;     /**< -1: none, e.g. of a failed open */
	uint16_t kind;      /**< enum event_fd_kind */
	uint8_t protocol;   /**< IPPROTO_*; sockets */
	uint8_t role;       /**< 'c' we connected, 's' we accepted or listen, 0 not known */
	bool connected;     /**< of a send that succeeded: to this end, when it began */
	uint8_t file_flags; /**< enum event_file_flag; opens */
	uint16_t domain;    /**< AF_*; sockets */
	struct event_end local, remote; /**< internet sockets */
	str path;                       /**< files; unix sockets */
	uint64_t inode;
	uint32_t device;
};

/** What a container did in one interval. */
struct event_usage {
	uint32_t interval_ms;
	uint32_t cpu_percent; /**< 100: one processor whole */
	uint32_t forks, execs, threads_now;
	uint32_t opens_write, renames, unlinks;
	uint32_t connects, connects_failed, distinct_ports, distinct_peers;
	uint32_t dns_queries, dns_names, dns_longest;
};

enum event_flag {
	EVENT_TRUNCATED = 1 << 0, /**< a span is shorter than what it stands for */
	/** a span was read from the program's memory before the kernel copied it */
	EVENT_RACY = 1 << 1,
	EVENT_IO_URING = 1 << 2, /**< done by io_uring, not by a system call of this type */
	/** state found when the sensor began, not something that happened now */
	EVENT_REPLAYED = 1 << 3,
};

#define EVENT_MAX_ARGS 4

struct event {
	enum event_type type;
	uint32_t marks;   /**< enum event_flag */
	uint64_t time_ns; /**< CLOCK_REALTIME */
	uint64_t number;  /**< counts events delivered, from 1 */
	struct process_key task;
	uint32_t tid;
	uint32_t cpu;
	uint32_t threads;     /**< of the process, 65,535 at most; 0: not known */
	uint32_t user, group; /**< effective, of the thread, in the first user namespace */
	/** of the default hierarchy, or of the v1 hierarchy the agent follows */
	uint64_t cgroup_id;
	int64_t res; /**< what the call returned; negative: -errno */

	str path,
		path2; /**< resolved and absolute as the process's root sees them; empty: not known */
	str raw, raw2; /**< as the program gave them */
	str text;
	str cwd; /**< where rules ask for it, and not of EXEC: exec has it */
	uint64_t flags;
	uint32_t mode;
	int64_t arg[EVENT_MAX_ARGS];
	struct event_fd fd;
	struct event_caps caps;

	const struct event_exec *exec;   /**< EXEC, and FORK: what the child inherits */
	const struct event_usage *usage; /**< USAGE */
};

#endif

/*
 * What a check tells of the facts the kernel side has. Fields mean what watch/event_target makes of them: fd.name of an
 * open and the paths among the arguments of file events are the event's own paths, resolved or as given.
 */
#include "base/word.h"
#include "policy/kernel_filter_priv.h"
#include "policy/pattern.h"

static const struct filter_clause anything;

struct filter_set filter_any(void)
{
	return (struct filter_set){ &anything, 1 };
}

static int one(struct arena *a, struct filter_clause c, struct filter_set *ret)
{
	struct filter_clause *p = ARENA_NEW(a, struct filter_clause);

	if (!p)
		return -ENOBUFS;
	*p = c;
	*ret = (struct filter_set){ p, 1 };
	return 0;
}

static bool is_file_family(enum event_family f)
{
	switch (f) {
	case EVENT_FAMILY_OPEN:
	case EVENT_FAMILY_RENAME:
	case EVENT_FAMILY_LINK:
	case EVENT_FAMILY_UNLINK:
	case EVENT_FAMILY_RMDIR:
	case EVENT_FAMILY_MKDIR:
	case EVENT_FAMILY_MKNOD:
	case EVENT_FAMILY_CHMOD:
	case EVENT_FAMILY_CHOWN:
	case EVENT_FAMILY_TRUNCATE:
		return true;
	default:
		return false;
	}
}

static bool is_socket_family(enum event_family f)
{
	return f == EVENT_FAMILY_CONNECT || f == EVENT_FAMILY_ACCEPT || f == EVENT_FAMILY_BIND ||
	       f == EVENT_FAMILY_LISTEN || f == EVENT_FAMILY_SEND || f == EVENT_FAMILY_RECV;
}

/* Whether the field is one of the event's paths. */
static bool is_path(const struct policy_ref *ref, enum event_family f)
{
	static const char *const args[] = { "path",     "name",    "filename",
					    "pathname", "oldpath", "newpath" };

	if (f == EVENT_FAMILY_SYMLINK)
		return ref->field == FIELD_FS_PATH_SOURCE || ref->field == FIELD_FS_PATH_TARGET ||
		       ref->field == FIELD_FS_PATH_WRITTEN ||
		       (ref->field == FIELD_EVT_ARG &&
			(str_is(ref->key, "target") || str_is(ref->key, "linkpath")));
	if (!is_file_family(f))
		return false;
	if (ref->field == FIELD_FD_NAME)
		return f == EVENT_FAMILY_OPEN;
	if (ref->field == FIELD_FS_PATH_NAME || ref->field == FIELD_FS_PATH_SOURCE ||
	    ref->field == FIELD_FS_PATH_TARGET || ref->field == FIELD_FS_PATH_WRITTEN)
		return true;
	return ref->field == FIELD_EVT_ARG && WORD_FIND(args, ref->key) >= 0;
}

/* What a symbolic link leads to, which is told as it was given. */
static bool may_be_relative(const struct policy_ref *ref, enum event_family f)
{
	return f == EVENT_FAMILY_SYMLINK && ref->field != FIELD_FS_PATH_SOURCE &&
	       ref->field != FIELD_FS_PATH_WRITTEN &&
	       !(ref->field == FIELD_EVT_ARG && str_is(ref->key, "linkpath"));
}

enum path_part { PART_PATH, PART_DIRECTORY, PART_FILENAME };

/* A weaker test of the path for one text. @return false: none */
static bool path_test(enum condition_operator op, enum path_part part, str text,
		      struct kernel_path *ret)
{
	enum kernel_path_test test;

	switch (op) {
	case CONDITION_EQ:
	case CONDITION_IN:
	case CONDITION_INTERSECTS:
		test = part == PART_PATH        ? KERNEL_PATH_EXACT
		       : part == PART_DIRECTORY ? KERNEL_PATH_DIR
						: KERNEL_PATH_BASENAME;
		break;
	case CONDITION_STARTSWITH:
		test = part == PART_FILENAME ? KERNEL_PATH_CONTAINS : KERNEL_PATH_PREFIX;
		break;
	case CONDITION_ENDSWITH:
		test = part == PART_DIRECTORY ? KERNEL_PATH_CONTAINS : KERNEL_PATH_SUFFIX;
		break;
	case CONDITION_CONTAINS:
		test = KERNEL_PATH_CONTAINS;
		break;
	case CONDITION_PMATCH:
	case CONDITION_GLOB:
		text = pattern_beginning(text);
		test = part == PART_FILENAME ? KERNEL_PATH_CONTAINS : KERNEL_PATH_PREFIX;
		break;
	default:
		return false;
	}
	/* Plain literals of pmatch are whole components; "//" and "." would be compared otherwise here. */
	if (op == CONDITION_PMATCH) {
		if (!str_starts(text, S("/")) || str_search(text, S("//")) < text.n)
			return false;
	}
	if (part == PART_DIRECTORY && str_is(text, "/")) {
		/* Also what a path without any folder is said to be in. */
		*ret = (struct kernel_path){ KERNEL_PATH_TOP, text };
		return test == KERNEL_PATH_DIR;
	}
	if (test == KERNEL_PATH_DIR && (!str_starts(text, S("/")) || str_ends(text, S("/"))))
		return false;
	*ret = (struct kernel_path){ test, text };
	return text.n > 0;
}

static int path_set(const struct program_check *k, enum path_part part, struct arena *a,
		    struct filter_set *ret)
{
	struct kernel_path *paths = ARENA_ARRAY(a, k->text_count, struct kernel_path);

	if (!paths)
		return -ENOBUFS;
	for (size_t i = 0; i < k->text_count; i++) {
		if (!path_test(k->op, part, k->texts[i], &paths[i]))
			return 0;
		if (k->op == CONDITION_PMATCH && !pattern_is_wild(k->texts[i])) {
			while (paths[i].text.n > 1 && str_ends(paths[i].text, S("/")))
				paths[i].text.n--;
			paths[i].test = KERNEL_PATH_DIR;
			if (paths[i].text.n == 1)
				return 0;
		}
	}
	if (!k->text_count)
		return 0;
	return one(a, (struct filter_clause){ .paths = paths, .path_count = k->text_count }, ret);
}

/* Where a file is written: of opens those for writing alone. */
static int written_set(const struct program_check *k, enum event_family f, struct arena *a,
		       struct filter_set *ret)
{
	struct filter_clause c;

	if (path_set(k, PART_PATH, a, ret) < 0)
		return -ENOBUFS;
	if (f != EVENT_FAMILY_OPEN)
		return 0;
	c = ret->clauses[0];
	c.open_modes = 2;
	return one(a, c, ret);
}

static int port_set(const struct program_check *k, struct arena *a, struct filter_set *ret)
{
	uint16_t *ports = ARENA_ARRAY(a, k->number_count, uint16_t);

	if (!ports)
		return -ENOBUFS;
	for (size_t i = 0; i < k->number_count; i++)
		ports[i] = (uint16_t)k->numbers[i];
	return one(a,
		   (struct filter_clause){ .families = KERNEL_INTERNET,
					   .ports = ports,
					   .port_count = k->number_count },
		   ret);
}

/* "contains ../" */
static bool asks_for_climbing(const struct program_check *k)
{
	for (size_t i = 0; i < k->text_count; i++)
		if (str_search(k->texts[i], S("..")) == k->texts[i].n)
			return false;
	return k->op == CONDITION_CONTAINS && k->text_count;
}

/* Whether every text has a byte that no "address:port->address:port" has: such a name is a unix socket's path. */
static bool are_unix_paths(const struct program_check *k)
{
	for (size_t i = 0; i < k->text_count; i++) {
		bool foreign = false;

		for (size_t n = 0; n < k->texts[i].n; n++)
			foreign |= !memchr("0123456789abcdef.:->", k->texts[i].p[n], 20);
		if (!foreign)
			return false;
	}
	return k->text_count > 0;
}

/* Families of addresses a kind of descriptor may have; 0: not told. */
static uint8_t families_of(const struct program_check *k, uint16_t field)
{
	static const struct {
		const char *text;
		uint8_t families;
	} kinds[] = {
		{ "4", KERNEL_INTERNET },    { "6", KERNEL_IPV6 },       { "u", KERNEL_UNIX },
		{ "ipv4", KERNEL_INTERNET }, { "ipv6", KERNEL_IPV6 },    { "unix", KERNEL_UNIX },
		{ "ip", KERNEL_INTERNET },   { "tcp", KERNEL_INTERNET }, { "udp", KERNEL_INTERNET },
		{ "icmp", KERNEL_INTERNET }, { "raw", KERNEL_INTERNET },
	};
	uint8_t all = 0;

	if (field == FIELD_FD_NAME)
		return k->op <= CONDITION_PMATCH && k->op != CONDITION_GLOB &&
				       k->op != CONDITION_ICONTAINS && are_unix_paths(k)
			       ? KERNEL_UNIX
			       : 0;
	if (k->op != CONDITION_EQ && k->op != CONDITION_IN && k->op != CONDITION_INTERSECTS)
		return 0;
	for (size_t i = 0; i < k->text_count; i++) {
		uint8_t found = 0;

		for (size_t n = 0; n < ARRAY_LEN(kinds); n++)
			if (str_is(k->texts[i], kinds[n].text))
				found = kinds[n].families;
		if (!found)
			return 0;
		all |= found;
	}
	return all;
}

static bool is_of_internet(uint16_t field)
{
	return (field >= FIELD_FD_IP && field <= FIELD_FD_RIP_NAME) || field == FIELD_FD_L4PROTO;
}

/* Families for which a check of an address may hold: "not in 127.0.0.0/8" does not where both ends are. */
static uint8_t address_families(const struct program_check *k)
{
	for (size_t i = 0; k->how == CHECK_NETS && k->negate && i < k->text_count; i++)
		if (str_is(k->texts[i], "127.0.0.0/8"))
			return KERNEL_BEYOND;
	return KERNEL_INTERNET;
}

static struct filter_clause result_clause(const struct policy_program *p,
					  const struct program_check *k, uint16_t field)
{
	struct filter_clause c = { 0 };
	uint64_t zero = number_key(0), first = k->number_count ? k->numbers[0] : 0;

	(void)p;
	if (field == FIELD_EVT_RES && k->how == CHECK_BIT) {
		c.failed_only = !check_string(k, S("SUCCESS"));
		c.success_only = !k->negate && k->op != CONDITION_CONTAINS && k->text_count == 1 &&
				 str_is(k->texts[0], "SUCCESS");
	} else if (field == FIELD_EVT_FAILED && k->how == CHECK_NUMBERS && k->number_count == 1) {
		bool wanted = (first != 0) != k->negate;

		c.failed_only = wanted;
		c.success_only = !wanted;
	} else if (k->how == CHECK_COMPARE) {
		c.failed_only = (k->op == CONDITION_LT && first <= zero) ||
				(k->op == CONDITION_LE && first < zero);
		c.success_only = (k->op == CONDITION_GE && first >= zero) ||
				 (k->op == CONDITION_GT && first >= number_key(-1));
	} else if (k->how == CHECK_NUMBERS && !k->negate && k->number_count) {
		c.failed_only = k->numbers[k->number_count - 1] < zero;
		c.success_only = first >= zero;
	}
	return c;
}

/* "field = true", of a boolean field */
static bool asks_for_true(const struct program_check *k)
{
	return k->how == CHECK_NUMBERS && k->number_count == 1 && (k->numbers[0] != 0) != k->negate;
}

/* evt.is_open_...; no set at all where it is false for the whole family. */
static int open_set(const struct program_check *k, enum event_family f, uint8_t mode,
		    struct arena *a, struct filter_set *ret)
{
	if (!asks_for_true(k))
		return 0;
	if (f != EVENT_FAMILY_OPEN) {
		*ret = (struct filter_set){ NULL, 0 };
		return 0;
	}
	return one(a, (struct filter_clause){ .open_modes = mode }, ret);
}

/* "fd.connected = false"; of what is no socket it is neither, so that "!= true" asks for less. */
static bool asks_for_unconnected(const struct program_check *k, uint16_t field)
{
	return field == FIELD_FD_NAME_CHANGED ? asks_for_true(k)
					      : k->how == CHECK_NUMBERS && !k->negate &&
							k->number_count == 1 && k->numbers[0] == 0;
}

static bool names_host(const struct program_check *k)
{
	return check_string(k, S("host"));
}

static int container_set(const struct policy_program *p, const struct program_check *k,
			 uint16_t field, struct arena *a, struct filter_set *ret)
{
	bool only = false;

	(void)p;
	switch (field) {
	case FIELD_CONTAINER_ID:
	case FIELD_CONTAINER_FULL_ID:
	case FIELD_CONTAINER_NAME:
	case FIELD_CONTAINER_TYPE:
		only = k->how == CHECK_BIT && !names_host(k);
		break;
	case FIELD_CONTAINER_INFO:
		break;
	default:
		/* The host has no image, no mounts, no pod: whatever is asked of them, it is not so. */
		only = (field >= FIELD_CONTAINER_IMAGE && field <= FIELD_K8S_CONTAINER_NAME);
	}
	return only ? one(a, (struct filter_clause){ .container_only = true }, ret) : 0;
}

/* Whether events of the family are of who causes them, whose name the kernel side knows. */
static bool has_comm(enum event_family f)
{
	switch (f) {
	case EVENT_FAMILY_DNS: /* packets leave when they can, whoever is at work then */
	case EVENT_FAMILY_CGROUP:
	case EVENT_FAMILY_CONTAINER:
	case EVENT_FAMILY_LOSS:
	case EVENT_FAMILY_USAGE:
	case EVENT_FAMILY_OTHER:
		return false;
	default:
		return true;
	}
}

static int comm_set(const struct program_check *k, struct arena *a, struct filter_set *ret)
{
	return one(a, (struct filter_clause){ .comms = k->texts, .comm_count = k->text_count },
		   ret);
}

static bool is_equal(const struct program_check *k)
{
	return !k->negate &&
	       (k->op == CONDITION_EQ || k->op == CONDITION_IN || k->op == CONDITION_INTERSECTS);
}

/* What a socket is and where it leads. */
static int socket_set(const struct program_check *k, uint16_t field, enum event_family f,
		      struct arena *a, struct filter_set *ret)
{
	uint8_t families;

	if (field == FIELD_FD_CONNECTED || field == FIELD_FD_NAME_CHANGED)
		return f == EVENT_FAMILY_SEND && asks_for_unconnected(k, field)
			       ? one(a, (struct filter_clause){ .unconnected = true }, ret)
			       : 0;
	if (field >= FIELD_FD_PORT && field <= FIELD_FD_RPORT && k->how == CHECK_NUMBERS &&
	    is_equal(k))
		return port_set(k, a, ret);
	if (is_of_internet(field))
		return one(a, (struct filter_clause){ .families = address_families(k) }, ret);
	if (k->negate || (field != FIELD_FD_TYPECHAR && field != FIELD_FD_TYPE &&
			  field != FIELD_FD_SOCKFAMILY && field != FIELD_FD_NAME))
		return 0;
	families = families_of(k, field);
	return families ? one(a, (struct filter_clause){ .families = families }, ret) : 0;
}

int filter_check(const struct policy_program *p, const struct program_check *k, enum event_family f,
		 struct arena *a, struct filter_set *ret)
{
	const struct program_slot *s = &p->slots[k->slot];
	uint16_t field = s->ref.field;
	struct filter_clause c;

	*ret = filter_any();
	if (s->kind != SLOT_FIELD || k->how == CHECK_ONE_OF)
		return 0;
	if (!k->negate && (k->how == CHECK_BIT || k->how == CHECK_PATTERNS)) {
		if (field == FIELD_FS_PATH_WRITTEN && is_path(&s->ref, f))
			return written_set(k, f, a, ret);
		/* pmatch does not mind a path that begins in no folder. */
		if (is_path(&s->ref, f) &&
		    (k->op != CONDITION_PMATCH || !may_be_relative(&s->ref, f)))
			return path_set(k, PART_PATH, a, ret);
		if (field == FIELD_FD_DIRECTORY && f == EVENT_FAMILY_OPEN)
			return path_set(k, PART_DIRECTORY, a, ret);
		if (field == FIELD_FD_FILENAME && f == EVENT_FAMILY_OPEN)
			return path_set(k, PART_FILENAME, a, ret);
		if (field == FIELD_FD_NAMERAW && f == EVENT_FAMILY_OPEN && asks_for_climbing(k))
			return one(a, (struct filter_clause){ .climbs = true }, ret);
		if (field == FIELD_PROC_NAME && has_comm(f) && is_equal(k))
			return comm_set(k, a, ret);
	}
	if (field >= FIELD_CONTAINER_ID && field <= FIELD_K8S_CONTAINER_NAME)
		return container_set(p, k, field, a, ret);
	switch (field) {
	case FIELD_EVT_IS_OPEN_READ:
		return open_set(k, f, 1, a, ret);
	case FIELD_EVT_IS_OPEN_WRITE:
		return open_set(k, f, 2, a, ret);
	case FIELD_EVT_IS_OPEN_EXEC:
		return open_set(k, f, 4, a, ret);
	case FIELD_FD_IS_UPPER_LAYER:
		return f == EVENT_FAMILY_OPEN && asks_for_true(k)
			       ? one(a, (struct filter_clause){ .upper = true }, ret)
			       : 0;
	case FIELD_FD_NUM:
		/* A failed open has no descriptor; without one nothing is said of its result. */
		c = result_clause(p, k, field);
		c.failed_only = false;
		return f == EVENT_FAMILY_OPEN ? one(a, c, ret) : 0;
	case FIELD_EVT_RES:
	case FIELD_EVT_RAWRES:
	case FIELD_EVT_FAILED:
		return one(a, result_clause(p, k, field), ret);
	default:
		break;
	}
	return is_socket_family(f) ? socket_set(k, field, f, a, ret) : 0;
}

/* "not container.id = host" */
int filter_check_not(const struct policy_program *p, const struct program_check *k, struct arena *a,
		     struct filter_set *ret)
{
	const struct program_slot *s = &p->slots[k->slot];

	*ret = filter_any();
	if (s->kind != SLOT_FIELD || s->ref.field != FIELD_CONTAINER_ID || k->how != CHECK_BIT ||
	    !names_host(k))
		return 0;
	return one(a, (struct filter_clause){ .container_only = true }, ret);
}

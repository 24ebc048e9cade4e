#include "policy/event_origin.h"

#include "model/event.h"

static bool is_open(uint16_t type)
{
	return event_type_family((enum event_type)type) == EVENT_FAMILY_OPEN;
}

bool event_origin_has_paths(uint16_t type)
{
	switch (event_type_family((enum event_type)type)) {
	case EVENT_FAMILY_RENAME:
	case EVENT_FAMILY_LINK:
	case EVENT_FAMILY_UNLINK:
	case EVENT_FAMILY_RMDIR:
	case EVENT_FAMILY_MKDIR:
	case EVENT_FAMILY_MKNOD:
		return true;
	default:
		return false;
	}
}

bool event_origin_has_result(uint16_t type)
{
	return event_origin_has_paths(type) ||
	       event_type_family((enum event_type)type) == EVENT_FAMILY_CONNECT;
}

bool event_origin_tells_one(uint16_t field)
{
	return field == FIELD_PROC_VPID;
}

static unsigned int of_argument(uint16_t type, str name)
{
	/* Flags that are in the event itself; those of an exec are its program's. */
	if (is_open(type) || event_type_family((enum event_type)type) == EVENT_FAMILY_FORK)
		return str_is(name, "flags") ? ORIGIN_CALL : 0;
	return event_origin_has_paths(type) && (str_is(name, "path") || str_is(name, "name") ||
						str_is(name, "oldpath") || str_is(name, "newpath"))
		       ? ORIGIN_FILE
		       : 0;
}

/* Of a program that starts: elsewhere they are asked too seldom to be told with each event. */
static unsigned int of_entry(uint16_t type, uint16_t field)
{
	if (event_type_family((enum event_type)type) != EVENT_FAMILY_EXEC)
		return 0;
	switch (field) {
	case FIELD_PROC_IS_CONTAINER_ENTRY:
	case FIELD_PROC_IS_VPGID_LEADER:
	case FIELD_PROC_TTY:
	case FIELD_PROC_VPID:
		return ORIGIN_ENTRY;
	default:
		return 0;
	}
}

static unsigned int of_process(uint16_t field)
{
	switch (field) {
	case FIELD_PROC_NAME:
	case FIELD_PROC_EXE:
	case FIELD_PROC_EXEPATH:
	case FIELD_PROC_CMDLINE:
	case FIELD_PROC_EXELINE:
	case FIELD_PROC_ARGS:
	case FIELD_PROC_NARGS:
	case FIELD_PROC_CMDNARGS:
	case FIELD_PROC_CMDLENARGS:
	case FIELD_PROC_IS_EXE_WRITABLE:
	case FIELD_PROC_IS_EXE_UPPER_LAYER:
	case FIELD_PROC_IS_EXE_LOWER_LAYER:
	case FIELD_PROC_IS_STDIN_NETWORK:
	case FIELD_PROC_IS_STDIN_UPPER_LAYER:
	case FIELD_PROC_IS_SCRIPT:
	case FIELD_PROC_IS_SCRIPT_UPPER_LAYER:
	case FIELD_PROC_IS_EXE_FROM_MEMFD:
	case FIELD_PROC_IS_EXE_DELETED:
	case FIELD_PROC_IS_SETUID:
	case FIELD_PROC_ENV:
		return ORIGIN_PROGRAM;
	case FIELD_PROC_PNAME:
	case FIELD_PROC_PEXE:
	case FIELD_PROC_PEXEPATH:
	case FIELD_PROC_PCMDLINE:
		return ORIGIN_PARENT;
	default:
		return 0;
	}
}

/* All but how long it has run. */
static unsigned int of_container(uint16_t field)
{
	return field >= FIELD_CONTAINER_ID && field <= FIELD_K8S_CONTAINER_NAME &&
			       field != FIELD_CONTAINER_DURATION
		       ? ORIGIN_CONTAINER
		       : 0;
}

unsigned int event_origin_of(uint16_t type, const struct policy_ref *ref)
{
	switch (ref->field) {
	case FIELD_EVT_ARG:
		return of_argument(type, ref->key);
	case FIELD_EVT_RAWRES:
		return event_origin_has_result(type) ? ORIGIN_CALL : 0;
	case FIELD_EVT_RES:
	case FIELD_EVT_FAILED:
	case FIELD_EVT_IS_OPEN_READ:
	case FIELD_EVT_IS_OPEN_WRITE:
	case FIELD_EVT_IS_OPEN_EXEC:
	case FIELD_EVT_IS_OPEN_CREATE:
	case FIELD_EVT_IS_OPEN_CREATED:
	case FIELD_FD_TYPE:
	case FIELD_FD_TYPECHAR:
	case FIELD_FD_L4PROTO:
	case FIELD_FD_SOCKFAMILY:
	case FIELD_FD_CONNECTED:
	case FIELD_FD_NAME_CHANGED:
		return ORIGIN_CALL;
	case FIELD_FD_NAME:
	case FIELD_FD_DIRECTORY:
	case FIELD_FD_FILENAME:
		return ORIGIN_FILE;
	case FIELD_FS_PATH_WRITTEN:
		return is_open(type) || event_origin_has_paths(type) ? ORIGIN_FILE : 0;
	case FIELD_FS_PATH_NAME:
	case FIELD_FS_PATH_SOURCE:
	case FIELD_FS_PATH_TARGET:
		return event_origin_has_paths(type) ? ORIGIN_FILE : 0;
	case FIELD_FD_NAMERAW:
		return is_open(type) ? ORIGIN_FILE : 0;
	case FIELD_FD_IP:
	case FIELD_FD_CIP:
	case FIELD_FD_SIP:
	case FIELD_FD_LIP:
	case FIELD_FD_RIP:
	case FIELD_FD_NET:
	case FIELD_FD_CNET:
	case FIELD_FD_SNET:
	case FIELD_FD_LNET:
	case FIELD_FD_RNET:
	case FIELD_FD_CIP_NAME:
	case FIELD_FD_SIP_NAME:
	case FIELD_FD_LIP_NAME:
	case FIELD_FD_RIP_NAME:
	case FIELD_FD_SPORT:
	case FIELD_FD_RPORT:
		return ORIGIN_ENDS;
	default:
		return of_process(ref->field) | of_container(ref->field) |
		       of_entry(type, ref->field);
	}
}

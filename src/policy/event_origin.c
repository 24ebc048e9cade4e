#include "policy/event_origin.h"

#include "model/event.h"

static bool is_open(uint16_t type)
{
	return event_type_family((enum event_type)type) == EVENT_FAMILY_OPEN;
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
		/* Flags that are in the event itself; those of an exec are its program's. */
		return is_open(type) && str_is(ref->key, "flags") ? ORIGIN_CALL : 0;
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
		return is_open(type) ? ORIGIN_FILE : 0;
	default:
		return of_process(ref->field) | of_container(ref->field);
	}
}

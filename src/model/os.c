#include "model/os.h"

#include "model/field_priv.h"

void os_render(const struct os *o, struct json_out *j)
{
	json_object_open(j);
#define OS_OUT(field, key) json_opt_str(j, key, o->field);
	OS_FIELDS(OS_OUT)
#undef OS_OUT
	json_object_close(j);
}

int os_parse(const struct value *v, struct arena *a, struct os *ret, struct err *e)
{
	struct fields f = fields_of(v, "operating system", a, e);
	struct os o = { 0 };

#define OS_IN(field, key) field_str(&f, key, &o.field);
	OS_FIELDS(OS_IN)
#undef OS_IN
	if (!f.error)
		*ret = o;
	return f.error;
}

#include "console/notify/receiver_kind.h"

static const struct receiver_kind *const kinds[] = {
	&receiver_kind_syslog,
	&receiver_kind_webhook,
};

const struct receiver_kind *const *receiver_kinds(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(kinds);
	return kinds;
}

const struct receiver_kind *receiver_kind_find(str name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_is(name, kinds[i]->name))
			return kinds[i];
	return NULL;
}

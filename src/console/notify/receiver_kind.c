#include "console/notify/receiver_kind.h"

static const struct receiver_kind *const kinds[] = {
	&receiver_kind_syslog,        &receiver_kind_webhook,  &receiver_kind_slack,
	&receiver_kind_teams,         &receiver_kind_dingtalk, &receiver_kind_feishu,
	&receiver_kind_wecom,         &receiver_kind_mail,     &receiver_kind_kafka,
	&receiver_kind_elasticsearch, &receiver_kind_splunk,   &receiver_kind_alertmanager,
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

#include <stdio.h>

#include "console/server/server.h"

int server_open_notify(struct server *s, struct err *e)
{
	struct notify_service_options o = { .where = s->where,
					    .series = s->series,
					    .watch = store_health_watch(s->health),
					    .state = s->o->state,
					    .allow = s->o->notify_allow,
					    .console = s->address,
					    .say = s->o->say,
					    .ctx = s->o->ctx };
	char host[256] = "localhost";
	int r;

	if (s->o->names && s->o->names[0])
		snprintf(host, sizeof(host), "%s", s->o->names[0]);
	else if (gethostname(host, sizeof(host) - 1) < 0)
		snprintf(host, sizeof(host), "localhost");
	snprintf(s->address, sizeof(s->address), "http%s://%s:%u", s->o->plain ? "" : "s", host,
		 http_server_port(s->http));
	r = notify_service_new(&o, &s->notify, e);
	s->api.notify = s->notify;
	return r;
}

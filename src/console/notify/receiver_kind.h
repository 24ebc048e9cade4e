/** @file
 * The kinds of receivers: one file each (chat rooms share one), and one entry in receiver_kind.c.
 */
#ifndef SKEP_CONSOLE_NOTIFY_RECEIVER_KIND_H
#define SKEP_CONSOLE_NOTIFY_RECEIVER_KIND_H

#include "console/notify/receiver.h"

extern const struct receiver_kind receiver_kind_syslog;
extern const struct receiver_kind receiver_kind_webhook;
extern const struct receiver_kind receiver_kind_slack;
extern const struct receiver_kind receiver_kind_teams;
extern const struct receiver_kind receiver_kind_dingtalk;
extern const struct receiver_kind receiver_kind_feishu;
extern const struct receiver_kind receiver_kind_wecom;
extern const struct receiver_kind receiver_kind_mail;
extern const struct receiver_kind receiver_kind_kafka;
extern const struct receiver_kind receiver_kind_elasticsearch;
extern const struct receiver_kind receiver_kind_splunk;
extern const struct receiver_kind receiver_kind_alertmanager;

#endif

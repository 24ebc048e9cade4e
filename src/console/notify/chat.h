/** @file
 * Cards as the messages chat rooms take. Values stand in fields that are shown as they are (plain_text, TextRun, text): no
 * name can become a link, a mention of everybody or markup. Lengths keep to what each service takes.
 *
 * Slack: incoming webhooks, Block Kit. Teams: workflow webhooks, Adaptive Card 1.4. DingTalk, Feishu, WeCom: group robots;
 * the first two sign with a secret.
 */
#ifndef SKEP_CONSOLE_NOTIFY_CHAT_H
#define SKEP_CONSOLE_NOTIFY_CHAT_H

#include "console/notify/card.h"

void chat_render_slack(const struct card *c, enum alert_priority p, struct buf *out);
void chat_render_teams(const struct card *c, enum alert_priority p, struct buf *out);
void chat_render_dingtalk(const struct card *c, struct buf *out);
void chat_render_wecom(const struct card *c, struct buf *out);
/** @param secret empty: not signed @param now_s seconds since 1970 */
void chat_render_feishu(const struct card *c, enum alert_priority p, str secret, uint64_t now_s,
			struct buf *out);
/** Appends "&timestamp=...&sign=..." for DingTalk's address. @param now_ms since 1970 */
void chat_sign_dingtalk(str secret, uint64_t now_ms, struct buf *out);

#endif

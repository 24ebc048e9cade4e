/** @file
 * Notices as other programs take them: JSON lists, Elasticsearch and OpenSearch bulk, Splunk's HTTP event collector,
 * Alertmanager. And what their answers say.
 */
#ifndef SKEP_CONSOLE_NOTIFY_FEED_H
#define SKEP_CONSOLE_NOTIFY_FEED_H

#include "wire/outbox.h"
#include "console/notify/notice.h"

/** A JSON array of notice_json(); one object without brackets when @p one and there is one. */
void feed_render_json(const struct notice *list, size_t count, bool one, struct buf *out);
/**
 * Bulk actions that create documents, their ids the alerts': told twice, they are there once.
 * @param index plain text
 */
void feed_render_bulk(const struct notice *list, size_t count, str index, struct buf *out);
/** @param index, sourcetype  left out when empty */
void feed_render_hec(const struct notice *list, size_t count, str index, str sourcetype,
		     struct buf *out);
/** @param now_ns alerts end @p lasting_s after it unless they are told again */
void feed_render_alertmanager(const struct notice *list, size_t count, const char *console,
			      enum lang lang, uint64_t now_ns, unsigned int lasting_s,
			      struct buf *out);
/** "sha256=" and the digits of HMAC-SHA256 over "TIME.BODY". */
void feed_sign(str secret, uint64_t now_s, str body, struct buf *out);

#define FEED_REASON_BYTES 120

/**
 * What an answer that is no success says went wrong, on one line, in the words of whoever answered: the members in which servers put them, or
 * a line of plain text.
 *
 * @param ret empty: nothing that people could read
 */
void feed_reason(str answer, struct arena *a, char ret[FEED_REASON_BYTES]);

/*
 * What answers say that their status does not. A status that says all leaves @p ret as it is. What somebody may put right, a token, an
 * index, a full disk, is to be told again: only what the document is to blame for is given up.
 */

/** Of the bulk API: each document is told, there already, to be told again, or never taken. */
void feed_judge_bulk(int status, str answer, struct arena *a, struct outbox_result *ret);
/** Of Splunk's collector: {"text": ..., "code": N}. */
void feed_judge_hec(int status, str answer, struct arena *a, struct outbox_result *ret);
/**
 * Of a group robot: {"errcode": N, "errmsg": ...} or {"code": N, "msg": ...}; 0 is success. Of a 400
 * only what says "too fast" is to be told again: what else robots refuse so would stand before all that comes after it.
 * @param busy codes that mean "too fast", ended by 0
 */
void feed_judge_robot(int status, str answer, const int64_t *busy, struct arena *a,
		      struct outbox_result *ret);

#endif
